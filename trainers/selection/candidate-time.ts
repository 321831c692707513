// Estimates how long the rest of a candidate takes, from the time that it took so far. It decides
// nothing.
import type { TrainingProgress } from '../cross-validation/fold-training.ts'
import { recipeFor, type ExampleCounts } from '../encoder/few-examples.ts'
import type { TrainingMethod } from '../runs/run-record.ts'

/** The first steps are slower than the rest, because memory is allocated and code is compiled. */
const stepsMeasuredMin = 10

/** The seconds that the training under way still takes; undefined while too little is known. */
export function secondsLeftOf(progress: TrainingProgress): number | undefined {
  switch (progress.kind) {
    case 'step':
      return progress.step < stepsMeasuredMin ? undefined : progress.secondsLeft
    case 'embedding': {
      const { done, total, textsPerSecond } = progress
      return textsPerSecond > 0 ? (total - done) / textsPerSecond : undefined
    }
    default:
      return undefined
  }
}

/** How far the folds of a candidate are. Times are in seconds. */
export type FoldPace = {
  readonly folds: number
  /** Of each fold that is judged. */
  readonly judged: readonly number[]
  /** Since the fold under way began; 0 between folds. */
  readonly elapsed: number
  /** Until it is trained, if that is known. */
  readonly left?: number | undefined
}

/** Seconds of one fold, of the last one if any is judged; undefined while nothing is known. */
export function foldSeconds({ judged, elapsed, left }: FoldPace): number | undefined {
  return judged.at(-1) ?? (left === undefined ? undefined : elapsed + left)
}

/** Seconds until all folds are judged; undefined while nothing is known. */
export function foldsSecondsLeft(pace: FoldPace): number | undefined {
  const each = foldSeconds(pace)
  if (each === undefined) return undefined
  const { folds, judged, elapsed, left } = pace
  if (judged.length === folds) return 0
  return (left ?? Math.max(0, each - elapsed)) + each * (folds - judged.length - 1)
}

/** The steps that fine-tuning plans for so many examples, with the recipe for that many. */
export function stepsOf(method: 'partial' | 'full', train: ExampleCounts): number {
  const { epochs, batchTexts } = recipeFor(train, { method })
  return epochs * Math.ceil(train.examples.length / batchTexts)
}

/**
 * How many times longer it takes to train a method on `whole` than on `part`. Fine-tuning takes
 * time by its steps.
 */
export function trainingRatio(
  method: TrainingMethod,
  { whole, part }: { whole: ExampleCounts; part: ExampleCounts },
): number {
  return method === 'head'
    ? whole.examples.length / part.examples.length
    : stepsOf(method, whole) / stepsOf(method, part)
}
