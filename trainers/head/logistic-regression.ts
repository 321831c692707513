// Trains a linear head: chooses the strength of regularisation by cross-validation on the training
// examples alone, then fits all of them. The objective is logistic-problem.ts, the minimiser
// lbfgs.ts, the folds split.ts.
import assert from 'node:assert/strict'
import { WinnowError } from '../../schemas/errors.ts'
import { followFits, type FitFollower, type FitProgress } from './fit-progress.ts'
import { headScores } from './head-scores.ts'
import { minimizeLbfgs, type Correction, type LbfgsResult } from './lbfgs.ts'
import {
  openLogisticProblem,
  penaltyOf,
  type LogisticHead,
  type LabelledFeatures,
  type LogisticProblem,
} from './logistic-problem.ts'

/** One strength of regularisation, judged on examples that its fits did not see. */
export type RegularisationTrial = {
  /** scikit-learn's C. */
  readonly inverseRegularisation: number
  readonly accuracy: number
  readonly macroF1: number
  readonly logLoss: number
}

/** `balanced` weighs each label's examples by n / (labels x examples of the label). */
export type ClassWeighting = 'none' | 'balanced'

export type TrainLogisticOptions = {
  readonly training: LabelledFeatures
  /** The fold, from 0, of each example; see `stratifiedFolds`. */
  readonly foldOf: Int32Array
  /** Strengths to try, ascending; one alone is taken without a search. */
  readonly grid?: readonly number[] | undefined
  readonly classWeighting?: ClassWeighting | undefined
  readonly threads?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly onTrial?: ((trial: RegularisationTrial) => void) | undefined
  readonly onFit?: ((progress: FitProgress) => void) | undefined
}

export type TrainedLogistic = {
  readonly head: LogisticHead
  readonly inverseRegularisation: number
  /** Empty when there was nothing to choose. */
  readonly trials: readonly RegularisationTrial[]
  /** float32 [count, labels]: each row from a fit without its fold, at the chosen strength. */
  readonly heldOutProbabilities: Float32Array
  readonly iterations: number
  readonly converged: boolean
}

/** Suits embeddings of length 1, on which good values lie between 1 and 100. */
export const regularisationGrid = [0.3, 1, 3, 10, 30, 100, 300] as const

/**
 * Bounds of the gradient, in units of 1 / (C x examples): at the minimum the penalty's part of it
 * is W / (C x examples), so these bound the error of the weights, at every strength alike. On 8,954
 * texts of 64 labels the loss ends within 2.6 % and 0.02 % of its minimum; on three test sets as
 * many texts are right as at a twentieth of the bound, up to four.
 */
const searchPrecision = 3
const finalPrecision = 0.2
const gradientLimit = 1e-4
const iterationsMax = 1_000
/** Relative error of a mean of log losses whose probabilities are float32. */
const float32Noise = 1e-7
/** The search ends after so many strengths in a row that are no better than the best. */
const worseTrialsMax = 2
/**
 * Strengths whose macro F1 is within so many standard errors of the best count as equally good. A
 * quarter, because all are judged on the same examples and differ by less than chance moves each.
 */
const tieDeviations = 0.25

/**
 * Fits a head, deterministically. C is chosen from the grid by macro F1 on held-out folds, and
 * among those that chance cannot tell apart by log loss, which favours honest probabilities.
 *
 * @throws WinnowError `training_diverged`, `cancelled`, `session_failed`.
 */
