// The parts of a cold start, one after another in one process; bench/cold-start.ts starts it with a
// store. Each part prints a line of JSON. In service some parts overlap; see there.
import { readFile } from 'node:fs/promises'
import { enableCodeCache } from '../configs/code-cache.ts'

const storeDir = process.argv[2] ?? ''
let sinceMs = 0
let cpuUsed = { user: 0, system: 0 }

/** Prints what was used since the previous part. */
function lap(part: string): void {
  const nowMs = performance.now()
  const used = process.cpuUsage()
  const cpuMs = (used.user + used.system - cpuUsed.user - cpuUsed.system) / 1_000
  const line = { part, wallMs: Math.round(nowMs - sinceMs), cpuMs: Math.round(cpuMs) }
  process.stdout.write(`${JSON.stringify(line)}\n`)
  sinceMs = nowMs
  cpuUsed = used
}

enableCodeCache()
// The clock of a process starts with the process.
lap('boot')
const { startSpareThreads } = await import('../models/inference/session-thread.ts')
await import('../commands/events/classify.ts')
lap('modules')
const { openContext } = await import('../commands/command-context.ts')
await openContext({})
lap('configuration')
const { openVersion } = await import('../models/store/version-store.ts')
const version = await openVersion({ ref: 'bench', storeDir })
lap('manifest and hashes')
const { loadTokenizer } = await import('../models/tokenizers/tokenizer.ts')
const tokenizer = loadTokenizer({ json: await readFile(version.tokenizerPath) })
lap('tokenizer')
const { readMappedModel } = await import('../models/graph/weights/mapped-weights.ts')
readMappedModel(version.modelPath)
lap('mapping of weights')
const spares = startSpareThreads()
const { openClassifier } = await import('../models/inference/classifier.ts')
const classifier = await openClassifier({
  modelPath: version.modelPath,
  labels: version.manifest.labels,
  tokenizer,
  maxTokens: version.manifest.maxTokens,
  workers: 1,
  spawn: spares.spawn,
})
lap('thread, runtime and session')
await classifier.classify(classifier.tokenize('where is my parcel?').ids)
lap('first text')
await classifier.close()
