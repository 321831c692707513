// The lines of `winnow tune` while it runs: what a trial tried and gave, the best so far, and the
// time that is left.
import { counted } from '../../schemas/counted.ts'
import type { LiveStudy } from '../../library/tune.ts'
import type { ParameterValue, TrialParameters } from '../../trainers/tuning/space/space.ts'
import {
  bestTrial,
  frontOf,
  paceOf,
  type MetricName,
  type Trial,
} from '../../trainers/tuning/study.ts'
import { durationText } from '../terminal.ts'

/** What stands before the progress of a trial that runs. */
export function runningText(number: number, study: LiveStudy): string {
  const best = bestTrial(study.trials(), study.start.metric)
  const parts = [
    `trial ${number + 1} of at most ${study.trialsMax}`,
    best && bestText(best, study),
    leftText(study),
  ]
  return parts.filter((part) => part !== undefined).join(', ')
}

/** The line of a trial that has ended. */
export function trialText(trial: Trial, study: LiveStudy): string {
  const best = bestTrial(study.trials(), study.start.metric)
  const epochs = counted(trial.epochs.length, 'epoch')
  const parts = [
    trial.value === undefined ? `${trial.state}: ${trial.error ?? ''}` : valuesText(trial, study),
    trial.state === 'pruned' ? `pruned after ${epochs}` : undefined,
    best && bestText(best, study),
    trial.number === 0 ? 'the default recipe' : parametersText(trial.parameters),
    durationText(trial.seconds * 1_000),
    leftText(study),
  ]
  return `trial ${trial.number}: ${parts.filter((part) => part !== undefined).join(', ')}`
}

/** The value of each metric. */
function valuesText({ value, values }: Trial, { start }: LiveStudy): string {
  const { metric, metrics } = start
  if (metrics === undefined || values === undefined) return `${metric} ${valueText(metric, value!)}`
  return metrics.map((name, at) => `${name} ${valueText(name, values[at]!)}`).join(', ')
}

/** The best trial, or of two objectives the size of the front and its best by the first one. */
function bestText(best: Trial & { readonly value: number }, { start, trials }: LiveStudy): string {
  const { metric, metrics } = start
  const text = `best ${valueText(metric, best.value)} (trial ${best.number})`
  if (metrics === undefined) return text
  return `${text}, ${counted(frontOf(trials(), start).length, 'trial')} in the front`
}

/** Shares as percent, a loss and a time as they are. */
export function valueText(metric: MetricName, value: number): string {
  if (metric === 'log_loss') return value.toFixed(4)
  if (metric === 'ms_per_text') return value.toPrecision(3)
  return `${(value * 100).toFixed(2)} %`
}

function parametersText(parameters: TrialParameters): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${name} ${parameterText(value)}`)
    .join(', ')
}

/** Decimal numbers with three digits. */
export function parameterText(value: ParameterValue): string {
  const isDecimal = typeof value === 'number' && !Number.isInteger(value)
  return isDecimal ? String(Number(value.toPrecision(3))) : String(value)
}

/**
 * At the pace of the trials that have ended, up to the budget that ends first. The winner is then
 * trained, in about the time of its trial.
 */
function leftText(study: LiveStudy): string | undefined {
  const { trialsMax, secondsMax = Infinity } = study
  const trials = study.trials()
  const pace = paceOf(trials)
  if (pace === undefined) return undefined
  const ended = trials.filter(({ state }) => state !== 'running').length
  const ofTrials = Math.min(pace.perTrial * (trialsMax - ended), secondsMax - pace.spent)
  const ofWinner = bestTrial(trials, study.start.metric)?.seconds ?? 0
  return `about ${durationText((Math.max(0, ofTrials) + ofWinner) * 1_000)} left`
}
