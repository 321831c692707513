// Runs the trials of a study until its budget is spent: one after the other, or as many at once as
// the evaluator takes. It asks the sampler, has trials evaluated and writes down the results. It
// knows no training method and no machine: the caller passes in an evaluator. Which trials are
// stopped early is asha.ts and hyperband.ts, in which order that is decided epoch-order.ts.
import { WinnowError } from '../../schemas/errors.ts'
import { stopsAtRung } from './asha.ts'
import { bracketOf } from './hyperband.ts'
import {
  decideEpochs,
  isDecided,
  type RacingTrial,
  type StopRule,
  type TrialEpoch,
} from './epoch-order.ts'
import { chooseSampler } from './samplers/choose-sampler.ts'
import type { StudyEvent, StudyJournal, StudyStart } from './journal.ts'
import type { TrialParameters } from './space/space.ts'
import {
  bestTrial,
  observedTrials,
  paceOf,
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
  /** How many trials it takes at once. Default: one. */
  readonly slots?: TrialSlots | undefined
  /** Frees what trials share, when none runs; a later trial prepares it again. */
  readonly close?: (() => Promise<void>) | undefined
}

/** Room for trials that run at once. */
export type TrialSlots = {
  readonly count: () => number
  /** Resolves when the count changes next. */
  readonly changed: () => Promise<void>
}

/** How a study follows and stops a trial. */
export type TrialWatch = {
  readonly number: number
  /**
   * To be called after each epoch. If it answers `stop`, the trial ends with the scores of this
   * epoch.
   */
  readonly onEpoch: (epoch: TrialEpoch) => 'continue' | 'stop'
  /** To be called when the trial begins from its first epoch again. */
  readonly onRestart: () => void
  /**
   * Aborts when it is decided that the trial has ended at an earlier epoch than the last one. That
   * happens only where trials run at once; what the trial gives then does not count.
   */
  readonly pruned: AbortSignal
  readonly signal?: AbortSignal | undefined
}

export type TrialOutcome = {
  readonly scores: TrialScores
  /** With what the method chose by itself. */
  readonly parameters: TrialParameters
  /** What it took where it ran. Default: the time until it came back. */
  readonly seconds?: number | undefined
}

