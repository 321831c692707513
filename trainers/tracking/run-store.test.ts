// The runs of a store as files: what each kind of folder is read as, what links runs and versions,
// how damaged and foreign folders appear, and what may be deleted.
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeVersion } from '../../models/store/version-store.ts'
import { spamManifest } from '../../tests/support/version-draft.ts'
import { findRun, readRuns, removeRun, runFiles } from './run-store.ts'
import type { ListedRun, TrackedRun } from './tracked-run.ts'

let storeDir: string
beforeEach(async () => void (storeDir = await mkdtemp(join(tmpdir(), 'winnow-runs-'))))
afterEach(() => rm(storeDir, { recursive: true, force: true }))

const trainRun = '20260131T120000-mail-aaaaaa'
const cvRun = '20260131T130000-cv-bbbbbb'
const tuneRun = '20260131T140000-mail-cccccc'
const winnerRun = '20260131T140500-mail-dddddd'
const startedRun = '20260131T150000-mail-eeeeee'

const sha256 = 'a'.repeat(64)
const manifest = { source: 'mail.jsonl', examples: 90, labels: { ham: 60, spam: 30 }, sha256 }

const trained = (run: string, started: string) => ({
  formatVersion: 1,
  run,
  model: 'mail@1',
  method: 'head',
  base: 'minilm-l6',
  started,
  seconds: 12,
  parameters: { seed: 1, inverseRegularisation: 3 },
  dataManifest: { train: manifest },
  evaluation: {
    examples: 90,
    accuracy: 0.9,
    logLoss: 0.3,
    intervals: { accuracy: { low: 0.85, high: 0.95 } },
    perClass: {},
  },
  evaluatedOn: 'cross-validation',
  measuredOn: 'held-out texts',
  details: {
    trials: [
      { inverseRegularisation: 1, accuracy: 0.8, macroF1: 0.8, logLoss: 0.4 },
      { inverseRegularisation: 3, accuracy: 0.9, macroF1: 0.9, logLoss: 0.3 },
    ],
  },
})

const fold = (number: number) => ({
  repeat: 1,
  fold: number,
  trained: 60,
  tested: 30,
  seconds: 1,
  metrics: { accuracy: 0.8 },
  chosen: { inverseRegularisation: 3 },
})
const crossValidated = {
  formatVersion: 1,
  kind: 'cv',
  run: cvRun,
  method: 'full',
  started: '2026-01-31T13:00:00.000Z',
  seconds: 30,
  parameters: { base: 'minilm-l6', kind: 'full' },
  dataManifest: { train: { ...manifest, task: 'multi-label' } },
  metrics: { measuredOn: 'cross-validation', evaluatedOn: 'cross-validation' },
  mean: { accuracy: 0.8 },
  intervals: { accuracy: { low: 0.7, high: 0.9 } },
  folds: [fold(1), fold(2)],
  foldPlan: { folds: 2, repeats: 1, seed: 7, group: null, byTime: false, sha256: 'b'.repeat(64) },
}

const started = {
  formatVersion: 1,
  run: startedRun,
  name: 'mail',
  started: '2026-01-31T15:00:00.000Z',
  identity: {},
  request: { data: '/texts/mail.jsonl', name: 'mail', method: 'partial', epochs: 3 },
}
const journal = [
  {
    ...started,
    run: tuneRun,
    started: '2026-01-31T14:00:00.000Z',
    method: 'head',
    metric: 'macro_f1',
    sampler: 'tpe',
    seed: 5,
    space: [],
  },
  { kind: 'begun', trial: 0, parameters: { c: 3 } },
  {
    kind: 'ended',
    trial: 0,
    seconds: 2,
    parameters: { c: 3 },
    state: 'complete',
    value: 0.7,
    scores: { accuracy: 0.8, macro_f1: 0.7, log_loss: 0.5 },
  },
  { kind: 'begun', trial: 1, parameters: { c: 9 } },
]
const winner = { kind: 'winner', trial: 0, trainingRun: winnerRun, model: 'mail@1' }

async function writeRun(run: string, files: Readonly<Record<string, unknown>>): Promise<string> {
  const dir = join(storeDir, 'runs', run)
  await mkdir(dir, { recursive: true })
  for (const [name, content] of Object.entries(files)) {
    const text = typeof content === 'string' ? content : JSON.stringify(content)
    await writeFile(join(dir, name), text)
  }
  return dir
}

