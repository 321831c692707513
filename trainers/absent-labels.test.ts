// Scores when labels do not occur, are never predicted, or always apply, against scikit-learn with
// zero_division=0 (tests/fixtures/make-absent-label-reference.py).
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { evaluatePredictions, type Evaluation } from './evaluation/evaluation.ts'
import {
  evaluateLabelSets,
  type MultiLabelEvaluation,
} from './evaluation/multi-label-evaluation.ts'
import type { ClassScores } from './evaluation/metrics.ts'

type Numbers = readonly number[]
type Case = {
  readonly labels: number
  readonly probabilities: Numbers
  readonly scores: Readonly<Record<string, number>>
  readonly perClass: Readonly<Record<keyof ClassScores, Numbers>>
  readonly rocAuc: readonly (number | null)[]
  /** Null if scikit-learn has none. */
  readonly rocAucWeighted: number | null
  readonly averagePrecision: Numbers
  readonly averagePrecisionMacro: number
  readonly averagePrecisionWeighted: number
}
type Reference = {
  readonly sets: Case & { readonly targets: Numbers }
  readonly withoutLabels: Readonly<Record<string, number>>
  readonly classes: Case & {
    readonly truth: Numbers
    readonly topK: Readonly<Record<string, number>>
  }
}

const reference = JSON.parse(
  readFileSync(new URL('../tests/fixtures/absent-label-reference.json', import.meta.url), 'utf8'),
) as Reference
const { sets, classes, withoutLabels } = reference
const namesOf = (count: number): string[] => Array.from({ length: count }, (_, at) => `label ${at}`)
const judging = { seed: 1, resamples: 100 }
const evaluatedSets = evaluateLabelSets(
  {
    targets: Uint8Array.from(sets.targets),
    probabilities: Float32Array.from(sets.probabilities),
  },
  { ...judging, labels: namesOf(sets.labels), thresholds: namesOf(sets.labels).map(() => 0.5) },
)
const evaluatedClasses = evaluatePredictions(
  {
    truth: Int32Array.from(classes.truth),
    probabilities: Float32Array.from(classes.probabilities),
  },
  { ...judging, labels: namesOf(classes.labels) },
)

test.each([
  { name: 'sets of labels', evaluation: evaluatedSets, expected: sets },
  { name: 'one label each', evaluation: evaluatedClasses, expected: classes },
])('$name: scores, labels and areas', ({ evaluation, expected }) => {
  expectScores(evaluation, expected.scores)
  for (const [at, own] of Object.values(evaluation.perClass).entries()) {
    for (const name of ['precision', 'recall', 'f1', 'support'] as const) {
      expect(own[name], `${name} of label ${at}`).toBeCloseTo(expected.perClass[name][at]!, 6)
    }
    const rocAuc = expected.rocAuc[at] ?? null
    if (rocAuc === null) expect(own.rocAuc).toBeNull()
    else expect(own.rocAuc).toBeCloseTo(rocAuc, 6)
    expect(own.averagePrecision).toBeCloseTo(expected.averagePrecision[at]!, 6)
  }
  const { averagePrecision, rocAuc } = evaluation
  expect(averagePrecision.macro).toBeCloseTo(expected.averagePrecisionMacro, 6)
  expect(averagePrecision.weighted).toBeCloseTo(expected.averagePrecisionWeighted, 6)
  if (expected.rocAucWeighted !== null) {
    expect(rocAuc.weighted).toBeCloseTo(expected.rocAucWeighted, 6)
  }
})

test('top-k accuracy', () => {
  for (const [k, share] of Object.entries(classes.topK)) {
    expect(evaluatedClasses.topK[k]).toBeCloseTo(share, 6)
  }
})

test('intervals contain the score although a label is absent', () => {
  for (const { macroF1, intervals } of [evaluatedSets, evaluatedClasses]) {
    expect(intervals.macroF1.low).toBeLessThan(macroF1)
    expect(intervals.macroF1.high).toBeGreaterThan(macroF1)
  }
  const { averagePrecision, intervals } = evaluatedClasses
  expect(intervals.averagePrecision!.low).toBeLessThan(averagePrecision.macro!)
  expect(intervals.averagePrecision!.high).toBeGreaterThan(averagePrecision.macro!)
})

test('no label at all, true or predicted', () => {
  const evaluation = evaluateLabelSets(
    { targets: new Uint8Array(6), probabilities: new Float32Array(6).fill(0.1) },
    { ...judging, labels: namesOf(2), thresholds: [0.5, 0.5] },
  )
  expectScores(evaluation, withoutLabels)
})

function expectScores(
  evaluation: Evaluation | MultiLabelEvaluation,
  expected: Readonly<Record<string, number>>,
): void {
  const found: Readonly<Record<string, unknown>> = evaluation
  for (const [name, score] of Object.entries(expected)) {
    expect(found[name], name).toBeCloseTo(score, 6)
  }
}
