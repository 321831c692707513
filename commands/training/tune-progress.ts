// The lines of `winnow tune` while it runs: what a trial tried and gave, the best so far, and the
// time that is left.
import { counted } from '../../schemas/counted.ts'
import type { TrialParameters } from '../../trainers/tuning/space/space.ts'
import { bestTrial, type MetricName, type Trial } from '../../trainers/tuning/study.ts'
import { durationText } from '../terminal.ts'

/** What stands before the progress of a trial. */
export function beganText(number: number, trialsMax: number): string {
  return `trial ${number + 1} of at most ${trialsMax}`
}

/** The line of a trial that has ended. */
export function trialText(
  trial: Trial,
  study: {
    readonly trials: readonly Trial[]
    readonly metric: MetricName
    readonly trialsMax: number
    readonly secondsMax?: number | undefined
  },
): string {
  const { metric, trials } = study
  const best = bestTrial(trials, metric)
  const epochs = counted(trial.epochs.length, 'epoch')
  const parts = [
    trial.value === undefined
      ? `${trial.state}: ${trial.error ?? ''}`
      : `${metric} ${valueText(metric, trial.value)}`,
    trial.state === 'pruned' ? `pruned after ${epochs}` : undefined,
    best && `best ${valueText(metric, best.value)} (trial ${best.number})`,
    trial.number === 0 ? 'the default recipe' : parametersText(trial.parameters),
    durationText(trial.seconds * 1_000),
    leftText(study),
  ]
  return `trial ${trial.number}: ${parts.filter((part) => part !== undefined).join(', ')}`
}

/** Shares as percent, a loss as it is. */
function valueText(metric: MetricName, value: number): string {
  return metric === 'log_loss' ? value.toFixed(4) : `${(value * 100).toFixed(2)} %`
}

function parametersText(parameters: TrialParameters): string {
  return Object.entries(parameters)
    .map(([name, value]) => {
      const isDecimal = typeof value === 'number' && !Number.isInteger(value)
      return `${name} ${isDecimal ? Number(value.toPrecision(3)) : String(value)}`
    })
    .join(', ')
}

/** At the mean time of the trials so far, up to the budget that ends first. */
function leftText({
  trials,
  trialsMax,
  secondsMax = Infinity,
}: {
  readonly trials: readonly Trial[]
  readonly trialsMax: number
  readonly secondsMax?: number | undefined
}): string | undefined {
  const spent = trials.reduce((sum, { seconds }) => sum + seconds, 0)
  const byTrials = (spent / trials.length) * (trialsMax - trials.length)
  const left = Math.min(byTrials, secondsMax - spent)
  return left > 0 ? `about ${durationText(left * 1_000)} left` : undefined
}
