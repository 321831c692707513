// A study: the trials of one tune, in the order in which they were made, and which of them is best.
// It owns their meaning. Where they are kept is journal.ts, what makes them is run-study.ts.
import type { ObservedTrial } from './samplers/sampler.ts'
import { nondominated, type LossPair } from './samplers/pareto.ts'
import type { TrialParameters } from './space/space.ts'

/** What a trial is judged by; `ms_per_text` is the time to classify one text (classify-time.ts). */
export const metricNames = ['accuracy', 'macro_f1', 'log_loss', 'ms_per_text'] as const
export type MetricName = (typeof metricNames)[number]

/** Of every trial, whichever metric counts. The time is measured only if it counts. */
export type TrialScores = Readonly<Record<Exclude<MetricName, 'ms_per_text'>, number>> & {
  readonly ms_per_text?: number | undefined
}

/** What a study is judged by. */
export type Objectives = {
  /** The first objective. */
  readonly metric: MetricName
  /** Both, if there are two. */
  readonly metrics?: readonly [MetricName, MetricName] | undefined
}

export type TrialState = ObservedTrial['state']

/** One trial. */
export type Trial = {
  /** From 0, which has the default recipe. */
  readonly number: number
  readonly state: TrialState
  /** Of the default recipe, what it was once the trial has ended. */
  readonly parameters: TrialParameters
  /** Value of the study's metric, when it is complete or was pruned. */
  readonly value?: number | undefined
  /** Values of both metrics, in a study with two objectives; the first is `value`. */
  readonly values?: readonly [number, number] | undefined
  readonly scores?: TrialScores | undefined
  /** The metric after each epoch, for methods that have epochs. */
  readonly epochs: readonly number[]
  readonly seconds: number
  /** Why it failed. */
  readonly error?: string | undefined
}

/** Whether the first value is better than the second. */
export function isBetter(metric: MetricName, value: number, other: number): boolean {
  return lossOf(metric, value) < lossOf(metric, other)
}

/** The complete trial with the best value, the earliest of equals; undefined when there is none. */
export function bestTrial(
  trials: readonly Trial[],
  metric: MetricName,
): (Trial & { readonly value: number }) | undefined {
  let best: (Trial & { readonly value: number }) | undefined
  for (const trial of trials) {
    const { value } = trial
    if (trial.state !== 'complete' || value === undefined || Number.isNaN(value)) continue
    if (best === undefined || isBetter(metric, value, best.value)) best = { ...trial, value }
  }
  return best
}

/**
 * The complete trials that no other one is better than in both objectives, the best by the first
 * objective first. Of trials with equal values, the earliest.
 */
export function frontOf(trials: readonly Trial[], objectives: Objectives): FrontTrial[] {
  const complete = trials.flatMap((trial) => {
    const losses = lossesOf(trial, objectives)
    const isRated = trial.state === 'complete' && losses?.every(Number.isFinite) === true
    return isRated ? [{ trial: trial as FrontTrial, losses }] : []
  })
  const seen = new Set<string>()
  return nondominated(complete.map(({ losses }) => losses))
    .map((place) => complete[place]!)
    .filter(({ losses }) => !seen.has(String(losses)) && seen.add(String(losses)))
    .toSorted((a, b) => a.losses[0] - b.losses[0])
    .map(({ trial }) => trial)
}

/** A trial of the front. */
export type FrontTrial = Trial & {
  readonly value: number
  readonly values: readonly [number, number]
}

/**
 * The seconds of all trials that have ended, and those that one more is likely to take: the mean,
 * without the first trial as soon as there are others, because it also prepares what all share.
 * Undefined before a trial has ended.
 */
export function paceOf(
  trials: readonly Trial[],
): { readonly spent: number; readonly perTrial: number } | undefined {
  const ended = trials.filter(({ state }) => state !== 'running')
  if (ended.length === 0) return undefined
  const secondsOf = (some: readonly Trial[]): number =>
    some.reduce((sum, { seconds }) => sum + seconds, 0)
  const later = ended.filter(({ number }) => number > 0)
  const typical = later.length > 0 ? later : ended
  return { spent: secondsOf(ended), perTrial: secondsOf(typical) / typical.length }
}

/** The trials as samplers see them. */
export function observedTrials(trials: readonly Trial[], objectives: Objectives): ObservedTrial[] {
  return trials.map((trial) => {
    const { number, state, parameters, value, epochs } = trial
    return {
      number,
      state,
      parameters,
      loss: value === undefined ? undefined : lossOf(objectives.metric, value),
      losses: lossesOf(trial, objectives),
      epochs: epochs.length,
    }
  })
}

function lossesOf({ values }: Trial, { metrics }: Objectives): LossPair | undefined {
  if (values === undefined || metrics === undefined) return undefined
  return [lossOf(metrics[0], values[0]), lossOf(metrics[1], values[1])]
}

/** Less is better. */
function lossOf(metric: MetricName, value: number): number {
  return metric === 'log_loss' || metric === 'ms_per_text' ? value : -value
}