const lines = (values: readonly unknown[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('')

async function tracked(run: string): Promise<TrackedRun> {
  const found = findRun(await readRuns(storeDir), run)
  if (found.state === 'damaged') throw new Error(found.reason)
  return found
}

const writeTrained = (): Promise<string> =>
  writeRun(trainRun, { 'run.json': trained(trainRun, '2026-01-31T12:00:00.000Z') })

async function writeNamingVersion(run: string): Promise<void> {
  await writeVersion({
    storeDir,
    name: 'mail',
    manifest: { ...spamManifest, trainingRun: run },
    model: { bytes: Buffer.from('model') },
    tokenizer: { bytes: Buffer.from('{}') },
  })
}

describe('readRuns', () => {
  it('is empty for a store without runs', async () => {
    expect(await readRuns(storeDir)).toEqual([])
  })

  it('reads a training run, with the versions that name it', async () => {
    const dir = await writeTrained()
    await writeNamingVersion(trainRun)
    expect(await tracked(trainRun)).toEqual({
      run: trainRun,
      dir,
      state: 'finished',
      kind: 'train',
      name: 'mail',
      method: 'head',
      started: '2026-01-31T12:00:00.000Z',
      seconds: 12,
      parameters: { base: 'minilm-l6', seed: 1, inverseRegularisation: 3 },
      data: { train: { source: 'mail.jsonl', examples: 90, labels: 2, sha256 } },
      task: 'single-label',
      metrics: {
        accuracy: { value: 0.9, interval: { low: 0.85, high: 0.95 } },
        logLoss: { value: 0.3, interval: null },
      },
      mainMetric: 'accuracy',
      measuredOn: 'held-out texts',
      steps: {
        of: 'trial',
        best: '1',
        rows: [
          expect.objectContaining({ step: '0', parameters: { inverseRegularisation: 1 } }),
          expect.objectContaining({
            step: '1',
            metrics: { accuracy: 0.9, macroF1: 0.9, logLoss: 0.3 },
          }),
        ],
      },
      foldsSha256: null,
      model: 'mail@1',
      trainingRun: null,
      environment: null,
      tune: null,
      versions: ['mail@1'],
    })
  })

  it('reads the epochs of a fine-tuning, and prefers the record to the start', async () => {
    const record = {
      ...trained(startedRun, started.started),
      method: 'partial',
      details: { bestEpoch: 2, epochs: [1, 2].map((epoch) => ({ epoch, trainLoss: 1 / epoch })) },
    }
    await writeRun(startedRun, { 'start.json': started, 'run.json': record })
    expect(await tracked(startedRun)).toMatchObject({
      state: 'finished',
      steps: { of: 'epoch', best: '2', rows: [{ step: '1', metrics: { trainLoss: 1 } }, {}] },
    })
  })

  it('reads a cross-validation with its folds as steps and its plan as parameters', async () => {
    await writeRun(cvRun, { 'cv.json': crossValidated })
    const { parameters, ...run } = await tracked(cvRun)
    expect(run).toMatchObject({
      kind: 'cv',
      name: 'cv',
      task: 'multi-label',
      metrics: { accuracy: { value: 0.8, interval: { low: 0.7, high: 0.9 } } },
      steps: { of: 'fold', best: null, rows: [{ step: '1', seconds: 1 }, { step: '2' }] },
      model: null,
    })
    const plan = { folds: 2, repeats: 1, seed: 7, group: null, byTime: false }
    expect(parameters).toEqual({ base: 'minilm-l6', ...plan })
  })

  it('numbers folds by repeat if there are several', async () => {
    const folds = [fold(1), { ...fold(1), repeat: 2 }]
    await writeRun(cvRun, { 'cv.json': { ...crossValidated, folds } })
    expect((await tracked(cvRun)).steps.rows.map(({ step }) => step)).toEqual(['1/1', '2/1'])
  })

  it('reads a tune that is not finished, up to a line that a kill cut off', async () => {
    await writeRun(tuneRun, { 'trials.jsonl': `${lines(journal)}{"kind":"ended","tri` })
    expect(await tracked(tuneRun)).toMatchObject({
      kind: 'tune',
      state: 'unfinished',
      seconds: 2,
      data: { train: { source: 'mail.jsonl', examples: null } },
      metrics: { macroF1: { value: 0.7, interval: null }, logLoss: { value: 0.5 } },
      mainMetric: 'macroF1',
      steps: { best: '0', rows: [{ state: 'complete' }, { state: 'running' }] },
      model: null,
    })
  })

  it('links a tune with the run that trained its winner', async () => {
    await writeRun(tuneRun, { 'trials.jsonl': lines([...journal, winner]) })
    await writeRun(winnerRun, { 'run.json': trained(winnerRun, '2026-01-31T14:05:00.000Z') })
    expect(await tracked(tuneRun)).toMatchObject({
      state: 'finished',
      seconds: 14,
      data: { train: { examples: 90 } },
      model: 'mail@1',
      trainingRun: winnerRun,
      tune: null,
    })
    expect(await tracked(winnerRun)).toMatchObject({ tune: tuneRun })
  })

  it('reads a fine-tuning that has begun', async () => {
    await writeRun(startedRun, { 'start.json': started, checkpoint: 'bytes' })
    expect(await tracked(startedRun)).toMatchObject({
      kind: 'train',
      state: 'unfinished',
      method: 'partial',
      seconds: null,
      parameters: { epochs: 3 },
      data: { train: { source: 'mail.jsonl' } },
      metrics: {},
    })
  })

  it.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
    ['an empty folder', {}, /none of the files of a run/],
    ['a foreign folder', { 'mlflow.db': '' }, /none of the files of a run/],
    ['half a file', { 'run.json': '{"formatVersion": 1, "ru' }, /^run\.json is not valid JSON$/],
    ['another value', { 'cv.json': 'null' }, /^cv\.json: the value/],
    ['a later format', { 'run.json': { formatVersion: 2 } }, /formatVersion/],
    [
      'a missing field',
      { 'run.json': { ...trained('x', started.started), evaluation: undefined } },
      /^run\.json: evaluation is missing$/,
    ],
    ['folds without scores', { 'cv.json': { ...crossValidated, folds: [{}] } }, /folds\[0\]/],
    ['an empty journal', { 'trials.jsonl': '' }, /trials\.jsonl is empty/],
    ['a journal of noise', { 'trials.jsonl': 'noise\nnoise\n' }, /damaged at line 1/],
    ['a renamed folder', { 'cv.json': crossValidated }, /renamed or copied/],
  ])('lists %s as damaged, beside the others', async (_, files, reason) => {
    await writeTrained()
    await writeRun('20260201T120000-odd-ffffff', files)
    const runs = await readRuns(storeDir)
    expect(runs.map(({ run, state }) => [run, state])).toEqual([
      ['20260201T120000-odd-ffffff', 'damaged'],
      [trainRun, 'finished'],
    ])
    expect(runs[0]).toMatchObject({ name: 'odd', reason: expect.stringMatching(reason) as string })
  })

  it('sorts by time, newest first, and passes over links, files and hidden folders', async () => {
    await writeRun(cvRun, { 'cv.json': crossValidated })
    const dir = await writeTrained()
    await writeRun(startedRun, { 'start.json': started })
    await writeRun('.removed-x', {})
    await writeFile(join(storeDir, 'runs', 'note.txt'), '')
    await symlink(dir, join(storeDir, 'runs', 'link'))
    const runs = await readRuns(storeDir)
    expect(runs.map(({ run }) => run)).toEqual([startedRun, cvRun, trainRun])
  })
})

