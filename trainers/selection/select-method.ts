// The comparison of `train --method auto`, top to bottom: folds, candidates in order of cost as far
// as the time goes, and the choice. The caller trains what was chosen.
import { trainingLabels, type Dataset } from '../data/dataset.ts'
import { summarizeScores } from '../cross-validation/fold-scores.ts'
import { describePlan } from '../cross-validation/fold-plan.ts'
import { planFolds, type Fold } from '../cross-validation/folds.ts'
import type { FoldTrainer, TrainingProgress } from '../cross-validation/fold-training.ts'
import type { ComparedCandidate, SelectionRecord } from '../runs/selection-record.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { candidatesOf, type BaseShape, type Candidate } from './candidate.ts'
import { chooseCandidate, type Choice, type JudgedCandidate } from './choose-candidate.ts'
import { comparedExamples, comparedMin, comparisonSample } from './comparison-sample.ts'
import { judgeCandidate, type CandidateOutcome, type JudgeOptions } from './judge-candidate.ts'

/** How far the comparison is. */
export type SelectionProgress = {
  /** From 1, of all candidates. */
  readonly number: number
  readonly candidates: number
  readonly candidate: Candidate
  /** The fold under way, from 1; undefined while what folds share is computed. */
  readonly fold: number | undefined
  readonly folds: number
  /** Of the whole time, the final training included. */
  readonly secondsLeft: number
  readonly training: TrainingProgress
}

/** The options of `selectMethod`. */
export type SelectMethodOptions = {
  readonly train: Dataset
  /** The first is the one to fall back to. */
  readonly bases: readonly BaseShape[]
  readonly seed: number
  /** For the comparison and the training that follows. */
  readonly secondsMax: number
  /** What of that is gone when the comparison begins. Default 0. */
  readonly secondsSpent?: number | undefined
  readonly open: (
    candidate: Candidate,
    options: {
      readonly dataset: Dataset
      readonly labels: readonly string[]
      readonly onProgress: (progress: TrainingProgress) => void
      readonly signal: AbortSignal
    },
  ) => Promise<FoldTrainer>
  /** Measures the seconds of a step of the method full on the first base. */
  readonly measureStep: (options: { readonly signal?: AbortSignal | undefined }) => Promise<number>
  readonly onProgress?: ((progress: SelectionProgress) => void) | undefined
  /** Called when a candidate has ended. */
  readonly onJudged?: ((candidate: ComparedCandidate) => void) | undefined
  readonly signal?: AbortSignal | undefined
  /** A clock in seconds. Default: that of the process. */
  readonly now?: (() => number) | undefined
}

/** What candidates are judged by, as in `tune`. */
export const selectionMetric = 'macroF1'

/** More folds take more time; fewer make the means less sure. */
const foldsMax = 5

/**
 * Compares the candidates by cross-validation on the same folds, and chooses one. Where nothing
 * could be compared in the time, the method head on the first base is chosen.
 *
 * @throws WinnowError `dataset_invalid`, `cancelled`, and what training throws.
 */
export async function selectMethod(options: SelectMethodOptions): Promise<SelectionRecord> {
  const now = options.now ?? (() => performance.now() / 1_000)
  const started = now()
  const began = started - (options.secondsSpent ?? 0)
  const secondsLeft = (): number => options.secondsMax - (now() - began)
  const compared = await comparedPart(options, secondsLeft)
  const plan = plannedFolds(compared, options.seed)
  const judged = await judgeAll(options, { plan, compared, now, secondsLeft })
  const complete = judged.filter(({ outcome: { state } }) => state === 'complete')
  const choice = complete.length === 0 ? undefined : chooseCandidate(complete, plan.map(sizesOf))
  const fallback = { method: 'head', base: options.bases[0]!.name }
  return {
    metric: selectionMetric,
    rule: 'one-standard-error',
    secondsMax: options.secondsMax,
    seconds: now() - started,
    examples: options.train.examples.length,
    comparedExamples: compared.examples.length,
    folds: plan.length,
    foldsSha256: plan.length === 0 ? null : foldsHash(plan, { compared, seed: options.seed }),
    candidates: judged.map((one) => described(one, choice)),
    best: choice === undefined ? null : named(choice.best),
    chosen: choice === undefined ? fallback : named(choice.chosen),
    finalSeconds: choice === undefined ? null : choice.chosen.outcome.finalSeconds,
    reason: choice?.reason ?? nothingCompared(plan),
  }
}

/** With less time, nothing but the head is compared, and so nothing needs to be measured. */
const measurementSecondsMin = 30

