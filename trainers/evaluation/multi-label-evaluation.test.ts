// Multi-label scores, thresholds and the fitted head, against scikit-learn.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { chooseThresholds } from './label-thresholds.ts'
import { openLogisticProblem } from '../head/logistic-problem.ts'
import { fitLogistic, trainLogisticRegression } from '../head/logistic-regression.ts'
import { evaluateLabelSets } from './multi-label-evaluation.ts'
import { renderReportHtml } from '../report/report-html.ts'
import { renderReportText } from '../report/report-text.ts'
import { seededRandom } from '../../models/runtime/seeded-random.ts'

type Numbers = readonly number[]
const reference = JSON.parse(
  readFileSync(new URL('../../tests/fixtures/multi-label-reference.json', import.meta.url), 'utf8'),
) as {
  scores: Record<string, number> & Record<string, Numbers>
  logistic: {
    rows: number
    width: number
    labels: number
    features: Numbers
    targets: Numbers
    fits: { C: number; weight: Numbers; bias: Numbers }[]
  }
}
const { scores } = reference
const labels = ['one', 'two', 'three', 'four', 'five']
const predictions = {
  targets: Uint8Array.from(scores['targets'] as Numbers),
  probabilities: Float32Array.from(scores['probabilities'] as Numbers),
}
const thresholds = scores['thresholds'] as Numbers
const evaluation = evaluateLabelSets(predictions, { labels, thresholds, seed: 1, resamples: 200 })

test.each([
  'accuracy',
  'hammingLoss',
  'microF1',
  'macroF1',
  'weightedF1',
  'rankingAveragePrecision',
  'logLoss',
  'brier',
] as const)('%s is that of scikit-learn', (name) => {
  const found = evaluation[name as 'accuracy']
  expect(found).toBeCloseTo(scores[name] as number, 6)
  const { low, high } = evaluation.intervals[name as 'accuracy']
  expect(low).toBeLessThanOrEqual(found)
  expect(high).toBeGreaterThanOrEqual(found)
})

test('the scores of each label equal those of scikit-learn', () => {
  for (const [at, label] of labels.entries()) {
    const own = evaluation.perClass[label]!
    for (const name of ['precision', 'recall', 'f1', 'support', 'rocAuc', 'averagePrecision']) {
      const expected = (scores[name] as Numbers)[at]!
      expect(own[name as 'f1'], `${name} of ${label}`).toBeCloseTo(expected, 6)
    }
  }
})

test('each label is fitted as scikit-learn fits one against the rest', async () => {
  const { rows, width, features, targets, fits, labels: count } = reference.logistic
  const training = {
    features: { rows: Float32Array.from(features), count: rows, width },
    targets: Uint8Array.from(targets),
    labels: count,
  }
  const problem = await openLogisticProblem(training)
  for (const { C, weight, bias } of fits) {
    const fit = await fitLogistic(problem, {
      rowWeights: new Float32Array(rows).fill(1),
      inverseRegularisation: C,
      precision: 1e-4,
    })
    const head = problem.head(fit.point)
    for (const [i, expected] of weight.entries()) expect(head.weight[i]).toBeCloseTo(expected, 2)
    for (const [i, expected] of bias.entries()) expect(head.bias[i]).toBeCloseTo(expected, 2)
  }
  await problem.close()
  const foldOf = Int32Array.from({ length: rows }, (_, row) => row % 3)
  const trained = await trainLogisticRegression({ training, foldOf })
  expect(trained.trials.length).toBeGreaterThan(1)
  await expect(
    trainLogisticRegression({ training, foldOf, classWeighting: 'balanced' }),
  ).rejects.toMatchObject({ code: 'usage' })
})

test('thresholds have the best F1, and are 0.5 for rare labels', () => {
  const random = seededRandom(3)
  const rows = 60
  const targets = new Uint8Array(rows * 2)
  const probabilities = new Float32Array(rows * 2)
  for (let row = 0; row < rows; row++) {
    const applies = row % 3 === 0
    targets.set([Number(applies), Number(row < 9)], row * 2)
    // The first label is separable at 0.2; the second has only 9 examples.
    probabilities.set([applies ? 0.25 : 0.15, random.uint32() / 2 ** 32], row * 2)
  }
  const chosen = chooseThresholds({ targets, probabilities, labels: 2 })
  expect(chosen[0]).toBeCloseTo(0.2, 6)
  expect(chosen[1]).toBe(0.5)
})

test('the report shows label sets', async () => {
  const text = renderReportText(evaluation)
  expect(text).toContain('sets exactly right')
  expect(text).toContain('threshold')
  const page = await renderReportHtml(evaluation, { title: 'tags <x>', facts: [] })
  expect(page).toContain('Hamming loss')
  expect(page).toContain('tags &lt;x>'.replace('>', '&gt;'))
  expect(page).not.toContain('Confusion')
})