export type RunStudyOptions = {
  readonly journal: StudyJournal
  readonly evaluator: TrialEvaluator
  /** Trials in all, those before a resume included. */
  readonly trialsMax: number
  /**
   * Seconds of all trials together, by the number that run at once. The first ones always run.
   */
  readonly secondsMax?: number | undefined
  readonly onBegin?: ((trial: Trial) => void) | undefined
  readonly onEnd?: ((trial: Trial) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs trials up to the budget and gives the best one. Trial 0 is the default recipe, so that the
 * best is never worse. A trial that a kill cut off is run again with its parameters. Where a
 * sampler does not look at results, the trials do not depend on how many run at once.
 *
 * @throws WinnowError `cancelled`, `training_diverged` when every trial failed, and what the
 * evaluator throws.
 */
export async function runStudy(
  options: RunStudyOptions,
): Promise<Trial & { readonly value: number }> {
  const { journal, evaluator } = options
  const running = new RunningTrials(options)
  try {
    for (;;) {
      while (running.size < slotsOf(evaluator) && hasBudget(options, running.size)) {
        await running.begin(nextTrial(options, running))
      }
      if (running.size === 0) break
      const { slots } = evaluator
      await Promise.race(slots ? [running.anyEnd(), slots.changed()] : [running.anyEnd()])
    }
  } finally {
    await running.abandon()
    await evaluator.close?.()
  }
  const best = bestTrial(journal.trials(), journal.start.metric)
  if (best !== undefined) return best
  const last = journal.trials().findLast(({ error }) => error !== undefined)
  throw new WinnowError(
    'training_diverged',
    `None of ${journal.trials().length} trials ended with a result. The last one: ${last?.error}`,
  )
}

function slotsOf({ slots }: TrialEvaluator): number {
  return Math.max(1, slots?.count() ?? 1)
}

/** A trial is begun while, at the pace of those before, it would end within the budget. */
function hasBudget(
  { journal, evaluator, trialsMax, secondsMax = Infinity }: RunStudyOptions,
  running: number,
): boolean {
  const trials = journal.trials()
  const ended = trials.filter(({ state }) => state !== 'running')
  if (ended.length + running >= trialsMax) return false
  const pace = paceOf(trials)
  if (pace === undefined) return true
  return (pace.spent + pace.perTrial * (running + 1)) / slotsOf(evaluator) <= secondsMax
}

type BegunTrial = { readonly number: number; readonly parameters: TrialParameters }

/** One that was cut off, else a new one. */
function nextTrial({ journal, evaluator }: RunStudyOptions, running: RunningTrials): BegunTrial {
  const { space, sampler, seed } = journal.start
  const known = journal.trials()
  const cutOff = known.find(({ state, number }) => state === 'running' && !running.has(number))
  if (cutOff !== undefined) return cutOff
  const number = known.length
  if (number === 0) return { number, parameters: evaluator.defaults }
  const trials = observedTrials(known, journal.start)
  return { number, parameters: chooseSampler(sampler)({ space, trials, seed, number }) }
}

/** A trial under way. */
type UnderWay = RacingTrial & {
  readonly pruning: AbortController
  /** Resolves when its outcome is written down. */
  ended: Promise<void>
  /** Called when all its epochs are decided. */
  onDecided: () => void
}

/** The trials that run at once. */
class RunningTrials {
  readonly #options: RunStudyOptions
  readonly #trials = new Map<number, UnderWay>()
  readonly #abandoned = new AbortController()
  /** Events are written down in the order in which they were decided. */
  #written = Promise.resolve()

  constructor(options: RunStudyOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#trials.size
  }

  has(number: number): boolean {
    return this.#trials.has(number)
  }

  async begin(begun: BegunTrial): Promise<void> {
    const { journal, signal, onBegin } = this.#options
    if (signal?.aborted) throw new WinnowError('cancelled', 'Tuning was cancelled.')
    const { number, parameters } = begun
    await this.#write({ kind: 'begun', trial: number, parameters })
    onBegin?.(journal.trials()[number]!)
    const trial: UnderWay = {
      number,
      reported: [],
      decided: 0,
      isPruned: false,
      isOver: false,
      pruning: new AbortController(),
      ended: Promise.resolve(),
      onDecided: () => undefined,
    }
    this.#trials.set(number, trial)
    trial.ended = this.#run(trial, parameters)
    // `anyEnd` reports the failure; until then it must not count as unhandled.
    trial.ended.catch(() => undefined)
  }

  anyEnd(): Promise<void> {
    return Promise.race([...this.#trials.values()].map(({ ended }) => ended))
  }

  /** Ends what still runs, without a result. */
  async abandon(): Promise<void> {
    this.#abandoned.abort()
    for (const { onDecided } of this.#trials.values()) onDecided()
    await Promise.allSettled([...this.#trials.values()].map(({ ended }) => ended))
  }

  async #run(trial: UnderWay, parameters: TrialParameters): Promise<void> {
    const { journal, evaluator, onEnd, signal } = this.#options
    const { number, pruning } = trial
    const abandoned = this.#abandoned.signal
    const began = performance.now()
    const outcome = await evaluator
      .evaluate(number === 0 ? 'default' : parameters, {
        number,
        pruned: pruning.signal,
        signal: signal === undefined ? abandoned : AbortSignal.any([signal, abandoned]),
        onEpoch: (epoch) => {
          trial.reported.push(epoch)
          this.#decide()
          return trial.isPruned ? 'stop' : 'continue'
        },
        onRestart: () => this.#restart(trial, parameters),
      })
      .catch((error: unknown) => failureOf(error, trial))
    trial.isOver = true
    this.#decide()
    while (!isDecided(trial) && !abandoned.aborted) {
      await new Promise<void>((resolve) => (trial.onDecided = resolve))
    }
    if (abandoned.aborted) return
    const seconds = outcome.seconds ?? (performance.now() - began) / 1_000
    await this.#write(endOf(trial, { outcome, parameters, seconds, start: journal.start }))
    this.#trials.delete(number)
    onEnd?.(journal.trials()[number]!)
  }

  #decide(): void {
    const { metric } = this.#options.journal.start
    const racing = [...this.#trials.values()]
    const decided = decideEpochs(racing, (trial) => this.#stops(trial))
    for (const { trial, epoch } of decided) {
      void this.#write({ kind: 'epoch', trial: trial.number, value: epoch.scores[metric] ?? NaN })
    }
    for (const trial of racing) {
      if (trial.isPruned) trial.pruning.abort()
      if (isDecided(trial)) trial.onDecided()
    }
  }

  /** Whether a trial stops; it is compared with earlier ones of its bracket. */
  #stops({ number, epochs }: Parameters<StopRule>[0]): boolean {
    const { metric, reductionFactor, brackets = 1 } = this.#options.journal.start
    if (reductionFactor === undefined) return false
    const bracketIn = (trial: number): number => bracketOf(trial, { brackets, reductionFactor })
    const bracket = bracketIn(number)
    const others = this.#earlierThan(number, epochs.length).filter(
      (trial) => bracketIn(trial.number) === bracket,
    )
    const firstRung = reductionFactor ** bracket
    const values = valuesOf(epochs, metric)
    return stopsAtRung({ epochs: values, others, metric, reductionFactor, firstRung })
  }

  /** The trials of lower number, up to an epoch. */
  #earlierThan(number: number, epoch: number): Pick<Trial, 'number' | 'epochs'>[] {
    const { journal } = this.#options
    const { metric } = journal.start
    return journal
      .trials()
      .slice(0, number)
      .map((trial) => {
        const racing = this.#trials.get(trial.number)
        const epochs = racing && valuesOf(racing.reported.slice(0, racing.decided), metric)
        return { number: trial.number, epochs: (epochs ?? trial.epochs).slice(0, epoch) }
      })
  }

  #restart(trial: UnderWay, parameters: TrialParameters): void {
    if (trial.reported.length === 0) return
    trial.reported.length = 0
    trial.decided = 0
    void this.#write({ kind: 'begun', trial: trial.number, parameters })
  }

  /** Resolves when the event is on disk, after all those before it. */
  #write(event: StudyEvent): Promise<void> {
    this.#written = this.#written.then(() => this.#options.journal.append(event))
    // The writes that follow report the failure, the end of the trial at the latest.
    this.#written.catch(() => undefined)
    return this.#written
  }
}

type Failure = { readonly error: string; readonly seconds?: undefined }

/** How a trial ended, as the journal has it. */
function endOf(
  { number, reported, decided, isPruned }: RacingTrial,
  end: {
    readonly outcome: TrialOutcome | Failure
    readonly parameters: TrialParameters
    readonly seconds: number
    readonly start: Pick<StudyStart, 'metric' | 'metrics'>
  },
): StudyEvent {
  const { outcome, parameters, seconds, start } = end
  const { metric, metrics } = start
  const ending = { kind: 'ended', trial: number, seconds, parameters } as const
  if (!isPruned && 'error' in outcome) return { ...ending, state: 'failed', error: outcome.error }
  // A trial that is pruned has an epoch.
  const scores = isPruned || 'error' in outcome ? reported[decided - 1]!.scores : outcome.scores
  const scoreOf = (name: MetricName): number => scores[name] ?? NaN
  const unknown = (metrics ?? [metric]).find((name) => !Number.isFinite(scoreOf(name)))
  if (unknown !== undefined) {
    return { ...ending, state: 'failed', error: `${unknown} is not a finite number` }
  }
  const value = scoreOf(metric)
  const values = metrics && ([value, scoreOf(metrics[1])] as const)
  if (isPruned) return { ...ending, state: 'pruned', value, values, scores }
  const used = 'error' in outcome ? parameters : outcome.parameters
  return { ...ending, parameters: used, state: 'complete', value, values, scores }
}

function valuesOf(epochs: readonly TrialEpoch[], metric: MetricName): number[] {
  return epochs.map(({ scores }) => scores[metric] ?? NaN)
}

const failures: ReadonlySet<string> = new Set(['training_diverged', 'memory_exhausted'])

/** Why a trial failed; throws what is no failure of its parameters. */
function failureOf(error: unknown, { isPruned }: RacingTrial): Failure {
  if (!(error instanceof WinnowError)) throw error
  if (failures.has(error.code) || isPruned) return { error: error.message }
  throw error
}
