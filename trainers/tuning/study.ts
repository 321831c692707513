// A study: the trials of one tune, in the order in which they were made, and which of them is best.
// It owns their meaning. Where they are kept is journal.ts, what makes them is run-study.ts.
import type { ObservedTrial } from './samplers/sampler.ts'
import type { TrialParameters } from './space/space.ts'

/** What a trial is judged by. */
export const metricNames = ['accuracy', 'macro_f1', 'log_loss'] as const
export type MetricName = (typeof metricNames)[number]

/** Of every trial, whichever metric counts. */
export type TrialScores = Readonly<Record<MetricName, number>>

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
  readonly scores?: TrialScores | undefined
  /** The metric after each epoch, for methods that have epochs. */
  readonly epochs: readonly number[]
  readonly seconds: number
  /** Why it failed. */
  readonly error?: string | undefined
}

/** Whether the first value is better than the second. */
export function isBetter(metric: MetricName, value: number, other: number): boolean {
  return metric === 'log_loss' ? value < other : value > other
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

/** The trials as samplers see them. */
export function observedTrials(trials: readonly Trial[], metric: MetricName): ObservedTrial[] {
  return trials.map(({ number, state, parameters, value, epochs }) => ({
    number,
    state,
    parameters,
    loss: value === undefined || metric === 'log_loss' ? value : -value,
    epochs: epochs.length,
  }))
}
