// The grades and sentences of the verdict.
import { expect, test } from 'vitest'
import { evaluatePredictions } from '../evaluation/evaluation.ts'
import { verdictOf } from './report-verdict.ts'

/** `right` of `rows` texts with the label "yes" are predicted right, and all `no` with "no". */
function evaluate({ yes, found, no }: { yes: number; found: number; no: number }) {
  const truth = Int32Array.from({ length: yes + no }, (_, row) => Number(row < yes))
  const probabilities = new Float32Array(2 * truth.length)
  for (const row of truth.keys()) {
    const isYes = row < found
    probabilities.set(isYes ? [0, 1] : [1, 0], 2 * row)
  }
  return evaluatePredictions(
    { truth, probabilities },
    { labels: ['no', 'yes'], seed: 1, resamples: 100 },
  )
}

test.each([
  { yes: 1_000, found: 1_000, no: 1_000, grade: 'Very good' },
  { yes: 1_000, found: 880, no: 1_000, grade: 'Good' },
  { yes: 1_000, found: 700, no: 1_000, grade: 'Fair' },
  { yes: 1_000, found: 300, no: 1_000, grade: 'Weak' },
  { yes: 100, found: 0, no: 1_900, grade: 'No better than guessing' },
])('$found of $yes found: $grade', ({ grade, ...rows }) => {
  expect(verdictOf(evaluate(rows)).grade).toBe(grade)
})

test('says that a model which always gives one label is no better than guessing', () => {
  const { sentences } = verdictOf(evaluate({ yes: 100, found: 0, no: 1_900 }))
  expect(sentences).toContain('95.0 % of 2,000 texts are right.')
  expect(sentences).toContain('Always answering “no” would be right for 95.0 %.')
})

test('states the difference to another version, and whether it may be chance', () => {
  const counts = { examples: 2_000, bothRight: 0, bothWrong: 0, test: 'exact' as const }
  const comparison = { with: 'mail@1', ...counts, onlyFirstRight: 0, onlySecondRight: 0 }
  const evaluation = evaluate({ yes: 1_000, found: 880, no: 1_000 })
  const better = { ...comparison, difference: 0.012, pValue: 0.001 }
  const worse = { ...comparison, difference: -0.001, pValue: 0.7 }
  const sentence = (each: typeof better) =>
    verdictOf({ ...evaluation, comparison: each }).sentences[0]
  expect(sentence(better)).toBe('94.0 % of 2,000 texts are right, 1.2 points better than mail@1.')
  expect(sentence(worse)).toContain('0.1 points worse than mail@1, which may be chance.')
  expect(sentence({ ...comparison, difference: 0, pValue: 1 })).toContain('as many as with mail@1.')
})
