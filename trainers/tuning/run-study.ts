// Runs the trials of a study, one after the other, until its budget is spent. It asks the sampler,
// has the trial evaluated and writes down the result. It knows no training method: the caller
// passes in an evaluator. Which trials are stopped early is asha.ts and hyperband.ts.
import { WinnowError } from '../../schemas/errors.ts'
import { stopsAtRung } from './asha.ts'
import { bracketOf } from './hyperband.ts'
import { chooseSampler } from './samplers/choose-sampler.ts'
import type { StudyJournal } from './journal.ts'
import type { TrialParameters } from './space/space.ts'
import {
  bestTrial,
  observedTrials,
  type MetricName,
  type Trial,
  type TrialScores,
} from './study.ts'

/** Trains and measures one set of parameters. */
export type TrialEvaluator = {
  /** What is known of the default recipe before it was tried. */
  readonly defaults: TrialParameters
  /**
   * Evaluates parameters, or the default recipe. The same parameters give the same scores.
   *
   * @throws WinnowError `training_diverged` and `memory_exhausted` fail the trial; any other error
   * ends the study.
   */
  readonly evaluate: (
    parameters: TrialParameters | 'default',
    watch: TrialWatch,
  ) => Promise<TrialOutcome>
}

/** How a study follows and stops a trial. */
export type TrialWatch = {
  /**
   * To be called after each epoch. If it answers `stop`, the trial ends with the scores of this
   * epoch.
   */
  readonly onEpoch: (epoch: TrialEpoch) => 'continue' | 'stop'
  readonly signal?: AbortSignal | undefined
}

export type TrialEpoch = {
  readonly scores: TrialScores
  /** Whether the trial ends here in any case. */
  readonly isLast: boolean
}

export type TrialOutcome = {
  readonly scores: TrialScores
  /** With what the method chose by itself. */
  readonly parameters: TrialParameters
}

export type RunStudyOptions = {
  readonly journal: StudyJournal
  readonly evaluator: TrialEvaluator
  /** Trials in all, those before a resume included. */
  readonly trialsMax: number
  /** Seconds of all trials together; the first one always runs. */
  readonly secondsMax?: number | undefined
  readonly onBegin?: ((trial: Trial) => void) | undefined
  readonly onEnd?: ((trial: Trial) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs trials up to the budget and gives the best one. Trial 0 is the default recipe, so that the
 * best is never worse. A trial that a kill cut off is run again with its parameters.
 *
 * @throws WinnowError `cancelled`, `training_diverged` when every trial failed, and what the
 * evaluator throws.
 */
export async function runStudy(
  options: RunStudyOptions,
): Promise<Trial & { readonly value: number }> {
  const { journal, evaluator, signal } = options
  const { space, sampler, seed, metric } = journal.start
  const suggest = chooseSampler(sampler)
  while (hasBudget(options)) {
    if (signal?.aborted) throw new WinnowError('cancelled', 'Tuning was cancelled.')
    const known = journal.trials()
    const cutOff = known.find(({ state }) => state === 'running')
    const number = cutOff?.number ?? known.length
    const trials = observedTrials(known, journal.start)
    const suggested = number === 0 ? evaluator.defaults : suggest({ space, trials, seed, number })
    await runTrial(options, { number, parameters: cutOff?.parameters ?? suggested })
  }
  const best = bestTrial(journal.trials(), metric)
  if (best !== undefined) return best
  const last = journal.trials().findLast(({ error }) => error !== undefined)
  throw new WinnowError(
    'training_diverged',
    `None of ${journal.trials().length} trials ended with a result. The last one: ${last?.error}`,
  )
}

/** A trial is begun while, at the mean time of those before, it would end within the budget. */
function hasBudget({ journal, trialsMax, secondsMax = Infinity }: RunStudyOptions): boolean {
  const ended = journal.trials().filter(({ state }) => state !== 'running')
  if (ended.length === 0) return true
  const seconds = ended.reduce((sum, trial) => sum + trial.seconds, 0)
  return ended.length < trialsMax && seconds + seconds / ended.length <= secondsMax
}

async function runTrial(
  { journal, evaluator, signal, onBegin, onEnd }: RunStudyOptions,
  { number, parameters }: { number: number; parameters: TrialParameters },
): Promise<void> {
  await journal.append({ kind: 'begun', trial: number, parameters })
  onBegin?.(journal.trials()[number]!)
  const began = performance.now()
  const asked = number === 0 ? 'default' : parameters
  const epochs = followEpochs(journal, number)
  const outcome = await evaluator
    .evaluate(asked, { signal, onEpoch: epochs.onEpoch })
    .catch(failureOf)
    .finally(epochs.written)
  const { metric, metrics } = journal.start
  const seconds = (performance.now() - began) / 1_000
  const ending = { kind: 'ended', trial: number, seconds } as const
  if ('error' in outcome) {
    await journal.append({ ...ending, parameters, state: 'failed', error: outcome.error })
  } else {
    const { scores, parameters: used } = outcome
    const scoreOf = (name: MetricName): number => scores[name] ?? NaN
    const unknown = (metrics ?? [metric]).find((name) => !Number.isFinite(scoreOf(name)))
    if (unknown === undefined) {
      const state = epochs.isPruned() ? 'pruned' : 'complete'
      const value = scoreOf(metric)
      const values = metrics && ([value, scoreOf(metrics[1])] as const)
      await journal.append({ ...ending, parameters: used, state, value, values, scores })
    } else {
      const error = `${unknown} is not a finite number`
      await journal.append({ ...ending, parameters, state: 'failed', error })
    }
  }
  onEnd?.(journal.trials()[number]!)
}

/** Writes down the epochs of a trial in their order, and decides after each. */
function followEpochs(
  journal: StudyJournal,
  number: number,
): {
  readonly onEpoch: TrialWatch['onEpoch']
  readonly isPruned: () => boolean
  /** Resolves when all epochs are on disk. */
  readonly written: () => Promise<void>
} {
  const { metric } = journal.start
  const stops = pruningOf(journal, number)
  const epochs: number[] = []
  let isPruned = false
  let written = Promise.resolve()
  return {
    onEpoch({ scores, isLast }) {
      const value = scores[metric] ?? NaN
      epochs.push(value)
      written = written.then(() => journal.append({ kind: 'epoch', trial: number, value }))
      // `written` reports the failure; until then it must not count as unhandled.
      written.catch(() => undefined)
      isPruned = !isLast && stops(epochs)
      return isPruned ? 'stop' : 'continue'
    },
    isPruned: () => isPruned,
    written: () => written,
  }
}

/** Decides by the epochs of a trial whether it stops; it is compared within its bracket. */
function pruningOf(
  { start, trials }: StudyJournal,
  number: number,
): (epochs: readonly number[]) => boolean {
  const { metric, reductionFactor, brackets = 1 } = start
  if (reductionFactor === undefined) return () => false
  const bracketIn = (trial: number): number => bracketOf(trial, { brackets, reductionFactor })
  const bracket = bracketIn(number)
  const firstRung = reductionFactor ** bracket
  const others = trials().filter(
    (trial) => trial.number !== number && bracketIn(trial.number) === bracket,
  )
  return (epochs) => stopsAtRung({ epochs, others, metric, reductionFactor, firstRung })
}

const failures: ReadonlySet<string> = new Set(['training_diverged', 'memory_exhausted'])

/** Why a trial failed; throws what is no failure of its parameters. */
function failureOf(error: unknown): { error: string } {
  if (error instanceof WinnowError && failures.has(error.code)) return { error: error.message }
  throw error
}
