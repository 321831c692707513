// Assembles the evaluation of a single-label classifier as one JSON document. Each kind of score
// has its own file, evaluate-version.ts provides the predictions, and trainers/report/ renders the
// document.
import assert from 'node:assert/strict'
import { defaultOutOfScopeScore, type Abstention } from '../../models/store/abstention-rule.ts'
import { abstentionOutcome, riskCoverage, type RiskCoverage } from './abstention-threshold.ts'
import { bootstrapIntervals, topKAccuracy, type Intervals } from './bootstrap.ts'
import { reliabilityBins, temperedProbabilities, type ReliabilityBin } from './calibration.ts'
import {
  classScores,
  confusionCounts,
  rowOutcomes,
  scoresOfRows,
  tallyRows,
  type ClassScores,
  type Predictions,
  type Scores,
} from './metrics.ts'
import {
  areasOfLabels,
  meanAreas,
  rankingCurves,
  rankRows,
  truthRanks,
  type CurvePoint,
  type LabelAreas,
  type MeanAreas,
} from './ranking-metrics.ts'
import { sliceScores, type Slice, type SlicedExample } from './slice-metrics.ts'

export type { Interval } from './bootstrap.ts'

/** How many examples of one label were predicted as another. */
export type Confusion = {
  readonly truth: string
  readonly predicted: string
  readonly count: number
}

/** The ROC and precision-recall curves of one label, or of all together (`label` null: micro). */
export type LabelCurves = {
  readonly label: string | null
  readonly roc: readonly CurvePoint[]
  readonly precisionRecall: readonly CurvePoint[]
}

/** The evaluation of predictions. */
export type Evaluation = Scores &
  MeanAreas & {
    readonly examples: number
    /** The fraction of examples whose true label is among the k most probable, by k. */
    readonly topK: Readonly<Record<string, number>>
    readonly perClass: Readonly<Record<string, ClassScores & LabelAreas>>
    /** `matrix[truth][predicted]` counts examples, both in the order of `labels`. */
    readonly confusion: { readonly labels: readonly string[]; readonly matrix: readonly number[][] }
    /** Pairs with at least one mistake, most frequent first, at most 50. */
    readonly mostConfused: readonly Confusion[]
    /**
     * Before and after dividing logits by the temperature, which is 1 for an uncalibrated model.
     */
    readonly calibration: {
      readonly temperature: number
      readonly eceBefore: number
      readonly eceAfter: number
      readonly before: readonly ReliabilityBin[]
      readonly after: readonly ReliabilityBin[]
    }
    /** The model's threshold, if it has one, applied to these examples. */
    readonly abstention: RiskCoverage & {
      readonly threshold: number | null
      readonly coverage: number | null
      readonly risk: number | null
    }
    readonly slices: readonly Slice[]
    readonly curves: readonly LabelCurves[]
    readonly intervals: Intervals
  }

/** The options of `evaluatePredictions`. */
export type EvaluationOptions = {
  /** The names of the labels, in the order of the probabilities. */
  readonly labels: readonly string[]
  readonly seed: number
  /** Bootstrap resamples. Default 1,000. */
  readonly resamples?: number | undefined
  /** The temperature that the probabilities are already calibrated with. Default 1: none. */
  readonly temperature?: number | undefined
  /** The model's abstention threshold. */
  readonly abstain?: Abstention | undefined
  /** The examples in the order of the predictions, for slices. */
  readonly examples?: readonly SlicedExample[] | undefined
}

const topKs = [2, 3, 5, 10] as const
/** With more probabilities than this, curves use an evenly spaced subset of the rows. */
const curveCellsMax = 1_000_000
const confusionsMax = 50
/** With more labels than this, there is only the micro-averaged curve. */
const curveLabelsMax = 8
const curvePointsMax = 80

