// The rows of training_runs: what folds and trials say of themselves, and of the run around them.
import { expect, it } from 'vitest'
import type { CrossValidated } from '../cross-validation/cv-record.ts'
import type { RunRecord } from '../runs/run-record.ts'
import type { RunProgress } from './progress-log.ts'
import { cvRows, trainingRow, tuneRows } from './run-rows.ts'
import type { TrackedRun } from './tracked-run.ts'

const started = '2026-01-31T12:00:00.000Z'
const startMs = Date.parse(started)
const epoch = (within: string, step: number) =>
  ({ series: 'epoch', within, step, at: startMs, metrics: { macroF1: step / 10 } }) as const

const progress: RunProgress = {
  start: undefined,
  begun: new Map([['1', startMs + 5_000]]),
  ended: new Map(),
  points: [epoch('1', 1), epoch('1', 2), epoch('2', 1)],
  files: [],
  stopped: undefined,
  lastAt: undefined,
}

it('gives a training its base and its epochs', () => {
  const record = {
    run: 'r',
    base: 'tiny',
    parameters: { seed: 1 },
    details: { epochs: [{ epoch: 1, macroF1: 0.5 }] },
  } as unknown as RunRecord
  expect(trainingRow(record)).toMatchObject({
    run: 'r',
    parameters: { base: 'tiny', seed: 1 },
    steps: [{ epoch: 1, macroF1: 0.5 }],
  })
})

it('gives each fold a row with its epochs, its beginning and the data of the run', () => {
  const fold = (number: number) => ({
    repeat: 1,
    fold: number,
    seconds: 2,
    metrics: { accuracy: 0.8 },
    chosen: { bestEpoch: number },
  })
  const cv = {
    run: 'r',
    method: 'full',
    started,
    seconds: 4,
    parameters: { base: 'tiny' },
    mean: { accuracy: 0.8 },
    folds: [fold(1), fold(2)],
    foldPlan: { folds: 2, repeats: 1, seed: 1, group: null, byTime: false, sha256: 'ab' },
    dataManifest: { train: { source: 'a.jsonl' } },
  } as unknown as CrossValidated
  const { run, parts } = cvRows(cv, { progress })
  expect(run).toMatchObject({ kind: 'cv', parameters: { folds: 2, foldsSha256: 'ab' } })
  expect(run.environment).toMatchObject({ node: process.versions.node })
  expect(parts).toMatchObject([
    {
      run: 'r#1',
      kind: 'fold',
      parent: 'r',
      started: '2026-01-31T12:00:05.000Z',
      parameters: { bestEpoch: 1 },
      steps: [
        { epoch: 1, macroF1: 0.1 },
        { epoch: 2, macroF1: 0.2 },
      ],
      dataManifest: { train: { source: 'a.jsonl' } },
    },
    { run: 'r#2', started: '2026-01-31T12:00:07.000Z', steps: [{ epoch: 1, macroF1: 0.1 }] },
  ])
})

it('gives each trial that has ended a row with its state', () => {
  const trial = (step: string, state: TrackedRun['steps']['rows'][number]['state']) =>
    ({ step, state, seconds: 1, parameters: { lr: 1 }, metrics: { macroF1: 0.5 } }) as const
  const rows = [trial('0', 'complete'), trial('1', 'pruned'), trial('2', 'running')]
  const tune = {
    run: 'r',
    method: 'full',
    started,
    seconds: 3,
    parameters: { sampler: 'tpe' },
    metrics: { macroF1: { value: 0.5, interval: null } },
    steps: { of: 'trial', rows, best: '0' },
    model: 'mail@1',
    trainingRun: 't',
    environment: null,
  } as unknown as TrackedRun
  const { run, parts } = tuneRows(tune, { progress: undefined, dataManifest: {} })
  expect(run).toMatchObject({
    kind: 'tune',
    parameters: { sampler: 'tpe', model: 'mail@1', trainingRun: 't' },
    evaluation: { macroF1: 0.5 },
  })
  expect(parts.map(({ run: name, state }) => [name, state])).toEqual([
    ['r#0', 'complete'],
    ['r#1', 'pruned'],
  ])
})
