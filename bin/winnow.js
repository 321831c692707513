#!/usr/bin/env node
// The command of the published package: runs the built command line.
import { run } from '../dist/cli.js'

process.exitCode = await run(process.argv.slice(2))
