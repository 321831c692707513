// The option --precision of a training: makes an int8 version of what was trained. The quantisation
// is in trainers/quantisation/.
import { openVersion } from '../models/store/version-store.ts'
import { WinnowError } from '../schemas/errors.ts'
import type { QuantisedFrom } from '../models/store/manifest.ts'
import type { DataParts } from '../trainers/data/data-rules.ts'
import { measuredIn, measuredOnGiven } from '../trainers/evaluation/measured-on.ts'
import {
  quantiseVersion,
  type QuantiseProgress,
} from '../trainers/quantisation/quantise-version.ts'
import type { LongWork } from './context.ts'

/**
 * `fp32` leaves the version as it was trained. `int8` writes a further version in int8, which is
 * then the result. `auto` does so only if it keeps labels and accuracy on the test texts.
 */
export const trainingPrecisions = ['fp32', 'int8', 'auto'] as const
export type TrainingPrecision = (typeof trainingPrecisions)[number]

/** What became of the int8 version; `model` is null if it was too far from fp32. */
export type Quantisation = QuantisedFrom & {
  readonly model: string | null
  readonly measuredOn: string
}

/**
 * Refuses `auto` without test texts, on which it would have to decide.
 *
 * @throws WinnowError `usage`.
 */
export function checkPrecision(options: {
  readonly precision?: TrainingPrecision | undefined
  readonly test?: unknown
}): void {
  if (options.precision !== 'auto' || options.test !== undefined) return
  throw new WinnowError(
    'usage',
    '--precision auto compares int8 with fp32 on texts of no part in training; give them with --test.',
  )
}

/** The trained version in the wanted precision, with the result of the comparison. */
export async function inPrecision<Trained extends { model: string; modelDir: string }>(
  trained: Trained,
  options: {
    readonly precision: TrainingPrecision | undefined
    readonly parts: DataParts
    readonly storeDir: string
    readonly workers: number
  } & LongWork<QuantiseProgress>,
): Promise<Trained & { readonly quantised?: Quantisation }> {
  const { precision = 'fp32', parts, storeDir, workers, signal, onProgress } = options
  if (precision === 'fp32') return trained
  const { train, test } = parts
  const measured = test ?? train
  const measuredOn =
    test === undefined
      ? measuredOnGiven(train.manifest, { train: train.manifest })
      : measuredIn(test, ['validation', train]).measuredOn
  const { version, from, graphSha256, texts, agreement, accuracy, accuracyBefore } =
    await quantiseVersion({
      storeDir,
      version: await openVersion({ ref: trained.model, storeDir }),
      calibration: train.examples,
      measured,
      measuredOn,
      evaluatedOn: test === undefined ? 'validation' : 'test',
      accept: precision === 'int8' ? 'any' : 'close',
      workers,
      signal,
      onProgress,
    })
  const found = { from, graphSha256, texts, agreement, accuracy, accuracyBefore, measuredOn }
  const quantised = { ...found, model: version?.ref ?? null }
  if (version === undefined) return { ...trained, quantised }
  return { ...trained, model: version.ref, modelDir: version.dir, quantised }
}