/** The examples to compare on: all, unless that would take more time than there is. */
async function comparedPart(
  options: SelectMethodOptions,
  secondsLeft: () => number,
): Promise<Dataset> {
  const { train, bases, seed, signal } = options
  if (train.examples.length <= comparedMin || secondsLeft() < measurementSecondsMin) return train
  const secondsPerStep = await options.measureStep({ signal })
  const count = comparedExamples(train, {
    base: bases[0]!,
    folds: foldsMax,
    secondsPerStep,
    secondsLeft: secondsLeft(),
  })
  return comparisonSample(train, { count, seed })
}

/** A candidate with what came of it. */
type Judged = JudgedCandidate & { readonly outcome: Outcome }
type Outcome = Omit<CandidateOutcome, 'state'> & {
  readonly state: CandidateOutcome['state'] | 'skipped'
}

/** Judges candidates in order of cost while there is time, which includes the final training. */
async function judgeAll(
  options: SelectMethodOptions,
  run: {
    plan: readonly Fold[]
    compared: Dataset
    now: () => number
    secondsLeft: () => number
  },
): Promise<Judged[]> {
  const { train, onProgress, onJudged, signal } = options
  const { plan, compared, now, secondsLeft } = run
  if (plan.length === 0) return []
  const labels = trainingLabels(train)
  const candidates = candidatesOf(options.bases)
  const judged: Judged[] = []
  for (const [at, candidate] of candidates.entries()) {
    const secondsReserved = Math.max(0, ...judged.map(({ outcome }) => reservedFor(outcome)))
    const shared: JudgeOptions = {
      candidate,
      plan,
      train,
      compared,
      secondsLeft,
      secondsReserved,
      now,
      signal,
      open: (of, watch) => options.open(of, { dataset: compared, labels, ...watch }),
      onProgress: (training, fold) =>
        onProgress?.({
          number: at + 1,
          candidates: candidates.length,
          candidate,
          fold,
          folds: plan.length,
          secondsLeft: secondsLeft(),
          training,
        }),
    }
    const outcome =
      secondsLeft() <= secondsReserved ? skipped(secondsLeft()) : await judgeCandidate(shared)
    const values = outcome.folds.map(({ metrics }) => metrics[selectionMetric]!)
    judged.push({ ...candidate, values, outcome })
    onJudged?.(described(judged.at(-1)!, undefined))
  }
  return judged
}

/** Only a complete candidate can be chosen and trained. */
function reservedFor({ state, finalSeconds }: Outcome): number {
  return state === 'complete' ? finalSeconds : 0
}

function skipped(secondsLeft: number): Outcome {
  const reason = secondsLeft > 0 ? 'The time left is for the final training.' : 'No time was left.'
  return { state: 'skipped', reason, folds: [], seconds: 0, finalSeconds: 0 }
}

/** As many folds as the data allows; none if there are not even two. */
function plannedFolds({ examples }: Dataset, seed: number): readonly Fold[] {
  for (let folds = foldsMax; folds >= 2; folds--) {
    try {
      return planFolds(examples, { folds, seed })
    } catch (error) {
      const isTooMany = error instanceof WinnowError && tooManyFolds.has(error.code)
      if (!isTooMany) throw error
    }
  }
  return []
}

/** What `planFolds` throws when the examples do not suffice for so many folds. */
const tooManyFolds: ReadonlySet<string> = new Set(['usage', 'dataset_invalid'])

function sizesOf({ train, test }: Fold): { trained: number; tested: number } {
  return { trained: train.length, tested: test.length }
}

function foldsHash(
  plan: readonly Fold[],
  { compared, seed }: { compared: Dataset; seed: number },
): string {
  return describePlan(plan, { folds: plan.length, seed, manifest: compared.manifest }).sha256
}

function nothingCompared(plan: readonly Fold[]): string {
  return plan.length === 0
    ? 'There are too few examples to compare candidates; head needs the fewest.'
    : 'The time was too short to compare candidates; head is the fastest.'
}

function named({ method, base }: Candidate): { method: string; base: string } {
  return { method, base: base.name }
}

function described(judged: Judged, choice: Choice<Judged> | undefined): ComparedCandidate {
  const { state, reason, seconds, folds } = judged.outcome
  const summary = state === 'complete' ? summarizeScores(folds) : undefined
  return {
    ...named(judged),
    state,
    reason,
    seconds,
    folds: folds.map(({ seconds: own, metrics }) => ({ seconds: own, metrics })),
    mean: summary?.mean,
    intervals: summary?.intervals,
    difference: judged === choice?.best ? undefined : choice?.differences.get(judged),
  }
}
