// Which examples candidates are compared on: all of them, or as many as there is time for, with
// the labels in proportion.
import { datasetPart, type Dataset } from '../data/dataset.ts'
import { stratifiedSplit } from '../data/split.ts'
import type { ExampleCounts } from '../encoder/few-examples.ts'
import { defaultRecipe } from '../encoder/fine-tuning-task.ts'
import { stepsOf } from './candidate-time.ts'
import type { BaseShape } from './candidate.ts'

/** So many are compared in any case. With fewer, the differences would be lost in noise. */
export const comparedMin = 1_000

/** The share of the time that is planned; the rest is for what folds share, and for errors. */
const plannedShare = 0.7

/** What the size of the sample depends on. Times are in seconds. */
export type SampleTime = {
  readonly base: BaseShape
  readonly folds: number
  /** Of the method full on the base. */
  readonly secondsPerStep: number
  readonly secondsLeft: number
}

/** A forward pass is about a third of a step. */
const forwardShare = 1 / 3

/**
 * The number of examples on which the methods can be compared on one base, if they can then also be
 * trained on all examples. A method of fine-tuning that cannot is not planned for.
 */
export function comparedExamples(train: ExampleCounts, time: SampleTime): number {
  const total = train.examples.length
  const { base, folds, secondsPerStep, secondsLeft } = time
  const stepSeconds = {
    partial: (secondsPerStep * (base.layers - 1)) / base.layers,
    full: secondsPerStep,
  }
  const headSeconds = (count: number): number =>
    (forwardShare * secondsPerStep * count) / defaultRecipe.batchTexts
  const finalSeconds = (method: 'partial' | 'full'): number =>
    stepSeconds[method] * stepsOf(method, train)
  const tuned = (['partial', 'full'] as const).filter(
    (method) => finalSeconds(method) <= (plannedShare * secondsLeft) / 2,
  )
  const final = Math.max(headSeconds(total), ...tuned.map(finalSeconds))
  const available = plannedShare * (secondsLeft - final)
  const fits = (count: number): boolean => {
    const part = scaled(train, (count * (folds - 1)) / folds)
    const seconds = tuned.map((method) => folds * stepSeconds[method] * stepsOf(method, part))
    return seconds.reduce((sum, each) => sum + each, headSeconds(count)) <= available
  }
  let count = total
  while (count > comparedMin && !fits(count)) count = Math.floor(0.9 * count)
  return Math.min(total, Math.max(count, comparedMin))
}

/** A sample of the training examples, chosen by the seed; every label stays. */
export function comparisonSample(
  train: Dataset,
  { count, seed }: { count: number; seed: number },
): Dataset {
  const total = train.examples.length
  if (count >= total) return train
  const { train: kept } = stratifiedSplit(train.examples, { fraction: 1 - count / total, seed })
  return datasetPart(train, kept, 'sample')
}

/** The counts of a part of the data with the labels in proportion. */
function scaled({ examples, manifest }: ExampleCounts, count: number): ExampleCounts {
  const share = count / examples.length
  const labels = Object.entries(manifest.labels).map(([label, own]) => [label, own * share])
  return {
    examples: { length: count },
    manifest: { task: manifest.task, labels: Object.fromEntries(labels) as Record<string, number> },
  }
}
