// How much of the runtime's speed does the whole path keep? `node bench/end-to-end.ts --data FILE`
// starts a stack, streams texts through Kafka, `winnow stream` and ClickHouse, and runs the same
// texts through a bare onnxruntime-node loop, in alternating rounds on the same cores. Findings:
// bench/RESULTS.md.
import type { ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { loadConfig } from '../configs/load.ts'
import { stackStatus } from '../infra/local/stack-status.ts'
import { cleanText } from '../models/cleaning/clean-text.ts'
import { loadTokenizer } from '../models/tokenizers/tokenizer.ts'
import { openBareLoop } from './bare-loop.ts'
import { median, peakRss, readTexts, spreadOf } from './measuring.ts'
import { eventOf, openStream, trainBenchModel, withStack, type BenchStack } from './streaming.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    texts: { type: 'string', default: '4000' },
    rounds: { type: 'string', default: '3' },
    'max-tokens': { type: 'string', default: '128' },
  },
})
if (values.data === undefined) throw new Error('give --data FILE.jsonl[.gz]')
const maxTokens = Number(values['max-tokens'])
const workers = availableParallelism()

const texts = await readTexts(values.data, Number(values.texts))
await withStack(compare)

async function compare(stack: BenchStack): Promise<void> {
  const modelDir = await trainBenchModel(stack.storeDir, maxTokens)
  const batches = await bareBatches(join(modelDir, 'tokenizer.json'))
  const bare = await openBareLoop(
    { modelPath: join(modelDir, 'model.onnx'), interface: 'winnow', batches },
    workers,
  )
  const stream = await openStream(stack)
  const passTexts = async (prefix: string, batch: readonly string[]): Promise<number> => {
    const startMs = performance.now()
    await stream.send(batch.map((text, index) => eventOf(`${prefix}-${index}`, text)))
    await stream.rowsArrived(prefix, batch.length)
    return (performance.now() - startMs) / 1_000
  }
  await passTexts('warm', texts.slice(0, 200))
  const rounds: { stream: number; bare: number }[] = []
  for (let round = 0; round < Number(values.rounds); round++) {
    const startMs = performance.now()
    await bare.round()
    const bareSeconds = (performance.now() - startMs) / 1_000
    rounds.push({ bare: bareSeconds, stream: await passTexts(`round${round}`, texts) })
  }
  const peaks = await peakMemory(stream.process, stack.stateDir)
  const [streamed] = await stream.analytics.rows<{ waste: number; textsPerBatch: number }>(
    `SELECT 1 - sum(tokens) / sum(padded_tokens) AS waste, sum(size) / count() AS textsPerBatch
     FROM inference_batches`,
  )
  await Promise.all([stream.close(), bare.close()])
  const ratios = rounds.map((round) => round.bare / round.stream)
  const report = {
    texts: texts.length,
    textsPerSecond: texts.length / median(rounds.map((round) => round.stream)),
    bareTextsPerSecond: texts.length / median(rounds.map((round) => round.bare)),
    ratioToBare: spreadOf(ratios),
    paddingWaste: streamed?.waste,
    textsPerBatch: streamed?.textsPerBatch,
    bareTextsPerBatch: texts.length / batches.length,
    peakRssMiB: peaks,
  }
  console.log(JSON.stringify(report, undefined, 2))
}

/** The rival's batches: all texts sorted by length, up to the same budget per batch. */
async function bareBatches(tokenizerPath: string) {
  const { inference, cleaning } = loadConfig({ env: {} })
  const { batchTokens = 512, batchTextsMax = 64 } = inference
  const tokenizer = loadTokenizer({ json: await readFile(tokenizerPath) })
  const byLength = new Map<number, Int32Array[]>()
  for (const text of texts) {
    const { ids } = tokenizer.encode(cleanText(text, cleaning.steps), { maxTokens })
    byLength.set(ids.length, [...(byLength.get(ids.length) ?? []), ids])
  }
  return [...byLength].flatMap(([tokens, members]) => {
    const size = Math.max(1, Math.min(batchTextsMax, Math.floor(batchTokens / tokens)))
    const batches: { ids: Int32Array; batch: number; tokens: number }[] = []
    for (let at = 0; at < members.length; at += size) {
      const group = members.slice(at, at + size)
      const ids = new Int32Array(group.length * tokens)
      for (const [index, member] of group.entries()) ids.set(member, index * tokens)
      batches.push({ ids, batch: group.length, tokens })
    }
    return batches
  })
}

async function peakMemory(stream: ChildProcess, stateDir: string): Promise<Record<string, number>> {
  const services = await stackStatus({ stateDir })
  const pids = [['stream', stream.pid!], ...services.map((one) => [one.name, one.pid!])] as const
  return Object.fromEntries(
    pids.map(([name, pid]) => [name, Math.round(peakRss(pid as number) / 2 ** 20)]),
  )
}