export async function trainLogisticRegression(
  options: TrainLogisticOptions,
): Promise<TrainedLogistic> {
  const { training, foldOf, signal, threads } = options
  const grid = options.grid ?? regularisationGrid
  assert.ok(grid.length > 0, 'the grid of strengths is empty')
  const rowWeights = rowWeightsOf(training, options.classWeighting ?? 'none')
  const problem = await openLogisticProblem(training, { threads, groupOf: foldOf })
  try {
    const follower =
      options.onFit &&
      followFits({ searchFits: grid.length * foldCount(foldOf), onFit: options.onFit })
    const search = { problem, training, foldOf, rowWeights, signal, follower }
    const { best, trials } = await searchRegularisation(search, { grid, onTrial: options.onTrial })
    follower?.endSearch()
    const { inverseRegularisation } = best.trial
    const fit = await fitLogistic(problem, {
      rowWeights,
      inverseRegularisation,
      signal,
      follower,
      start: middleOf(best.fits),
      precision: finalPrecision,
    })
    const { iterations, converged } = fit
    return {
      head: problem.head(fit.point),
      inverseRegularisation,
      trials: grid.length > 1 ? trials : [],
      heldOutProbabilities: best.heldOut,
      iterations,
      converged,
    }
  } finally {
    await problem.close()
  }
}

/**
 * The strength that `trainLogisticRegression` would choose, judged on the held-out folds, without
 * the fit of all examples.
 *
 * @throws WinnowError `training_diverged`, `cancelled`, `session_failed`.
 */
export async function judgeStrengths(options: TrainLogisticOptions): Promise<RegularisationTrial> {
  const { training, foldOf, signal, threads, onTrial } = options
  const grid = options.grid ?? regularisationGrid
  const rowWeights = rowWeightsOf(training, options.classWeighting ?? 'none')
  const problem = await openLogisticProblem(training, { threads, groupOf: foldOf })
  try {
    const searchFits = grid.length * foldCount(foldOf)
    const follower = options.onFit && followFits({ searchFits, onFit: options.onFit })
    const search = { problem, training, foldOf, rowWeights, signal, follower }
    return (await searchRegularisation(search, { grid, onTrial })).best.trial
  } finally {
    await problem.close()
  }
}

/** A fit, and the penalty at which it was made, from which another one can start. */
export type LogisticFit = LbfgsResult & { readonly penalty: number }

/**
 * One fit; `precision` is in units of 1 / (C x sum of row weights). It starts where an earlier one
 * ended, with what that one knew of the curvature, else from zero.
 */
export async function fitLogistic(
  problem: LogisticProblem,
  options: {
    rowWeights: Float32Array
    inverseRegularisation: number
    start?: LogisticFit | undefined
    precision: number
    signal?: AbortSignal | undefined
    follower?: FitFollower | undefined
  },
): Promise<LogisticFit> {
  const { inverseRegularisation, start, signal } = options
  const penalty = penaltyOf(options)
  const gradientMax = Math.min(gradientLimit, options.precision * penalty)
  const from = start?.point ?? new Float64Array(problem.coefficients)
  const fit = await minimizeLbfgs((point) => problem.evaluate(point, options), from, {
    gradientMax,
    iterationsMax,
    valueNoise: float32Noise,
    precondition: (vector) => problem.precondition(vector, penalty),
    corrections: start && correctionsAt(penalty, { start, labels: problem.labels }),
    signal,
    onStep: options.follower?.begin({ inverseRegularisation, gradientMax }),
  })
  if (!Number.isFinite(fit.value)) {
    throw new WinnowError('training_diverged', 'The loss is no longer a finite number.')
  }
  return { ...fit, penalty }
}

/** The mean of fits of parts: nearer to a fit of all examples than any of them. */
function middleOf(fits: readonly LogisticFit[]): LogisticFit | undefined {
  const [first] = fits
  if (first === undefined) return undefined
  const point = new Float64Array(first.point.length)
  for (const fit of fits) {
    for (let i = 0; i < point.length; i++) point[i] = point[i]! + fit.point[i]! / fits.length
  }
  return { ...first, point }
}

/** Another penalty changes the gradient along a step by its share of the step, intercepts apart. */
function correctionsAt(
  penalty: number,
  { start, labels }: { start: LogisticFit; labels: number },
): Correction[] {
  const difference = penalty - start.penalty
  return start.corrections.map(({ step, change }) => {
    const weights = step.length - labels
    const moved = change.map((value, i) => (i < weights ? value + difference * step[i]! : value))
    return { step, change: moved }
  })
}

