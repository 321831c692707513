// The package as a library, imported by its entry: each function does what the command does, with
// typed results, codes of errors, signals and progress. No server is used.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  classify,
  crossValidate,
  evaluate,
  explain,
  openClassifier,
  openStore,
  query,
  readDataset,
  train,
  tune,
  WinnowError,
  type LabelledText,
  type Trained,
  type TrainProgress,
} from '../index.ts'
import { resolveContext } from '../library/context.ts'
import { fetchBase } from '../library/fetch-base.ts'
import { letterText, writeTinyBase } from './support/tiny-base.ts'

let dir: string
let here: { storeDir: string; stateDir: string; settings: Record<string, unknown> }
let trained: Trained
const progress: TrainProgress['kind'][] = []
const texts = (from: number, count: number): LabelledText[] =>
  Array.from({ length: count }, (_, at) => letterText(from + at))

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-library-'))
  here = {
    storeDir: join(dir, 'models'),
    stateDir: join(dir, 'state'),
    settings: { 'inference.workers': 1, 'clickhouse.url': 'http://127.0.0.1:9' },
  }
  const folder = join(dir, 'tiny')
  await writeTinyBase(folder)
  await fetchBase('tiny', { context: await resolveContext(here), from: folder })
  trained = await train({
    ...here,
    data: texts(0, 90),
    test: texts(90, 30),
    name: 'letters',
    base: 'tiny',
    onProgress: ({ kind }) => progress.push(kind),
  })
}, 60_000)
afterAll(() => rm(dir, { recursive: true, force: true }))

describe('train', () => {
  it('makes a version from texts in memory and tells how far it is', () => {
    expect(trained).toMatchObject({ model: 'letters@1', method: 'head', examples: 90 })
    expect(trained.labels).toEqual(['a', 'b', 'c'])
    expect(trained.metrics.accuracy).toBeGreaterThan(0.7)
    expect(new Set(progress)).toEqual(new Set(['embedding', 'fitting', 'reporting', 'publishing']))
  })

  it('takes files, and continues nothing that is not there', async () => {
    const data = join(dir, 'letters.jsonl')
    const lines = texts(0, 90).map((one) => JSON.stringify(one))
    await writeFile(data, lines.join('\n'))
    const notes: string[] = []
    const again = await train({
      ...here,
      data,
      name: 'from-file',
      base: 'tiny',
      onNote: (line) => notes.push(line),
    })
    expect(again.dataManifest.train.sha256).toBe(trained.dataManifest.train.sha256)
    expect(notes[0]).toMatch(/letters\.jsonl: read as/)
    const missing = train({ ...here, data, name: 'x', base: 'tiny', method: 'full', resume: 'no' })
    await expect(missing).rejects.toMatchObject({ code: 'resume_refused' })
  })

  it('refuses wrong options before it reads, and stops at an abort', async () => {
    const wrong = { ...here, data: 'no.jsonl', name: 'x', base: 'tiny' } as const
    const unused = train({ ...wrong, epochs: 3 })
    await expect(unused).rejects.toMatchObject({ code: 'usage' })
    await expect(train({ ...wrong, base: 'no' })).rejects.toMatchObject({ code: 'base_not_found' })
    await expect(train(wrong)).rejects.toMatchObject({ code: 'dataset_invalid' })
    const setting = train({ ...wrong, settings: { 'inference.workers': -1 } })
    await expect(setting).rejects.toThrow(
      'inference.workers is -1 (set by the option settings): must be at least 0',
    )
    const signal = AbortSignal.abort()
    const stopped = train({ ...here, data: texts(0, 30), name: 'x', base: 'tiny', signal })
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' })
  })
})

