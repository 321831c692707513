#!/usr/bin/env -S MALLOC_MMAP_THRESHOLD_=262144 node --max-semi-space-size=8
// The command of the published package: runs the built command line. By default the young generation
// of a busy process grows to 128 MB; with 8 MB a half, a stream stays below 500 MB and is no slower.
// glibc returns what it has mapped for itself; its own limit for that rises to 32 MB (mallopt(3)), and the
// weights of models that were swapped would stay behind in pieces.
import { enableCodeCache } from '../dist/configs/code-cache.js'
import { keepFreedMemory } from '../dist/configs/freed-memory.js'

const argv = process.argv.slice(2)
keepFreedMemory(argv)
enableCodeCache()
const { run } = await import('../dist/cli.js')
process.exitCode = await run(argv)
