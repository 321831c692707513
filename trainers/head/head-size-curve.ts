// The size curve of a data set: heads are fitted on nested parts of the examples, and each is
// measured on a fold that no fit has seen. What the curve says is evaluation/size-curve.ts.
import type { LabelTruth } from '../data/dataset.ts'
import { seededRandom } from '../../models/runtime/seeded-random.ts'
import type { SizeCurve, SizePoint, SizeScore } from '../evaluation/size-curve.ts'
import { headScores } from './head-scores.ts'
import { openLogisticProblem, type LabelledFeatures } from './logistic-problem.ts'
import {
  fitLogistic,
  rowWeightsOf,
  searchPrecision,
  type ClassWeighting,
  type LogisticFit,
} from './logistic-regression.ts'

/** The options of `headSizeCurve`. */
export type HeadSizeCurveOptions = {
  readonly training: LabelledFeatures
  /** The fold of each example, from 0. */
  readonly foldOf: Int32Array
  /** C of all fits: that of the trained head. */
  readonly inverseRegularisation: number
  /** float32 [count, labels]: each row from a fit at this C without the row's fold. */
  readonly heldOutProbabilities: Float32Array
  readonly classWeighting?: ClassWeighting | undefined
  readonly seed: number
  readonly threads?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** The parts of the examples that are fitted; each holds all examples of those before it. */
const parts = [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1] as const
/** A part with fewer examples per label says nothing. */
const examplesPerLabelMin = 2
/**
 * Features times labels times examples of a curve that costs a few seconds. 2,000 texts of 64
 * labels with 2,688 features are 3.4 times as much: 7.5 s of processor time beside 19.5 s of the
 * training.
 */
const costMax = 1e8

/** When a size curve is computed; `cheap` is if it costs seconds rather than minutes. */
export type SizeCurveWanted = 'always' | 'cheap' | 'never'

/** The size curve, if it is wanted. */
export async function wantedSizeCurve(
  wanted: SizeCurveWanted,
  options: HeadSizeCurveOptions,
): Promise<SizeCurve | undefined> {
  const { features, labels } = options.training
  const isCheap = features.count * features.width * labels <= costMax
  if (wanted === 'never' || (wanted === 'cheap' && !isCheap)) return undefined
  return headSizeCurve(options)
}

/**
 * Scores by number of training examples; undefined if there are too few examples for two points.
 * All folds are fitted at each size, so that a point shows how much the fits vary. The fits of all
 * examples are those that `heldOutProbabilities` come from, so the others cost about as much as two
 * fits of all examples.
 *
 * @throws WinnowError `training_diverged`, `cancelled`, `session_failed`.
 */
export async function headSizeCurve(options: HeadSizeCurveOptions): Promise<SizeCurve | undefined> {
  const { training, foldOf, threads } = options
  const folds = 1 + foldOf.reduce((most, fold) => Math.max(most, fold), 0)
  const { count } = training.features
  const trained = (count * (folds - 1)) / folds
  const from = parts.findIndex((part) => part * trained >= examplesPerLabelMin * training.labels)
  if (folds < 2 || from < 0 || from === parts.length - 1) return undefined
  const partOf = nestedParts(training, { shares: parts.slice(from), seed: options.seed })
  const sizes = parts.length - from
  // A fit skips the blocks of the groups that it leaves out.
  const groupOf = foldOf.map((fold, row) => fold * sizes + partOf[row]!)
  const problem = await openLogisticProblem(training, { threads, groupOf })
  try {
    const fits: (FoldScore & { size: number })[] = []
    for (let fold = 0; fold < folds; fold++) {
      let start: LogisticFit | undefined
      for (let size = 0; size < sizes - 1; size++) {
        const work = { ...options, problem, partOf, groupOf, sizes, fold, size, start }
        const { fit, score } = await fitPart(work)
        fits.push({ size, ...score })
        start = fit
      }
      fits.push({ size: sizes - 1, ...foldScore(options, { fold }) })
    }
    const points = Array.from({ length: sizes }, (_, size) =>
      pointOf(fits.filter((one) => one.size === size)),
    )
    const held = folds === 2 ? 'halves' : folds === 3 ? 'thirds' : `parts, 1 of ${folds},`
    return { points, measuredOn: `held-out ${held} of the training texts` }
  } finally {
    await problem.close()
  }
}

type FoldScore = { readonly examples: number; readonly accuracy: number; readonly macroF1: number }

/** Fits one part without one fold, and measures it on that fold. */
async function fitPart(
  work: HeadSizeCurveOptions & {
    problem: Awaited<ReturnType<typeof openLogisticProblem>>
    partOf: Int32Array
    groupOf: Int32Array
    sizes: number
    fold: number
    size: number
    start: LogisticFit | undefined
  },
): Promise<{ fit: LogisticFit; score: FoldScore }> {
  const { problem, training, foldOf, partOf, sizes, fold, size, start, signal } = work
  const isFitted = (row: number): boolean => foldOf[row] !== fold && partOf[row]! <= size
  const weights = rowWeightsOf(training, work.classWeighting ?? 'none')
  const fit = await fitLogistic(problem, {
    rowWeights: weights.map((weight, row) => (isFitted(row) ? weight : 0)),
    inverseRegularisation: work.inverseRegularisation,
    start,
    precision: searchPrecision,
    signal,
  })
  const all = new Float32Array(foldOf.length * training.labels)
  for (let part = 0; part < sizes; part++) {
    const group = fold * sizes + part
    const found = await problem.probabilities(fit.point, group)
    for (const [row, own] of work.groupOf.entries()) {
      if (own !== group) continue
      const [from, to] = [row * training.labels, (row + 1) * training.labels]
      all.set(found.subarray(from, to), from)
    }
  }
  const examples = foldOf.reduce((sum, _, row) => sum + Number(isFitted(row)), 0)
  return { fit, score: foldScore({ ...work, heldOutProbabilities: all }, { fold, examples }) }
}

/** The scores of held-out probabilities on one fold; `examples` were fitted, or all others. */
function foldScore(
  {
    training,
    foldOf,
    heldOutProbabilities,
  }: Pick<HeadSizeCurveOptions, 'training' | 'foldOf' | 'heldOutProbabilities'>,
  { fold, examples }: { fold: number; examples?: number },
): FoldScore {
  const { labels } = training
  const tested = Int32Array.from(foldOf.keys()).filter((row) => foldOf[row] === fold)
  const probabilities = new Float32Array(tested.length * labels)
  for (const [at, row] of tested.entries()) {
    probabilities.set(heldOutProbabilities.subarray(row * labels, (row + 1) * labels), at * labels)
  }
  const truth = truthAt(training, tested)
  const { accuracy, macroF1 } = headScores(truth, { probabilities, labels })
  return { examples: examples ?? foldOf.length - tested.length, accuracy, macroF1 }
}

function truthAt({ truth, targets, labels }: LabelledFeatures, rows: Int32Array): LabelTruth {
  if (truth !== undefined) return { truth: rows.map((row) => truth[row]!) }
  const chosen = new Uint8Array(rows.length * labels)
  for (const [at, row] of rows.entries()) {
    chosen.set(targets.subarray(row * labels, (row + 1) * labels), at * labels)
  }
  return { targets: chosen }
}

/**
 * The smallest part that holds each example, from 0: int32 [count]. The examples of each label are
 * spread over the parts as over the whole.
 */
function nestedParts(
  { features, truth }: LabelledFeatures,
  { shares, seed }: { shares: readonly number[]; seed: number },
): Int32Array {
  const random = seededRandom(seed)
  const rowsOf = new Map<number, number[]>()
  for (let row = 0; row < features.count; row++) {
    // Label sets are not stratified.
    const label = truth?.[row] ?? 0
    const rows = rowsOf.get(label)
    if (rows === undefined) rowsOf.set(label, [row])
    else rows.push(row)
  }
  const partOf = new Int32Array(features.count)
  for (const rows of rowsOf.values()) {
    // Without the offset, every rare label would be absent from the smallest part.
    const offset = random.uint32() / 2 ** 32
    for (const [rank, row] of random.shuffle(rows).entries()) {
      const place = ((rank + offset) / rows.length) % 1
      partOf[row] = shares.findIndex((share) => place < share)
    }
  }
  return partOf
}

function pointOf(fits: readonly FoldScore[]): SizePoint {
  const score = (of: 'accuracy' | 'macroF1'): SizeScore => {
    const values = fits.map((fit) => fit[of])
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    return { mean, low: Math.min(...values), high: Math.max(...values) }
  }
  const examples = fits.reduce((sum, fit) => sum + fit.examples, 0) / fits.length
  return {
    examples: Math.round(examples),
    accuracy: score('accuracy'),
    macroF1: score('macroF1'),
  }
}
