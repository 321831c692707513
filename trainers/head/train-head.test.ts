// Head training from end to end with the real base encoder: train, publish, evaluate, classify. The
// base comes from the local store, which the test setup fills. What holds for every encoder is
// tested with a small one.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { modelStoreDir } from '../../configs/paths.ts'
import { ensureBase, type Base } from '../../models/bases/base-store.ts'
import { smallBase } from '../../tests/support/small-base.ts'
import { openVersion } from '../../models/store/version-store.ts'
import {
  classifyTexts,
  type ClassifiedLine,
  type ClassifyStats,
} from '../evaluation/classify-file.ts'
import { describeExamples, type Dataset } from '../data/dataset.ts'
import { evaluateModel } from '../evaluation/evaluate-version.ts'
import type { Evaluation } from '../evaluation/evaluation.ts'
import type { FileNote } from '../files/file-rows.ts'
import type { Example } from '../files/source-row.ts'
import { trainHead, type TrainHeadProgress, type TrainedModel } from './train-head.ts'

const setUpMsMax = 120_000
let storeDir: string
let base: Base
let small: Base
let trained: TrainedModel
const progress: TrainHeadProgress[] = []

beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-train-head-'))
  base = await ensureBase({ name: 'minilm-l6', storeDir: modelStoreDir() })
  small = await smallBase(storeDir)
  trained = await trainHead({ ...options(), onProgress: (step) => progress.push(step) })
}, setUpMsMax)
afterAll(() => rm(storeDir, { recursive: true, force: true }))

const openings = ['please', 'could you', 'i want you to', 'hey', 'now', 'kindly']
const requests: Record<string, string[]> = {
  weather: ['tell me if it rains', 'show the forecast', 'say how warm it gets', 'check for snow'],
  music: ['play some jazz', 'skip this song', 'turn up the volume', 'play my favourite album'],
  alarm: ['wake me at seven', 'set an alarm', 'cancel the alarm', 'remind me at noon'],
}
const endings = ['', ' tomorrow', ' at home', ' in berlin', ' again', ' for the party']

/** 432 sentences, or those with one ending, a sixth of them. */
function sentences(ending?: string): Dataset {
  const examples = Object.entries(requests).flatMap(([label, texts]): Example[] =>
    texts.flatMap((text) =>
      openings.flatMap((opening) =>
        endings
          .filter((each) => (ending === undefined ? true : each === ending))
          .map((each) => ({ text: `${opening} ${text}${each}`, label })),
      ),
    ),
  )
  return { examples, manifest: describeExamples('sentences.jsonl', examples) }
}

function options() {
  return { train: sentences(), base, storeDir, name: 'intents', seed: 3, maxTokens: 32, workers: 2 }
}

test('learns, and reports the data that it learned from', async () => {
  expect(trained).toMatchObject({
    model: 'intents@1',
    method: 'head',
    labels: ['alarm', 'music', 'weather'],
    examples: 432,
    metrics: { evaluatedOn: 'cross-validation', examples: 432 },
    dataManifest: { train: { source: 'sentences.jsonl', examples: 432 } },
  })
  expect(trained.metrics.accuracy).toBeGreaterThan(0.98)
  expect(progress.map(({ kind }) => kind)).toContain('fitting')
  expect(progress.at(-1)).toEqual({ kind: 'publishing' })
  const run = JSON.parse(await readFile(join(trained.runDir, 'run.json'), 'utf8'))
  expect(run).toMatchObject({ run: trained.run, model: 'intents@1', parameters: { seed: 3 } })
  const listed = await readFile(join(trained.runDir, 'label-issues.jsonl'), 'utf8')
  expect(listed.split('\n').length - 1).toBe(trained.labelIssues.suspicious)
})

test('writes a complete version with a report', async () => {
  const version = await openVersion({ ref: 'intents', storeDir })
  expect(version.manifest).toMatchObject({
    labels: trained.labels,
    method: 'head',
    base: base.name,
    maxTokens: 32,
    temperature: 1,
    trainingRun: trained.run,
    metrics: { accuracy: trained.metrics.accuracy },
  })
  const report = await readFile(join(version.dir, 'report.html'), 'utf8')
  expect(report.includes('intents')).toBe(true)
  expect(report.includes('title="music → music: 144 of 144"')).toBe(true)
})

test('gives the same graph to the byte for the same data and seed', async () => {
  const twice = { ...options(), base: small, name: 'twice' }
  const [one, again] = [await trainHead(twice), await trainHead(twice)]
  const [first, second] = await Promise.all(
    [one, again].map(({ model }) => openVersion({ ref: model, storeDir })),
  )
  expect(again.model).not.toBe(one.model)
  expect(second!.manifest.graphSha256).toBe(first!.manifest.graphSha256)
})

