// Trains a candidate on fold after fold, and stops it when it would take more time than is left.
// select-method.ts decides which candidates there are.
import { WinnowError } from '../../schemas/errors.ts'
import { datasetPart, type Dataset } from '../data/dataset.ts'
import type { JudgedFold } from '../cross-validation/fold-scores.ts'
import type { FoldTrainer, TrainingProgress } from '../cross-validation/fold-training.ts'
import type { Fold } from '../cross-validation/folds.ts'
import { judgeFold } from '../cross-validation/judge-fold.ts'
import {
  foldSeconds,
  foldsSecondsLeft,
  secondsLeftOf,
  trainingRatio,
  type FoldPace,
} from './candidate-time.ts'
import type { Candidate } from './candidate.ts'

/** How a candidate is judged. Times are in seconds. */
export type JudgeOptions = {
  readonly candidate: Candidate
  readonly plan: readonly Fold[]
  /** All training examples, and those that the folds divide. */
  readonly train: Dataset
  readonly compared: Dataset
  readonly open: (
    candidate: Candidate,
    watch: { onProgress: (progress: TrainingProgress) => void; signal: AbortSignal },
  ) => Promise<FoldTrainer>
  /** Until the whole training must have ended. */
  readonly secondsLeft: () => number
  /** That the final training takes if another candidate is chosen. */
  readonly secondsReserved: number
  readonly now: () => number
  readonly onProgress: (progress: TrainingProgress, fold: number | undefined) => void
  readonly signal?: AbortSignal | undefined
}

/** What came of a candidate. Times are in seconds. */
export type CandidateOutcome = {
  readonly state: 'complete' | 'stopped' | 'failed'
  readonly reason?: string | undefined
  readonly folds: readonly JudgedFold[]
  readonly seconds: number
  /** Of its training on all examples, as far as that is known. */
  readonly finalSeconds: number
}

/** A timer with a longer delay fires at once. */
const timerMsMax = 2 ** 31 - 1

/** Errors that are the candidate's own; any other ends the comparison. */
const ownFailures: ReadonlySet<string> = new Set([
  'dataset_invalid',
  'training_diverged',
  'memory_exhausted',
  'base_not_found',
  'hash_mismatch',
  'download_failed',
  'deadline_exceeded',
])

/**
 * Judges a candidate on the folds in order.
 *
 * @throws WinnowError `cancelled`, and what training throws unless it is the candidate's own.
 */
export async function judgeCandidate(options: JudgeOptions): Promise<CandidateOutcome> {
  const { candidate, plan, train, compared, now, signal } = options
  const began = now()
  const folds: JudgedFold[] = []
  const stop = new AbortController()
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])
  const part = datasetPart(compared, plan[0]!.train, 'fold')
  const ratio = trainingRatio(candidate.method, { whole: train, part })
  let tooLong: string | undefined
  const check = ({ folds: needed, training }: TimeNeeded): void => {
    const final = Math.max(options.secondsReserved, training)
    const left = options.secondsLeft()
    if (needed + final <= left || tooLong !== undefined) return
    tooLong = `It needs about ${secondsText(needed + final)}, and ${secondsText(left)} are left.`
    stop.abort()
  }
  const checkPace = (pace: FoldPace): void => {
    const needed = foldsSecondsLeft(pace)
    if (needed !== undefined) check({ folds: needed, training: ratio * foldSeconds(pace)! })
  }
  const judged = (): number[] => folds.map(({ seconds }) => seconds)
  let openSeconds = 0
  const outcome = (state: CandidateOutcome['state'], reason?: string): CandidateOutcome => {
    const { seconds: first = 0 } = folds[0] ?? {}
    const { seconds: last = 0 } = folds.at(-1) ?? {}
    // What folds share is computed before the first one ends, and again for the other texts.
    const shared = openSeconds + Math.max(0, first - last)
    const finalSeconds = ratio * last + othersOf(options) * shared
    return { state, reason, folds, seconds: now() - began, finalSeconds }
  }
  const msLeft = 1_000 * (options.secondsLeft() - options.secondsReserved)
  const timer = setTimeout(
    () => {
      tooLong ??= 'The time ran out.'
      stop.abort()
    },
    Math.min(msLeft, timerMsMax),
  )
  try {
    const watch = watchOf(options, { check, checkPace, judged })
    const trainer = await options.open(candidate, { onProgress: watch(undefined), signal: either })
    openSeconds = now() - began
    for (const [at, fold] of plan.entries()) {
      const onProgress = watch(at + 1)
      folds.push((await judgeFold(trainer, fold, { onProgress, signal: either })).judged)
      const isLast = folds.length === plan.length
      if (!isLast) checkPace({ folds: plan.length, judged: judged(), elapsed: 0 })
      if (either.aborted) throw new WinnowError('cancelled', 'Training was cancelled.')
    }
    return outcome('complete')
  } catch (error) {
    if (signal?.aborted === true || !(error instanceof WinnowError)) throw error
    if (tooLong !== undefined && error.code === 'cancelled') return outcome('stopped', tooLong)
    if (ownFailures.has(error.code)) return outcome('failed', firstSentence(error))
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/** What happened; what to do about it is for those who chose the method themselves. */
function firstSentence({ message }: WinnowError): string {
  return /^.*?\.(?=\s|$)/.exec(message)?.[0] ?? message
}

/** Seconds until the folds are judged, and those of training on all examples. */
type TimeNeeded = { readonly folds: number; readonly training: number }

/** Passes progress on, and checks the time by it. */
function watchOf(
  options: JudgeOptions,
  checks: {
    check: (needed: TimeNeeded) => void
    checkPace: (pace: FoldPace) => void
    judged: () => number[]
  },
): (fold: number | undefined) => (progress: TrainingProgress) => void {
  const { plan, now, onProgress } = options
  const others = othersOf(options)
  return (fold) => {
    // What folds share, such as embeddings, does not count as time of a fold.
    const began = new Map<TrainingProgress['kind'], number>()
    return (progress) => {
      onProgress(progress, fold)
      const { kind } = progress
      if (!began.has(kind)) began.set(kind, now())
      const left = secondsLeftOf(progress)
      if (left === undefined) return
      const elapsed = now() - began.get(kind)!
      if (kind === 'step') {
        checks.checkPace({ folds: plan.length, judged: checks.judged(), elapsed, left })
      } else checks.check({ folds: left, training: others * (elapsed + left) })
    }
  }
}

/** The examples that are not compared, per compared one: compared ones stay embedded. */
function othersOf({ train, compared }: JudgeOptions): number {
  return train.examples.length / compared.examples.length - 1
}

function secondsText(seconds: number): string {
  return `${Math.max(0, Math.round(seconds)).toLocaleString('en-US')} s`
}
