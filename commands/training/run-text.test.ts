// Runs as text: what the table says of runs without a result, and how steps and comparisons look.
// Real runs are shown in tests/e2e/runs.test.ts.
import { expect, it } from 'vitest'
import type { RunComparison } from '../../trainers/tracking/compare-runs.ts'
import type { DamagedRun, TrackedRun } from '../../trainers/tracking/tracked-run.ts'
import { runComparisonText, runsTable, runText } from './run-text.ts'

const plain = (_: unknown, text: string): string => text

const tuned: TrackedRun = {
  run: '20260131T120000-mail-aaaaaa',
  dir: '/runs/20260131T120000-mail-aaaaaa',
  state: 'finished',
  kind: 'tune',
  name: 'mail',
  method: 'head',
  started: '2026-01-31T12:00:00.000Z',
  seconds: 90,
  parameters: { seed: 1, timeMs: undefined, space: [{ name: 'c', domain: {}, when: [] }] },
  data: { train: { source: 'a.jsonl', examples: 1_200, labels: 3, sha256: 'ab' } },
  task: 'single-label',
  metrics: { logLoss: { value: 0.25, interval: null } },
  mainMetric: 'logLoss',
  measuredOn: 'held-out texts',
  steps: {
    of: 'trial',
    best: '0',
    rows: [
      {
        step: '0',
        state: 'complete',
        seconds: 2,
        parameters: { c: 1 / 3 },
        metrics: { logLoss: 0.25 },
      },
      {
        step: '1',
        state: 'failed',
        seconds: 1,
        parameters: { c: 900 },
        metrics: {},
        error: 'it diverged',
      },
    ],
  },
  foldsSha256: null,
  model: 'mail@1',
  trainingRun: 'winner',
  environment: null,
  tune: null,
  versions: [],
}
const damaged: DamagedRun = {
  run: 'odd',
  dir: '/runs/odd',
  state: 'damaged',
  name: 'odd',
  reason: 'run.json is not valid JSON',
  versions: [],
}
const unfinished: TrackedRun = {
  ...tuned,
  ...({ state: 'unfinished', kind: 'train', data: {}, metrics: {}, model: null } as const),
}

it('lists each run in one line', () => {
  const removed: TrackedRun = { ...tuned, kind: 'train', mainMetric: 'accuracy' }
  const lines = runsTable([tuned, removed, unfinished, damaged], undefined).split('\n')
  expect(lines[2]).toMatch(/ tune +mail +head +2026-01-31 12:00 +1,200 +log loss 0\.250 +mail@1$/)
  expect(lines[3]).toMatch(/ train .* 1,200 +mail@1 \(removed\)$/)
  expect(lines[4]).toMatch(/ train +mail +head +2026-01-31 12:00 +unfinished$/)
  expect(lines[5]).toMatch(/^odd +odd +damaged: run\.json is not valid JSON$/)
})

it('shows the metric that is asked for', () => {
  const interval = { low: 0.8, high: 0.95 }
  const run = { ...tuned, metrics: { ...tuned.metrics, macroF1: { value: 0.9, interval } } }
  expect(runsTable([run], 'macroF1')).toContain('macro F1 90.0 % [80.0 %, 95.0 %]')
})

it('shows the trials of a tune, with those that failed', () => {
  const text = runText(tuned, [{ path: '/runs/x/trials.jsonl', bytes: 2_048 }], plain)
  expect(text).toMatch(/^trained by +winner$/m)
  expect(text).toMatch(/^space +c$/m)
  expect(text).not.toContain('timeMs')
  expect(text).toMatch(/^trial +log loss +took +with$/m)
  expect(text).toMatch(/^0 \(best\) +0\.250 +2\.0 s +c 0\.3333$/m)
  expect(text).toMatch(/^1 +1\.0 s +failed: c 900: it diverged$/m)
  expect(text).toMatch(/^\/runs\/x\/trials\.jsonl {2}2\.0 kB$/m)
})

it('shows why a run is damaged', () => {
  expect(runText(damaged, [], plain)).toMatch(/^reason +run\.json is not valid JSON$/m)
})

it('says what could not be compared', () => {
  const comparison: RunComparison = {
    first: 'a',
    second: 'b',
    parameters: [],
    data: { train: 'unknown' },
    folds: null,
    measuredOn: { first: null, second: 'test texts' },
    metrics: [{ name: 'ece', first: 0.1, second: null, difference: null }],
    test: null,
  }
  const text = runComparisonText(comparison, { task: 'single-label', style: plain })
  expect(text).toMatch(/^Parameters that differ\nnone$/m)
  expect(text).toMatch(/^train: not recorded for one of the runs$/m)
  expect(text).toContain('measured on different texts: unknown (first), test texts (second)')
  expect(text).toMatch(/^calibration error +10\.0 % +- +-$/m)
})