/** Evaluates calibrated predictions. Needs at least one row. */
export function evaluatePredictions(
  predictions: Omit<Predictions, 'labels'>,
  options: EvaluationOptions,
): Evaluation {
  const { labels, seed, resamples = 1_000, temperature = 1, abstain } = options
  const labelled: Predictions = { ...predictions, labels: labels.length }
  const outcomes = rowOutcomes(labelled)
  const examples = outcomes.truth.length
  assert.ok(examples > 0, 'nothing to evaluate')
  const rows = Int32Array.from(outcomes.truth, (_, row) => row)
  const once = new Uint16Array(examples).fill(1)
  const tally = tallyRows(outcomes, rows)
  const classes = classScores(tally)
  const ranks = truthRanks(labelled)
  const rankings = rankRows(labelled)
  const areas = areasOfLabels(rankings, { counts: once, support: tally.support })
  const ks = topKs.filter((k) => k < labels.length)
  const confusion = confusionOf(confusionCounts(outcomes), labels)
  const scores = scoresOfRows(outcomes, rows)
  return {
    examples,
    ...scores,
    ...meanAreas(areas, tally.support),
    topK: Object.fromEntries(ks.map((k) => [k, topKAccuracy(ranks, once, k)])),
    perClass: Object.fromEntries(
      labels.map((label, index) => [label, { ...classes[index]!, ...areas[index]! }]),
    ),
    confusion,
    mostConfused: mostConfused(confusion).slice(0, confusionsMax),
    calibration: calibrationOf(labelled, { temperature, eceAfter: scores.ece }),
    abstention: abstentionOf(labelled, abstain),
    slices: sliceScores(outcomes, options.examples ?? []),
    curves: curvesOf(labelled, labels),
    intervals: bootstrapIntervals({ outcomes, ranks, rankings, topKs: ks }, { seed, resamples }),
  }
}

function confusionOf(counts: Float64Array, labels: readonly string[]): Evaluation['confusion'] {
  const matrix = labels.map((_, label) =>
    Array.from(counts.subarray(label * labels.length, (label + 1) * labels.length)),
  )
  return { labels, matrix }
}

/** Pairs of labels with at least one mistake, most frequent first. */
function mostConfused({ labels, matrix }: Evaluation['confusion']): Confusion[] {
  const pairs: Confusion[] = []
  for (const [row, counts] of matrix.entries()) {
    for (const [column, count] of counts.entries()) {
      if (row === column || count === 0) continue
      pairs.push({ truth: labels[row]!, predicted: labels[column]!, count })
    }
  }
  return pairs.sort((a, b) => b.count - a.count)
}

function calibrationOf(
  predictions: Predictions,
  { temperature, eceAfter }: { temperature: number; eceAfter: number },
): Evaluation['calibration'] {
  const { labels, truth } = predictions
  const after = reliabilityBins(rowOutcomes(predictions))
  if (temperature === 1) return { temperature, eceBefore: eceAfter, eceAfter, before: after, after }
  const inverse = { labels, temperature: 1 / temperature }
  const probabilities = temperedProbabilities(predictions.probabilities, inverse)
  const before = reliabilityBins(rowOutcomes({ truth, labels, probabilities }))
  const eceBefore = before.reduce(
    (sum, bin) => sum + (bin.examples / truth.length) * Math.abs(bin.accuracy - bin.confidence),
    0,
  )
  return { temperature, eceBefore, eceAfter, before, after }
}

function abstentionOf(
  predictions: Predictions,
  abstain: Abstention | undefined,
): Evaluation['abstention'] {
  const curve = riskCoverage(predictions, abstain?.score ?? defaultOutOfScopeScore)
  if (abstain === undefined) return { ...curve, threshold: null, coverage: null, risk: null }
  return { ...curve, ...abstentionOutcome(predictions, abstain) }
}

function curvesOf({ truth, probabilities }: Predictions, labels: readonly string[]): LabelCurves[] {
  const width = labels.length
  const curves = (label: string | null, pairs: Parameters<typeof rankingCurves>[0]) => ({
    label,
    ...rankingCurves(pairs, curvePointsMax),
  })
  if (width > curveLabelsMax) {
    const step = Math.ceil((truth.length * width) / curveCellsMax)
    const rows = Int32Array.from({ length: Math.ceil(truth.length / step) }, (_, at) => at * step)
    const isRight = new Uint8Array(rows.length * width)
    const probability = new Float32Array(isRight.length)
    for (const [at, row] of rows.entries()) {
      isRight[at * width + truth[row]!] = 1
      probability.set(probabilities.subarray(row * width, (row + 1) * width), at * width)
    }
    return [curves(null, { probability, isRight })]
  }
  return labels.map((label, index) =>
    curves(label, {
      probability: Float32Array.from(truth, (_, row) => probabilities[row * width + index]!),
      isRight: Uint8Array.from(truth, (own) => Number(own === index)),
    }),
  )
}