describe('a trained model', () => {
  it('labels texts in their order, empty ones included', async () => {
    const results = await classify({ ...here, model: 'letters', texts: ['a a d', ' ', 'b b d'] })
    expect(results).toMatchObject([
      { id: '1', label: 'a' },
      { id: '2', error: { code: 'text_empty' } },
      { id: '3', label: 'b' },
    ])
  })

  it('stays open for many texts until it is closed', async () => {
    const classifier = await openClassifier({ ...here, model: 'letters@1' })
    expect(classifier).toMatchObject({ model: 'letters@1', labels: ['a', 'b', 'c'] })
    const { label, probabilities } = await classifier.classify('c c e')
    expect(label).toBe('c')
    expect(Object.keys(probabilities)).toEqual(['a', 'b', 'c'])
    await expect(classifier.classify(' ')).rejects.toMatchObject({ code: 'usage' })
    await classifier[Symbol.asyncDispose]()
  })

  it('is measured and explained', async () => {
    const data = await readDataset(texts(90, 30), here)
    const evaluation = await evaluate({ ...here, model: 'letters', data })
    expect(evaluation).toMatchObject({ model: 'letters@1', examples: 30 })
    expect(evaluation.accuracy).toBe(trained.metrics.accuracy)
    const { words, label } = await explain({ ...here, model: 'letters', text: 'a a d' })
    expect(label).toBe('a')
    expect(words.map(({ text, start, end }) => [text, start, end])).toEqual([
      ['a', 0, 1],
      ['a', 2, 3],
      ['d', 4, 5],
    ])
  })
})

describe('crossValidate', () => {
  it('measures the recipe and gives the predictions of each text', async () => {
    const data = texts(0, 60)
    const result = await crossValidate({ ...here, data, base: 'tiny', folds: 3 })
    expect(result.folds).toHaveLength(3)
    expect(result.model).toBeNull()
    expect(result.mean['accuracy']).toBeGreaterThan(0.8)
    expect(result.predictions.map(({ index }) => index).sort((a, b) => a - b)).toEqual([
      ...Array(result.examples).keys(),
    ])
  })
})

describe('tune', () => {
  it('tells its trials, trains the winner, and keeps the metrics of the model', async () => {
    const trials: number[] = []
    const tuned = await tune({
      ...here,
      data: texts(0, 60),
      name: 'tuned',
      base: 'tiny',
      trials: 2,
      onProgress(progress) {
        if (progress.kind === 'trial-ended') trials.push(progress.trial.number)
      },
    })
    expect(trials).toEqual([0, 1])
    expect(tuned).toMatchObject({ model: 'tuned@1', metric: 'macro_f1' })
    expect(tuned.metrics.macroF1).toBeGreaterThan(0)
    const course = join(here.storeDir, 'runs', tuned.run, 'progress.jsonl')
    const before = await readFile(course, 'utf8')
    const study = { data: texts(0, 60), name: 'tuned', base: 'tiny' }
    const again = tune({ ...here, ...study, resume: tuned.run })
    await expect(again).rejects.toMatchObject({
      code: 'resume_refused',
      message: expect.stringContaining('is finished; its winner is tuned@1') as string,
    })
    expect(await readFile(course, 'utf8'), 'a refusal is no part of the run').toBe(before)
    const twice = tune({ ...here, data: texts(0, 9), name: 'x', metric: ['accuracy', 'accuracy'] })
    await expect(twice).rejects.toMatchObject({ code: 'usage' })
  }, 90_000)
})

describe('openStore', () => {
  it('lists versions and runs, and finds one of each', async () => {
    const store = await openStore(here)
    const [version] = await store.versions({ name: 'letters' })
    expect(version).toMatchObject({ name: 'letters', version: '1', state: 'readable' })
    expect(await store.version('letters')).toMatchObject({ ref: 'letters@1' })
    const runs = await store.runs({ kind: 'train' })
    expect(runs.map(({ name }) => name)).toContain('letters')
    expect(await store.run(trained.run)).toMatchObject({ run: trained.run, model: 'letters@1' })
    const two = await store.runs({ name: 'from-file' })
    const comparison = await store.compareRuns(trained.run, two[0]!.run)
    expect(comparison.data.train).toBe('same')
    await expect(store.run('no')).rejects.toThrow(WinnowError)
  })
})

describe('query', () => {
  it('says that ClickHouse does not answer', async () => {
    await expect(query('SELECT 1', here)).rejects.toMatchObject({
      code: 'analytics_unavailable',
      retryable: true,
    })
  })
})