/** float32 [count]: the weight of each example by its label. */
export function rowWeightsOf(training: LabelledFeatures, weighting: ClassWeighting): Float32Array {
  const { truth, labels, features } = training
  if (weighting === 'none') return new Float32Array(features.count).fill(1)
  if (truth === undefined) {
    throw new WinnowError('usage', 'Texts with several labels cannot be weighted by class.')
  }
  const counts = new Float64Array(labels)
  for (const label of truth) counts[label] = counts[label]! + 1
  return Float32Array.from(truth, (label) => truth.length / (labels * counts[label]!))
}

type Search = {
  readonly problem: LogisticProblem
  readonly training: LabelledFeatures
  readonly foldOf: Int32Array
  readonly rowWeights: Float32Array
  readonly signal: AbortSignal | undefined
  readonly follower: FitFollower | undefined
}
type Judged = {
  readonly trial: RegularisationTrial
  readonly heldOut: Float32Array
  /** One a fold, of the examples outside it. */
  readonly fits: readonly LogisticFit[]
}

/** Ascends the grid, each fold starting from its fit at the strength before. */
async function searchRegularisation(
  search: Search,
  options: { grid: readonly number[]; onTrial: ((trial: RegularisationTrial) => void) | undefined },
): Promise<{ best: Judged; trials: RegularisationTrial[] }> {
  const judged: Judged[] = []
  let best: RegularisationTrial | undefined
  let worse = 0
  for (const inverseRegularisation of options.grid) {
    const starts = judged.at(-1)?.fits
    const next = await judge(search, { inverseRegularisation, starts })
    judged.push(next)
    options.onTrial?.(next.trial)
    if (best === undefined || next.trial.macroF1 > best.macroF1) {
      best = next.trial
      worse = 0
    } else if (++worse === worseTrialsMax) break
  }
  const chosen = chooseTrial(judged, search.training.features.count)
  return { best: chosen, trials: judged.map(({ trial }) => trial) }
}

/** Fits each fold's complement; a held-out row has weight 0 in the fit that predicts it. */
async function judge(
  search: Search,
  options: { inverseRegularisation: number; starts: readonly LogisticFit[] | undefined },
): Promise<Judged> {
  const { problem, training, foldOf, signal, follower } = search
  const { labels, features } = training
  const { inverseRegularisation, starts } = options
  const heldOut = new Float32Array(features.count * labels)
  const fits: LogisticFit[] = []
  for (let fold = 0; fold < foldCount(foldOf); fold++) {
    const rowWeights = search.rowWeights.map((weight, row) => (foldOf[row] === fold ? 0 : weight))
    const fit = await fitLogistic(problem, {
      rowWeights,
      inverseRegularisation,
      signal,
      follower,
      start: starts?.[fold],
      precision: searchPrecision,
    })
    fits.push(fit)
    const probabilities = await problem.probabilities(fit.point, fold)
    for (const [row, rowFold] of foldOf.entries()) {
      if (rowFold !== fold) continue
      heldOut.set(probabilities.subarray(row * labels, (row + 1) * labels), row * labels)
    }
  }
  const { accuracy, macroF1, logLoss } = headScores(training, { probabilities: heldOut, labels })
  const trial = { inverseRegularisation, accuracy, macroF1, logLoss }
  return { trial, heldOut, fits }
}

function foldCount(foldOf: Int32Array): number {
  return 1 + foldOf.reduce((most, fold) => Math.max(most, fold), 0)
}

/** The lowest log loss among the strengths whose macro F1 is as good as the best, up to chance. */
function chooseTrial(judged: readonly Judged[], examples: number): Judged {
  const best = judged.reduce((a, b) => (b.trial.macroF1 > a.trial.macroF1 ? b : a))
  const { accuracy } = best.trial
  const tie = best.trial.macroF1 - tieDeviations * Math.sqrt((accuracy * (1 - accuracy)) / examples)
  return judged
    .filter(({ trial }) => trial.macroF1 >= tie)
    .reduce((a, b) => (b.trial.logLoss < a.trial.logLoss ? b : a))
}
