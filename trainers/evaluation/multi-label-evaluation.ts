// Assembles the evaluation of a multi-label model as one JSON document. multi-label-metrics.ts and
// ranking-metrics.ts compute the scores; multi-label-report.ts renders the document.
import assert from 'node:assert/strict'
import { confidence, Draws, type Interval } from './bootstrap.ts'
import type { ReliabilityBin } from './calibration.ts'
import type { Evaluation, LabelCurves } from './evaluation.ts'
import type { SetPredictions } from './label-thresholds.ts'
import { binOf, calibrationBins, type ClassScores } from './metrics.ts'
import { labelScores, scoresOfSets, setOutcomes, type SetScores } from './multi-label-metrics.ts'
import {
  areasOfLabels,
  meanAreas,
  rankingCurves,
  rankTargets,
  type LabelAreas,
  type MeanAreas,
} from './ranking-metrics.ts'
import { seededRandom } from '../../models/runtime/seeded-random.ts'

/** The evaluation of multi-label predictions at the thresholds of the model. */
export type MultiLabelEvaluation = SetScores &
  MeanAreas & {
    readonly task: 'multi-label'
    readonly examples: number
    /** The mean number of labels per example, true and predicted. */
    readonly cardinality: { readonly truth: number; readonly predicted: number }
    readonly perClass: Readonly<Record<string, ClassScores & LabelAreas & { threshold: number }>>
    /**
     * Bins of decisions: confidence is a label's probability, accuracy how often the label applies.
     */
    readonly reliability: readonly ReliabilityBin[]
    readonly curves: readonly LabelCurves[]
    readonly intervals: Readonly<Record<keyof SetScores, Interval>> & {
      readonly confidence: number
      readonly resamples: number
    }
  }

/** The evaluation that `train` and `evaluate` report, by the task of the model. */
export type TaskEvaluation = Evaluation | MultiLabelEvaluation

/** Whether an evaluation is of a multi-label model. */
export function isOfSets(evaluation: TaskEvaluation): evaluation is MultiLabelEvaluation {
  return 'task' in evaluation
}

/** The scores in the order in which they are shown. */
export const setScoreNames = [
  'accuracy',
  'hammingLoss',
  'microF1',
  'macroF1',
  'weightedF1',
  'samplesF1',
  'rankingAveragePrecision',
  'logLoss',
  'brier',
  'ece',
] as const satisfies readonly (keyof SetScores)[]

/** With more labels than this, there is only the micro-averaged curve. */
const curveLabelsMax = 8
const curvePointsMax = 80

/** Evaluates multi-label predictions. Needs at least one row. */
export function evaluateLabelSets(
  predictions: Omit<SetPredictions, 'labels'>,
  options: {
    labels: readonly string[]
    thresholds: readonly number[]
    seed: number
    /** Bootstrap resamples. Default 1,000. */
    resamples?: number | undefined
  },
): MultiLabelEvaluation {
  const { labels, thresholds, seed, resamples = 1_000 } = options
  const labelled: SetPredictions = { ...predictions, labels: labels.length }
  const outcomes = setOutcomes(labelled, thresholds)
  const examples = outcomes.hits.length
  assert.ok(examples > 0, 'nothing to evaluate')
  const rows = Int32Array.from(outcomes.hits, (_, row) => row)
  const classes = labelScores(outcomes)
  const support = Float64Array.from(classes, (one) => one.support)
  const counts = new Uint16Array(examples).fill(1)
  const areas = areasOfLabels(rankTargets(labelled), { counts, support, total: examples })
  const sizes = (lists: readonly Int32Array[]): number =>
    lists.reduce((sum, list) => sum + list.length, 0)
  const hits = sizes(outcomes.hits)
  return {
    task: 'multi-label',
    examples,
    ...scoresOfSets(outcomes, rows),
    ...meanAreas(areas, support),
    cardinality: {
      truth: (hits + sizes(outcomes.missed)) / examples,
      predicted: (hits + sizes(outcomes.extra)) / examples,
    },
    perClass: Object.fromEntries(
      labels.map((label, at) => [
        label,
        { ...classes[at]!, ...areas[at]!, threshold: thresholds[at]! },
      ]),
    ),
    reliability: reliabilityOf(labelled),
    curves: curvesOf(labelled, labels),
    intervals: intervalsOf(outcomes, { seed, resamples }),
  }
}

function reliabilityOf({ targets, probabilities }: SetPredictions): ReliabilityBin[] {
  const bins = Array.from({ length: calibrationBins }, () => ({ examples: 0, sum: 0, hits: 0 }))
  for (const [at, probability] of probabilities.entries()) {
    const bin = bins[binOf(probability)]!
    bin.examples++
    bin.sum += probability
    bin.hits += targets[at]!
  }
  return bins.map(({ examples, sum, hits }, bin) => ({
    from: bin / calibrationBins,
    to: (bin + 1) / calibrationBins,
    examples,
    confidence: examples === 0 ? 0 : sum / examples,
    accuracy: examples === 0 ? 0 : hits / examples,
  }))
}

function curvesOf(labelled: SetPredictions, names: readonly string[]): LabelCurves[] {
  const { targets, probabilities, labels } = labelled
  const rows = targets.length / labels
  const curves = (label: string | null, pairs: Parameters<typeof rankingCurves>[0]) => ({
    label,
    ...rankingCurves(pairs, curvePointsMax),
  })
  if (labels > curveLabelsMax) {
    return [curves(null, { probability: probabilities.slice(), isRight: targets })]
  }
  return names.map((name, label) =>
    curves(name, {
      probability: Float32Array.from({ length: rows }, (_, row) => {
        return probabilities[row * labels + label]!
      }),
      isRight: Uint8Array.from({ length: rows }, (_, row) => targets[row * labels + label]!),
    }),
  )
}

function intervalsOf(
  outcomes: ReturnType<typeof setOutcomes>,
  { seed, resamples }: { seed: number; resamples: number },
): MultiLabelEvaluation['intervals'] {
  const random = seededRandom(seed)
  const rows = new Int32Array(outcomes.hits.length)
  const drawn = new Draws()
  for (let resample = 0; resample < resamples; resample++) {
    for (let i = 0; i < rows.length; i++) rows[i] = random.below(rows.length)
    const scores = scoresOfSets(outcomes, rows)
    for (const name of setScoreNames) drawn.add(name, scores[name])
  }
  const intervals = setScoreNames.map((name) => [name, drawn.interval(name)!])
  return {
    ...(Object.fromEntries(intervals) as Record<keyof SetScores, Interval>),
    confidence,
    resamples,
  }
}
