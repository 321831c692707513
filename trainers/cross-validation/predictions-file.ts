// Out-of-fold predictions as JSON Lines, for calibration, abstention and the search for wrong
// labels: each text as judged by a model that has not seen it.
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Dataset } from '../data/dataset.ts'
import type { PredictedFold } from './pooled-evaluation.ts'

/** One line of the file. */
export type PredictionLine = {
  /** Of the example, from 0, in the order of the folds' indices: the same for the same data. */
  readonly index: number
  readonly id?: string | undefined
  readonly text: string
  /** One label, or in `labels` the set. */
  readonly label?: string | undefined
  readonly labels?: readonly string[] | undefined
  /** The label that is most probable, or all whose threshold is reached. */
  readonly predicted: string | readonly string[]
  /** By label, calibrated. */
  readonly probabilities: Readonly<Record<string, number>>
  /** Both from 1. */
  readonly fold: number
  readonly repeat: number
}

/** The lines of all folds, in the order of the folds and of the examples in them. */
export function* predictionLines(
  folds: readonly PredictedFold[],
  { dataset, labels }: { dataset: Dataset; labels: readonly string[] },
): Generator<PredictionLine> {
  for (const { test, probabilities: rows, thresholds, fold, repeat } of folds) {
    for (const [row, index] of test.entries()) {
      const { id, text, label, labels: set } = dataset.examples[index]!
      const own = rows.subarray(row * labels.length, (row + 1) * labels.length)
      const predicted =
        thresholds === undefined
          ? labels[own.indexOf(own.reduce((most, value) => Math.max(most, value), 0))]!
          : labels.filter((_, at) => own[at]! >= thresholds[at]!)
      yield {
        index,
        id,
        text,
        ...(set === undefined ? { label } : { labels: set }),
        predicted,
        probabilities: Object.fromEntries(labels.map((name, at) => [name, rounded(own[at]!)])),
        fold,
        repeat,
      }
    }
  }
}

/** Writes the lines in place of what the file held. */
export async function writePredictions(
  path: string,
  lines: Iterable<PredictionLine>,
): Promise<void> {
  const texts = (function* () {
    for (const line of lines) yield `${JSON.stringify(line)}\n`
  })()
  await pipeline(Readable.from(texts), createWriteStream(path))
}

/** float32 has no more digits worth writing. */
function rounded(value: number): number {
  return Number(value.toPrecision(6))
}
