// What a person and a program see of folds that are judged: scores over the folds, the comparison
// of two recipes, lines of predictions, and the table.
import { describe, expect, it } from 'vitest'
import { applyDataRules, defaultDataRules } from '../data/data-rules.ts'
import { describeExamples, type Dataset } from '../data/dataset.ts'
import type { Example } from '../files/source-row.ts'
import { compareRecipes, requireSameFolds } from './compare-recipes.ts'
import { cvReportText, cvRuleLines } from './cv-report.ts'
import { describePlan } from './fold-plan.ts'
import { scoresOf, summarizeScores, type JudgedFold } from './fold-scores.ts'
import { planFolds } from './folds.ts'
import { evaluatePooled, type PredictedFold } from './pooled-evaluation.ts'
import { predictionLines } from './predictions-file.ts'

const labels = ['x', 'y']
const dataset = datasetOf(
  Array.from({ length: 20 }, (_, at) => ({
    text: `text ${at} ${'abcdefghijklmnopqrst'[at]!.repeat(9)}`,
    label: labels[at % 2]!,
    id: `${at}`,
  })),
)
const sets = datasetOf(
  dataset.examples.map((example, at) => ({
    ...example,
    labels: at % 4 === 3 ? [...labels] : ['x'],
  })),
)
const options = { folds: 4, seed: 5 }
const plan = planFolds(dataset.examples, options)
const foldPlan = describePlan(plan, { ...options, manifest: dataset.manifest })

function datasetOf(examples: readonly Example[]): Dataset {
  return { examples, manifest: describeExamples('texts.jsonl', examples) }
}

/** Every test predicted as `x` with `probability`. */
function predictedFolds(probability: number): PredictedFold[] {
  return plan.map((fold) => {
    const rows = Array.from(fold.test, () => [probability, 1 - probability]).flat()
    return { ...fold, probabilities: Float32Array.from(rows), thresholds: undefined }
  })
}

function judged(accuracies: readonly number[]): JudgedFold[] {
  const { logLoss, ...zeros } = scoresOf(
    evaluatePooled(predictedFolds(0.9), { dataset, labels, seed: 1 }).evaluation,
  )
  return accuracies.map((accuracy, at) => ({
    repeat: 1,
    fold: at + 1,
    trained: 15,
    tested: 5,
    seconds: 1,
    chosen: { inverseRegularisation: 30 },
    metrics: { ...zeros, accuracy, logLoss: logLoss! + accuracy },
  }))
}

describe('scores over folds', () => {
  it('have a mean, a deviation and an interval that stays among possible values', () => {
    const { mean, deviation, intervals } = summarizeScores(judged([1, 0.8, 1, 1]))
    expect(mean['accuracy']).toBeCloseTo(0.95, 12)
    expect(deviation['accuracy']).toBeCloseTo(0.1, 12)
    expect(intervals['accuracy']!.high).toBe(1)
    expect(intervals['accuracy']!.low).toBeLessThan(0.9)
  })

  it('of all tests together are those of the single examples', () => {
    const pooled = evaluatePooled(predictedFolds(0.75), { dataset, labels, seed: 1 })
    const { evaluation, confused, labelReport } = pooled
    expect(evaluation).toMatchObject({ examples: 20, accuracy: 0.5 })
    expect(confused).toMatchObject([{ truth: 'y', predicted: 'x', texts: [{}, {}, {}] }])
    expect(labelReport).toMatchObject({ examples: 20 })
    expect(evaluation.logLoss).toBeCloseTo(-(Math.log(0.75) + Math.log(0.25)) / 2, 6)
  })

  it('of sets use the mean threshold of each label', () => {
    const folds = predictedFolds(0.75).map((fold, at) => ({
      ...fold,
      thresholds: at % 2 === 0 ? [0.5, 0.1] : [0.5, 0.3],
    }))
    const { evaluation } = evaluatePooled(folds, { dataset: sets, labels, seed: 1 })
    expect(evaluation).toMatchObject({ task: 'multi-label', perClass: { y: { threshold: 0.2 } } })
    expect(evaluation.accuracy).toBe(0.25)
  })
})

describe('a comparison', () => {
  it('is fold by fold', () => {
    const other = { run: 'earlier', folds: judged([0.8, 0.6, 0.8, 0.8]), foldPlan }
    const { differences } = compareRecipes(judged([0.9, 0.8, 0.9, 1]), other)
    expect(differences['accuracy']!.mean).toBeCloseTo(0.15, 12)
    expect(differences['accuracy']!.pValue).toBeLessThan(0.05)
  })

  it('is refused with other folds, and says which option differs', () => {
    const run = { run: 'earlier', folds: [], foldPlan }
    expect(() => requireSameFolds(foldPlan, run)).not.toThrow()
    const seeded = { ...options, seed: 6, manifest: dataset.manifest }
    const moved = describePlan(planFolds(dataset.examples, seeded), seeded)
    expect(() => requireSameFolds(moved, run)).toThrow(/earlier: .*--seed is 6 here and 5 there/)
    const fewer = datasetOf(dataset.examples.slice(1))
    const parts = planFolds(fewer.examples, options)
    const changed = describePlan(parts, { ...options, manifest: fewer.manifest })
    expect(() => requireSameFolds(changed, run)).toThrow(/the texts or the rules .* differ/)
  })
})

it('a line of predictions holds the text with what a model said that had not seen it', () => {
  const [first, ...rest] = [...predictionLines(predictedFolds(0.9), { dataset, labels })]
  expect(rest).toHaveLength(19)
  const { index } = first!
  const { text, label, id } = dataset.examples[index]!
  const probabilities = { x: 0.9, y: 0.1 }
  expect(first).toEqual({
    index,
    id,
    text,
    label,
    predicted: 'x',
    probabilities,
    fold: 1,
    repeat: 1,
  })
  const folds = predictedFolds(0.9).map((fold) => ({ ...fold, thresholds: [0.5, 0.05] }))
  const [ofSets] = predictionLines(folds, { dataset: sets, labels })
  expect(ofSets).toMatchObject({ labels: sets.examples[index]!.labels, predicted: ['x', 'y'] })
})

it('a label with one example is no reason to fail, but to be told of', () => {
  const examples = [...dataset.examples, { text: 'alone', label: 'z' }]
  const { train } = applyDataRules({ train: datasetOf(examples) }, defaultDataRules)
  expect(cvRuleLines(train.manifest)).toEqual([
    '1 label with a single example, tested by a model that has not seen the label: "z"',
  ])
})

it('the table has a line for each fold, each score and each difference', () => {
  const folds = judged([1, 0.8, 0.9, 0.9])
  const report = {
    folds,
    foldPlan,
    dataManifest: { train: dataset.manifest },
    ...summarizeScores(folds),
  }
  const other = { run: 'earlier', folds: judged([0.4, 0.2, 0.3, 0.2]), foldPlan }
  const text = cvReportText({ ...report, comparison: compareRecipes(folds, other) })
  expect(text).toMatch(
    /^Fold +trained +tested +accuracy +macro F1 +log loss +calibration error +chose$/m,
  )
  expect(text).toMatch(/^2 +15 +5 +80\.0 % .* C 30$/m)
  expect(text).toMatch(/^accuracy +90\.0 % +8\.2 % +\[\d+\.\d %, 100\.0 %\]$/m)
  expect(text).toMatch(/^accuracy +\+62\.5 % .* p < 0\.001 +better$/m)
  expect(text).toMatch(/^log loss +\+0\.625 .* worse$/m)
})