describe('findRun', () => {
  const named = (run: string): ListedRun => {
    return { run, dir: '', state: 'damaged', name: '', reason: '', versions: [] }
  }
  const runs = ['a-1', 'a-1-more', 'b-2'].map(named)

  it('finds a whole name, and a start that is unique', () => {
    expect(findRun(runs, 'b').run).toBe('b-2')
    expect(findRun(runs, 'a-1').run).toBe('a-1')
  })

  it('names the candidates of a start that is not', () => {
    expect(() => findRun(runs, 'a')).toThrow(/start of 2 runs: a-1, a-1-more\. Give more/)
  })

  it('refuses an unknown name', () => {
    expect(() => findRun(runs, '../versions')).toThrow(/no run '\.\.\/versions'.*runs list/)
    expect(() => findRun(runs, '')).toThrow(/no run ''/)
    expect(() => findRun([], 'a')).toThrow(/There are no runs yet/)
  })
})

describe('removeRun', () => {
  it('deletes a run, and what a killed deletion left', async () => {
    await writeRun('.removed-earlier', { 'run.json': '' })
    await writeRun(cvRun, { 'cv.json': crossValidated })
    const run = await tracked(cvRun)
    const [file] = await runFiles(run.dir)
    expect(await removeRun(run, { force: false })).toEqual({ bytesFreed: file!.bytes })
    expect(await readdir(join(storeDir, 'runs'))).toEqual([])
  })

  it('keeps a run that a version names, unless forced; the version stays', async () => {
    await writeTrained()
    await writeNamingVersion(trainRun)
    const run = await tracked(trainRun)
    await expect(removeRun(run, { force: false })).rejects.toMatchObject({
      code: 'run_in_use',
      message: expect.stringContaining('it made mail@1') as string,
    })
    expect(await readRuns(storeDir)).toHaveLength(1)
    await removeRun(run, { force: true })
    expect(await readRuns(storeDir)).toEqual([])
    expect(await readdir(join(storeDir, 'versions', 'mail', '1'))).toContain('model.onnx')
  })

  it('keeps an unfinished run, unless forced', async () => {
    await writeRun(startedRun, { 'start.json': started })
    const run = await tracked(startedRun)
    await expect(removeRun(run, { force: false })).rejects.toMatchObject({ code: 'run_in_use' })
    await removeRun(run, { force: true })
    expect(await readRuns(storeDir)).toEqual([])
  })

  it('deletes a damaged run', async () => {
    const dir = await writeTrained()
    await cp(dir, join(storeDir, 'runs', 'copy'), { recursive: true })
    const copy = findRun(await readRuns(storeDir), 'copy')
    expect(copy.state).toBe('damaged')
    await removeRun(copy, { force: false })
    expect((await readRuns(storeDir)).map(({ run }) => run)).toEqual([trainRun])
  })
})
