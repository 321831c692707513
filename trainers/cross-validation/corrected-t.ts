// How sure a mean over folds is. Folds share most of their training examples, so their scores vary
// together and the usual t test finds differences where there are none. Nadeau and Bengio (2003,
// "Inference for the generalization error", Machine Learning 52) correct it: the variance of the
// mean is (1 / J + tested / trained) times that of the J folds, instead of 1 / J times.
import { criticalT, twoSidedPValue } from './student-t.ts'

/** Examples that a fold trained on and tested. */
export type FoldSizes = { readonly trained: number; readonly tested: number }

/** A score over folds. */
export type FoldSummary = {
  readonly mean: number
  /** Standard deviation of the folds, divided by their number less 1. */
  readonly deviation: number
  readonly low: number
  readonly high: number
}

/** Of all intervals. */
export const confidence = 0.95

/** The mean of one value per fold, with its corrected interval. At least two folds are needed. */
export function summarizeFolds(
  values: readonly number[],
  sizes: readonly FoldSizes[],
): FoldSummary {
  const { mean, deviation, error } = momentsOf(values, sizes)
  const reach = criticalT(confidence, values.length - 1) * error
  return { mean, deviation, low: mean - reach, high: mean + reach }
}

/** Differences of one recipe from another on the same folds. */
export type PairedDifference = FoldSummary & {
  /** The corrected statistic; null where all folds differ by the same amount. */
  readonly t: number | null
  /** Two-sided: how likely so large a difference is between equally good recipes. */
  readonly pValue: number
}

/** The corrected resampled paired t test of `first` less `second`. */
export function compareFolds(
  values: { readonly first: readonly number[]; readonly second: readonly number[] },
  sizes: readonly FoldSizes[],
): PairedDifference {
  const differences = values.first.map((value, fold) => value - values.second[fold]!)
  const summary = summarizeFolds(differences, sizes)
  const { mean, error } = momentsOf(differences, sizes)
  if (error === 0) return { ...summary, t: null, pValue: mean === 0 ? 1 : 0 }
  const t = mean / error
  return { ...summary, t, pValue: twoSidedPValue(t, differences.length - 1) }
}

/**
 * The mean of one value per fold, the deviation of the folds, and the corrected standard error of
 * the mean.
 */
export function momentsOf(
  values: readonly number[],
  sizes: readonly FoldSizes[],
): { mean: number; deviation: number; error: number } {
  const count = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const variance = squares / (count - 1)
  // Folds of time grow, so that the share is a mean over the folds.
  const share = sizes.reduce((sum, { trained, tested }) => sum + tested / trained, 0) / count
  return { mean, deviation: Math.sqrt(variance), error: Math.sqrt((1 / count + share) * variance) }
}
