// What two runs have in common and where they differ, for runs whose folders are not needed. The
// paired test on real folds is in tests/e2e/runs.test.ts.
import { expect, it } from 'vitest'
import { compareRuns } from './compare-runs.ts'
import type { TrackedRun } from './tracked-run.ts'

const data = { source: 'a.jsonl', examples: 9, labels: 2, sha256: 'a' }

const first: TrackedRun = {
  run: 'first',
  dir: '/runs/first',
  state: 'finished',
  kind: 'train',
  name: 'mail',
  method: 'head',
  started: '2026-01-31T12:00:00Z',
  seconds: 1,
  parameters: { seed: 1, constructor: 'own', layers: [1, 2] },
  data: { train: data },
  task: 'single-label',
  metrics: { accuracy: { value: 0.8, interval: null }, ece: { value: 0.1, interval: null } },
  mainMetric: 'accuracy',
  measuredOn: 'test texts',
  steps: { of: 'trial', rows: [], best: null },
  foldsSha256: null,
  model: 'mail@1',
  trainingRun: null,
  environment: null,
  tune: null,
  versions: [],
}

const compared = (second: Partial<TrackedRun>, other: Partial<TrackedRun> = {}) =>
  compareRuns('/nowhere', {
    first: { ...first, ...other },
    second: { ...first, run: 'second', ...second },
  })

it('finds nothing between equal runs', async () => {
  expect(await compared({})).toMatchObject({
    parameters: [],
    data: { train: 'same' },
    folds: null,
    metrics: [
      { name: 'accuracy', first: 0.8, second: 0.8, difference: 0 },
      { name: 'ece', difference: 0 },
    ],
    test: null,
  })
})

it('lists the parameters that differ, those of one run included', async () => {
  const { parameters } = await compared({
    method: 'partial',
    parameters: { seed: 2, layers: [1, 2], epochs: 3 },
  })
  expect(parameters).toEqual([
    { name: 'method', first: 'head', second: 'partial' },
    { name: 'seed', first: 1, second: 2 },
    { name: 'constructor', first: 'own', second: undefined },
    { name: 'epochs', first: undefined, second: 3 },
  ])
})

it('gives the second less the first, and null where a run has no such metric', async () => {
  const { metrics } = await compared({ metrics: { accuracy: { value: 0.9, interval: null } } })
  expect(metrics[0]!.difference).toBeCloseTo(0.1, 12)
  expect(metrics[1]).toEqual({ name: 'ece', first: 0.1, second: null, difference: null })
})

it('says for each part whether the data agree', async () => {
  const { data: agreement } = await compared({
    data: { train: { ...data, sha256: null }, validation: { ...data, sha256: 'b' }, test: data },
  })
  expect(agreement).toEqual({ train: 'unknown', validation: 'different', test: 'different' })
})

it('makes no paired test of different folds, or of one cross-validation', async () => {
  const folded = { foldsSha256: 'a' }
  expect(await compared({ foldsSha256: 'b' }, folded)).toMatchObject({
    folds: 'different',
    test: null,
  })
  expect(await compared(folded)).toMatchObject({ folds: null, test: null })
})

it('makes none if a record was deleted meanwhile', async () => {
  const folded = { foldsSha256: 'a' }
  expect(await compared(folded, folded)).toMatchObject({ folds: 'same', test: null })
})
