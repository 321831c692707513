// The evaluation report as one JSON document. Where the predictions come from is
// evaluate-version.ts; how the report looks is report-text.ts and report-html.ts; each measure has
// a file of its own.
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

/** Examples of one label that were taken for another. */
export type Confusion = {
  readonly truth: string
  readonly predicted: string
  readonly count: number
}

/** ROC and precision-recall of one label, or of all together (`label` null, micro average). */
export type LabelCurves = {
  readonly label: string | null
  readonly roc: readonly CurvePoint[]
  readonly precisionRecall: readonly CurvePoint[]
}

/** Everything measured of one set of predictions. */
export type Evaluation = Scores &
  MeanAreas & {
    readonly examples: number
    /** Share of examples whose true label is among the k most probable, by k. */
    readonly topK: Readonly<Record<string, number>>
    readonly perClass: Readonly<Record<string, ClassScores & LabelAreas>>
    /** `matrix[truth][predicted]` counts examples, both in the order of `labels`. */
    readonly confusion: { readonly labels: readonly string[]; readonly matrix: readonly number[][] }
    /** Pairs with at least one mistake, most frequent first, at most 50. */
    readonly mostConfused: readonly Confusion[]
    /** Before and after dividing logits by the temperature; 1 when there was none. */
    readonly calibration: {
      readonly temperature: number
      readonly eceBefore: number
      readonly eceAfter: number
      readonly before: readonly ReliabilityBin[]
      readonly after: readonly ReliabilityBin[]
    }
    /** The model's own threshold, where it has one, applied to these examples. */
    readonly abstention: RiskCoverage & {
      readonly threshold: number | null
      readonly coverage: number | null
      readonly risk: number | null
    }
    readonly slices: readonly Slice[]
    readonly curves: readonly LabelCurves[]
    readonly intervals: Intervals
  }

export type EvaluationOptions = {
  /** Names of the labels, in the order of the probabilities. */
  readonly labels: readonly string[]
  readonly seed: number
  /** Bootstrap resamples. Default 1,000. */
  readonly resamples?: number | undefined
  /** The temperature that the probabilities are calibrated with already. Default 1: none. */
  readonly temperature?: number | undefined
  /** The model's threshold. */
  readonly abstain?: Abstention | undefined
  /** The examples themselves, in order, for slices. */
  readonly examples?: readonly SlicedExample[] | undefined
}

const topKs = [2, 3, 5, 10] as const
/** Beyond so many cells, curves are of as many rows as fit, taken evenly. */
const curveCellsMax = 1_000_000
const confusionsMax = 50
/** With more labels, only the curve of all together is given. */
const curveLabelsMax = 8
const curvePointsMax = 80

/** Judges calibrated predictions. At least one row is needed. */
export function evaluatePredictions(
  predictions: Omit<Predictions, 'labels'>,
  options: EvaluationOptions,
): Evaluation {
  const { labels, seed, resamples = 1_000, temperature = 1, abstain } = options
  const judged: Predictions = { ...predictions, labels: labels.length }
  const outcomes = rowOutcomes(judged)
  const examples = outcomes.truth.length
  assert.ok(examples > 0, 'nothing to evaluate')
  const rows = Int32Array.from(outcomes.truth, (_, row) => row)
  const once = new Uint16Array(examples).fill(1)
  const tally = tallyRows(outcomes, rows)
  const classes = classScores(tally)
  const ranks = truthRanks(judged)
  const rankings = rankRows(judged)
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
    calibration: calibrationOf(judged, { temperature, eceAfter: scores.ece }),
    abstention: abstentionOf(judged, abstain),
    slices: sliceScores(outcomes, options.examples ?? []),
    curves: curvesOf(judged, labels),
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
  const undone = { labels, temperature: 1 / temperature }
  const probabilities = temperedProbabilities(predictions.probabilities, undone)
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
