// Decides which epochs of trials count when several trials run at once, so that the same ones are
// stopped as if they had run one after the other. The rule itself is asha.ts.
import type { TrialScores } from './study.ts'

/** What a trial is after one of its epochs. */
export type TrialEpoch = {
  readonly scores: TrialScores
  /** Whether the trial ends here in any case. */
  readonly isLast: boolean
}

/** One trial that runs, as its epochs come in. */
export type RacingTrial = {
  readonly number: number
  /** After each epoch so far. */
  readonly reported: TrialEpoch[]
  /** How many of these count for good. */
  decided: number
  isPruned: boolean
  /** Whether no epoch will follow. */
  isOver: boolean
}

/** Whether a trial stops after its last epoch, given the epochs of earlier trials. */
export type StopRule = (trial: {
  readonly number: number
  readonly epochs: readonly TrialEpoch[]
}) => boolean

/**
 * Decides on reported epochs, the trials by number. After epoch E, a trial is compared with those
 * of lower number only, once it is certain whether they reach epoch E. Until then it goes on, so it
 * can be further ahead when it turns out that it ended. The rule must depend on no more of the
 * other trials than their first E epochs.
 *
 * @returns what was decided, in order.
 */
export function decideEpochs(
  trials: readonly RacingTrial[],
  stops: StopRule,
): { readonly trial: RacingTrial; readonly epoch: TrialEpoch }[] {
  const ordered = [...trials].sort((a, b) => a.number - b.number)
  const decided: { trial: RacingTrial; epoch: TrialEpoch }[] = []
  for (const [at, trial] of ordered.entries()) {
    const lower = ordered.slice(0, at)
    while (!isDecided(trial) && lower.every((one) => isKnownAt(one, trial.decided + 1))) {
      const epoch = trial.reported[trial.decided]!
      trial.decided++
      decided.push({ trial, epoch })
      const epochs = trial.reported.slice(0, trial.decided)
      trial.isPruned = !epoch.isLast && stops({ number: trial.number, epochs })
    }
  }
  return decided
}

/** Whether all that a trial has reported is decided. */
export function isDecided({ isPruned, decided, reported }: RacingTrial): boolean {
  return isPruned || decided === reported.length
}

/** Whether it is certain that a trial has this epoch, or that it has not. */
function isKnownAt(trial: RacingTrial, epoch: number): boolean {
  return trial.decided >= epoch || trial.isPruned || (trial.isOver && isDecided(trial))
}
