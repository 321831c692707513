// What does int8 gain, and what does it change? `node bench/int8.ts --model REF --int8 REF --data FILE
// [--texts N]` classifies the same labelled texts with a version and with its int8 version in
// alternating rounds. Findings: bench/RESULTS.md.
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { createGunzip } from 'node:zlib'
import { modelStoreDir } from '../configs/paths.ts'
import { openVersionModel } from '../models/inference/version-model.ts'
import type { Classifier } from '../models/inference/classifier.ts'
import { openVersion } from '../models/store/version-store.ts'
import { spreadOf, stopwatch } from './measuring.ts'

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    int8: { type: 'string' },
    data: { type: 'string' },
    texts: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '5' },
    workers: { type: 'string', default: '2' },
    'batch-tokens': { type: 'string' },
  },
})
const { model, int8, data } = values
if (model === undefined || int8 === undefined || data === undefined) {
  throw new Error('Give --model REF, --int8 REF and --data FILE.')
}
const rows = await readRows(data, Number(values.texts))
const texts = rows.map(({ text }) => text)
const workers = Number(values.workers)
const storeDir = modelStoreDir()
const batchTokens =
  values['batch-tokens'] === undefined ? undefined : Number(values['batch-tokens'])
const open = async (ref: string): Promise<Classifier> => {
  const version = await openVersion({ ref, storeDir })
  return (await openVersionModel({ version, workers, batchTokens })).classifier
}
const [fp32, fast] = [await open(model), await open(int8)]
const [exact, rounded] = [await labelsOf(fp32), await labelsOf(fast)]
const ratios: number[] = []
const seconds: { fp32: number; int8: number }[] = []
for (let round = 0; round < Number(values.rounds); round++) {
  const slow = await spent(() => labelsOf(fp32))
  const quick = await spent(() => labelsOf(fast))
  seconds.push({ fp32: slow, int8: quick })
  ratios.push(slow / quick)
}
const stats = fast.stats()
await Promise.all([fp32.close(), fast.close()])
const share = (isCounted: (at: number) => boolean): number =>
  rows.filter((_, at) => isCounted(at)).length / rows.length
console.log(
  JSON.stringify(
    {
      texts: rows.length,
      tokensPerText: stats.tokens / stats.texts,
      cpuSpeedup: spreadOf(ratios),
      cpuSecondsFp32: spreadOf(seconds.map((round) => round.fp32)),
      cpuSecondsInt8: spreadOf(seconds.map((round) => round.int8)),
      agreement: share((at) => exact[at] === rounded[at]),
      accuracyFp32: share((at) => exact[at] === rows[at]!.label),
      accuracyInt8: share((at) => rounded[at] === rows[at]!.label),
    },
    undefined,
    2,
  ),
)

/** Processor seconds of all threads. */
async function spent(work: () => Promise<unknown>): Promise<number> {
  const watch = stopwatch()
  await work()
  return watch().cpuSeconds
}

async function labelsOf(classifier: Classifier): Promise<string[]> {
  const labels: string[] = []
  for await (const { outcome } of classifier.classifyAll(texts)) {
    labels.push(outcome.kind === 'ok' ? outcome.label : '')
  }
  return labels
}

async function readRows(path: string, count: number): Promise<{ text: string; label: string }[]> {
  const bytes = createReadStream(path)
  const input = path.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes
  const read: { text: string; label: string }[] = []
  for await (const line of createInterface({ input })) {
    if (read.length === count) break
    read.push(JSON.parse(line) as { text: string; label: string })
  }
  return read
}
