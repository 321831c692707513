// The rule by which a trial is stopped early: asynchronous successive halving, ASHA (Li et al.
// 2020, "A System for Massively Parallel Hyperparameter Tuning", arXiv:1810.05934). It only
// decides: run-study.ts asks it after each epoch. Hyperband's brackets are hyperband.ts.
import { isBetter, type MetricName, type Trial } from './study.ts'

/** Of the trials that reach a rung, one in so many goes on to the next. */
export const reductionFactorDefault = 4

/**
 * Whether a trial stops after its last epoch. Rungs are after r, r η, r η², … epochs, where r is
 * the first rung and η the reduction factor. At a rung, a trial goes on if its value is among the
 * best ⌈n / η⌉ of the n trials that have reached the rung so far, itself included. So the best
 * value of a rung always goes on. The answer depends on the arguments only.
 */
export function stopsAtRung(trial: {
  /** The metric after each epoch of the trial. */
  readonly epochs: readonly number[]
  /** The other trials of the study, whatever became of them. */
  readonly others: readonly Pick<Trial, 'epochs'>[]
  readonly metric: MetricName
  /** A whole number of at least 2. */
  readonly reductionFactor: number
  /** Epochs before which no trial stops. Default 1. */
  readonly firstRung?: number | undefined
}): boolean {
  const { epochs, others, metric, reductionFactor, firstRung = 1 } = trial
  const rung = epochs.length
  if (!isRung(rung, { reductionFactor, firstRung })) return false
  const value = epochs.at(-1)!
  const reached = others.flatMap((other) => other.epochs[rung - 1] ?? []).filter(Number.isFinite)
  const better = reached.filter((each) => !Number.isFinite(value) || isBetter(metric, each, value))
  return better.length >= Math.ceil((reached.length + 1) / reductionFactor)
}

function isRung(
  epochs: number,
  { reductionFactor, firstRung }: { reductionFactor: number; firstRung: number },
): boolean {
  let rung = firstRung
  while (rung < epochs) rung *= reductionFactor
  return rung === epochs
}
