// What does a further model over one encoder cost? `node bench/heads.ts --data FILE` classifies the
// same texts with 1, 2, 4 and 8 heads of 64 labels over one pass, as the infer stage does, in
// alternating rounds. Findings: bench/RESULTS.md.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { modelStoreDir } from '../configs/paths.ts'
import { openBase } from '../models/bases/base-store.ts'
import { buildClassifier, embeddingWidth } from '../models/graph/encoder.ts'
import { layOutWeights, writeWeights } from '../models/graph/onnx/external-weights.ts'
import { readOnnx } from '../models/graph/onnx/onnx-reader.ts'
import { writeOnnx } from '../models/graph/onnx/onnx-writer.ts'
import { readBertWeights } from '../models/graph/weights/bert-weights.ts'
import { SharedEncoders } from '../models/inference/shared-encoders.ts'
import { shareTokenizers } from '../models/inference/shared-tokenizers.ts'
import { openVersionModel } from '../models/inference/version-model.ts'
import { LoopTurns } from '../models/runtime/sliced-work.ts'
import { seededRandom } from '../models/runtime/seeded-random.ts'
import { weightsFileName, type ModelVersion } from '../models/store/version-files.ts'
import { writeVersion } from '../models/store/version-store.ts'
import { lineageOf, type KafkaRecord } from '../schemas/record.ts'
import { BoundTokens } from '../streams/stages/bound-tokens.ts'
import type { ModelPort } from '../streams/stages/infer.ts'
import { inferModels } from '../streams/stages/infer-models.ts'
import { tokenizeEvent } from '../streams/stages/tokenize.ts'
import { readTexts, spreadOf, stopwatch } from './measuring.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    texts: { type: 'string', default: '512' },
    rounds: { type: 'string', default: '7' },
    base: { type: 'string', default: 'minilm-l6' },
  },
})
if (values.data === undefined) throw new Error('give --data FILE.jsonl[.gz]')
const counts = [1, 2, 4, 8]
const labelCount = 64
const chunkEvents = 128
/** What `train --method head` pools by default, which makes the widest heads. */
const pooledLayers = 'every'

const readTokenizer = shareTokenizers()

const storeDir = await mkdtemp(join(tmpdir(), 'winnow-heads-'))
try {
  await compare(await readTexts(values.data, Number(values.texts)))
} finally {
  await rm(storeDir, { recursive: true })
}

async function compare(texts: readonly string[]): Promise<void> {
  const versions = await writeHeads()
  const pace = new Map<number | 'alone', number[]>()
  let tokens = 0
  for (let round = 0; round <= Number(values.rounds); round++) {
    const order = round % 2 === 0 ? counts : counts.toReversed()
    for (const heads of ['alone' as const, ...order]) {
      const spent = await classify(texts, versions.slice(0, heads === 'alone' ? 1 : heads), {
        encoders: heads === 'alone' ? undefined : new SharedEncoders(),
      })
      tokens = spent.tokens
      // The first round warms up.
      if (round > 0) pace.set(heads, [...(pace.get(heads) ?? []), spent.cpuSeconds])
    }
  }
  const one = pace.get(1)!
  const found = [...pace].map(([heads, seconds]) => ({
    heads,
    cpuMsPerText: spreadOf(seconds.map((cpu) => (cpu * 1_000) / texts.length)),
    ratio: spreadOf(seconds.map((cpu, round) => cpu / one[round]!)),
  }))
  console.log(
    JSON.stringify({ texts: texts.length, tokens, labels: labelCount, found }, undefined, 2),
  )
}

/** Eight models over the base encoder, with made-up heads. */
async function writeHeads(): Promise<ModelVersion[]> {
  const base = await openBase({ name: values.base, storeDir: modelStoreDir() })
  const encoder = readBertWeights(readOnnx(await readFile(base.modelPath)))
  const random = seededRandom(1)
  const numbers = (length: number) =>
    Float32Array.from({ length }, () => random.uint32() / 2 ** 32 - 0.5)
  const labels = Array.from({ length: labelCount }, (_, label) => `label ${label}`)
  const versions: ModelVersion[] = []
  for (let head = 0; head < Math.max(...counts); head++) {
    const hidden = embeddingWidth(encoder, { pooledLayers })
    const weight = numbers(hidden * labelCount)
    const graph = buildClassifier(
      encoder,
      { from: hidden, to: labelCount, weight, bias: numbers(labelCount) },
      { padding: 'exact', normalize: true, pooledLayers },
    )
    const weights = layOutWeights(graph, (name) => !name.startsWith('head/'))
    const weightsPath = join(storeDir, 'weights')
    await writeWeights(weightsPath, weights)
    const name = `head-${head}`
    versions.push(
      await writeVersion({
        storeDir,
        name,
        manifest: {
          ...{ labels, base: values.base, method: 'head', precision: 'fp32', maxTokens: 256 },
          ...{ pooling: 'layer-means', hidden, metrics: {}, trainingRun: 'none' },
        },
        model: {
          bytes: writeOnnx(graph, { name, weights: { ...weights, location: weightsFileName } }),
        },
        weights: { path: weightsPath },
        tokenizer: { bytes: await readFile(base.tokenizerPath) },
      }),
    )
  }
  return versions
}

/** Classifies all texts with all models; returns the processor time, loading aside. */
async function classify(
  texts: readonly string[],
  versions: readonly ModelVersion[],
  { encoders }: { encoders: SharedEncoders | undefined },
): Promise<{ cpuSeconds: number; tokens: number }> {
  const opened = []
  for (const version of versions) {
    opened.push({
      version,
      ...(await openVersionModel({ version, encoders, readTokenizer, workers: 1 })),
    })
  }
  const ports = opened.map(({ version, classifier, tokenizer }): ModelPort => ({
    ...{ name: version.name, version: version.version, role: 'champion' },
    ...{ labels: classifier.labels, maxTokens: version.manifest.maxTokens, tokenizer },
    classifyWhenRoom: (ids) => classifier.classifyWhenRoom(ids),
  }))
  const turns = new LoopTurns()
  const tokenBound = new BoundTokens(turns)
  const options = {
    topLabels: 5,
    nowMs: () => Date.now(),
    tokens: tokenBound,
    onChallenge: () => undefined,
  }
  const spent = stopwatch()
  let tokens = 0
  for (let from = 0; from < texts.length; from += chunkEvents) {
    const chunk = []
    for (const [at, text] of texts.slice(from, from + chunkEvents).entries()) {
      const record = recordOf(from + at)
      const event = { ...eventOf(record, text) }
      const outcome = await turns.run(tokenizeEvent(event, ports[0]!.tokenizer, 256))
      if (outcome.kind === 'ok') tokens += outcome.value.ids.length
      chunk.push({ record, ...lineageOf(record), stage: 'tokenize', outcome })
    }
    await inferModels(
      chunk,
      ports.map((champion) => ({ champion })),
      options,
    )
  }
  const { cpuSeconds } = spent()
  for (const { classifier } of opened) await classifier.close()
  return { cpuSeconds, tokens }
}

function recordOf(offset: number): KafkaRecord {
  return {
    ...{ topic: 'bench', partition: 0, offset, recordTimeMs: 0, key: null, value: null },
  } as KafkaRecord
}

function eventOf({ topic, partition, offset, recordTimeMs }: KafkaRecord, text: string) {
  return {
    ...{ topic, partition, offset, recordTimeMs, id: `e-${offset}`, text, source: '' },
    ...{ eventTimeMs: 0, attributes: {}, knownLabel: null },
  }
}