test('evaluates a test set, with the same scores as the published graph', async () => {
  const test = sentences(' again')
  const measured = await trainHead({ ...options(), base: small, name: 'tested', test })
  expect(measured.metrics).toMatchObject({ evaluatedOn: 'test', examples: test.examples.length })
  const version = await openVersion({ ref: 'tested', storeDir })
  const evaluation = await evaluateModel({ version, dataset: test, seed: 3 })
  expect(evaluation.accuracy).toBe(measured.metrics.accuracy)
  expect(evaluation.logLoss).toBeCloseTo(measured.metrics.logLoss, 5)
  expect(evaluation).toMatchObject({
    confusion: (measured.metrics as Evaluation).confusion,
  })
})

test('publishes a head over every layer with the pooling of every layer', async () => {
  const layers = { pooledLayers: 'every', grid: [10] } as const
  const wide = await trainHead({ ...options(), base: small, name: 'wide', ...layers })
  const { manifest } = await openVersion({ ref: 'wide', storeDir })
  expect(manifest).toMatchObject({
    pooling: 'layer-means',
    hidden: (small.layers + 1) * small.hidden,
  })
  expect(wide.metrics.accuracy).toBeGreaterThan(0.98)
})

test('refuses unknown test labels before it computes anything', async () => {
  const examples = [{ text: 'open the door', label: 'door' }]
  const unseen = { examples, manifest: describeExamples('door.jsonl', examples) }
  const training = trainHead({ ...options(), test: unseen })
  await expect(training).rejects.toMatchObject({
    code: 'dataset_invalid',
    message: expect.stringContaining('"door"'),
  })
})

test('stops when it is aborted, and publishes nothing', async () => {
  const signal = AbortSignal.abort()
  const training = trainHead({ ...options(), base: small, name: 'stopped', signal })
  await expect(training).rejects.toMatchObject({ code: 'cancelled' })
  await expect(openVersion({ ref: 'stopped', storeDir })).rejects.toMatchObject({
    code: 'model_not_found',
  })
})

test('classifies JSON lines and plain lines in order, with statistics', async () => {
  const version = await openVersion({ ref: 'intents', storeDir })
  const classify = async (text: string) => {
    const bytes = async function* () {
      yield Buffer.from(text)
    }
    const lines: ClassifiedLine[] = []
    let stats: ClassifyStats | undefined
    const input = { files: ['-'], access: { stdin: bytes } }
    const notes: string[] = []
    const onNote = (note: FileNote): unknown => notes.push(note.text)
    const onStats = (given: ClassifyStats) => (stats = given)
    for await (const { line } of classifyTexts({
      version,
      ...input,
      workers: 1,
      onStats,
      onNote,
    })) {
      lines.push(line as ClassifiedLine)
    }
    return { lines, stats: stats!, notes }
  }
  const plain = await classify('play some jazz\n\nwake me at seven tomorrow please\r\n')
  expect(plain.lines.map(({ id, label }) => [id, label])).toEqual([
    ['1', 'music'],
    ['3', 'alarm'],
  ])
  expect(plain.stats).toMatchObject({ texts: 2, tokens: 5 + 8 })
  expect(plain.stats.loadSeconds).toBeGreaterThan(0)
  expect(plain.stats.peakRssBytes).toBeGreaterThan(50e6)
  const json = await classify('{"id":"x","text":"play some jazz"}\n{"text":"check for snow"}\n')
  expect(json.lines.map(({ id, label }) => [id, label])).toEqual([
    ['x', 'music'],
    ['2', 'weather'],
  ])
  expect(json.lines[0]).toEqual({ ...plain.lines[0], id: 'x' })
  const { probabilities, score } = json.lines[0]!
  expect(Object.keys(probabilities)).toEqual(trained.labels)
  expect(probabilities['music']).toBe(score)
  expect([plain.notes, json.notes]).toEqual([
    ['stdin: read as plain text, one text per line'],
    ['stdin: read as JSON Lines'],
  ])
  const table = await classify('id,text\n7,"play some\njazz"\n,\n,\u200b\n9,check for snow\n')
  expect(table.lines).toMatchObject([
    { id: '7', label: 'music' },
    { id: '5', error: { code: 'text_empty' } },
    { id: '9', label: 'weather' },
  ])
  const broken = classify('{"text":"play some jazz"}\nplay\n')
  await expect(broken).rejects.toMatchObject({ message: expect.stringContaining('stdin:2') })
})
