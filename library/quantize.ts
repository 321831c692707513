// Makes an int8 version of a model version. The quantisation is in trainers/quantisation/; the
// command `models quantize` calls the same function.
import { openVersion } from '../models/store/version-store.ts'
import { workersOf } from '../serving/model.ts'
import { measuredOnGiven } from '../trainers/evaluation/measured-on.ts'
import {
  quantiseVersion,
  type QuantisedVersion,
  type QuantiseProgress,
} from '../trainers/quantisation/quantise-version.ts'
import { readRunRecord } from '../trainers/runs/run-record.ts'
import { resolveContext, type Context, type LongWork, type WinnowOptions } from './context.ts'
import {
  readCleaned,
  type ColumnOptions,
  type ReadingProgress,
  type TextSource,
} from './read-texts.ts'

/** What is quantised, and on which texts. */
export type QuantizationOptions = ColumnOptions &
  LongWork<ReadingProgress | QuantiseProgress> & {
    /** NAME, NAME@VERSION or NAME@champion: a version in fp32 that Winnow trained. */
    readonly model: string
    /** Labelled texts on which both versions are measured, best those of no part in training. */
    readonly data: TextSource
    /** Texts from which the scales are chosen. Default: `data`. */
    readonly calibration?: TextSource | undefined
  }

/** The options of {@link quantize}. */
export type QuantizeOptions = WinnowOptions & QuantizationOptions

/** What a quantisation gives, as `winnow models quantize --json` prints it. */
export type Quantized = Omit<QuantisedVersion, 'version'> & {
  /** The new version; null if its labels or its accuracy were too far from the original's. */
  readonly model: string | null
  readonly modelDir: string | null
  readonly measuredOn: string
}

/**
 * Writes a version with int8 weights and activations, which takes about a third of the time per
 * text. It is written only if its labels are those of the original on 99 % of the texts and its
 * accuracy is at most 0.2 points lower.
 *
 * @throws WinnowError `model_not_found`, `model_incompatible`, `dataset_invalid`, `cancelled`.
 *
 * @example
 * const { model, agreement } = await quantize({ model: 'tickets', data: 'test.jsonl' })
 */
export async function quantize(options: QuantizeOptions): Promise<Quantized> {
  return quantizeIn(await resolveContext(options), options)
}

/** `quantize` in a context. */
export async function quantizeIn(
  context: Pick<Context, 'config' | 'paths' | 'note'>,
  options: QuantizationOptions,
): Promise<Quantized> {
  const { config, paths } = context
  const version = await openVersion({ ref: options.model, storeDir: paths.store })
  const measured = await readCleaned(options.data, { ...options, context })
  const calibration =
    options.calibration === undefined
      ? measured
      : await readCleaned(options.calibration, { ...options, context })
  const { trainingRun } = version.manifest
  const run = trainingRun === null ? undefined : await readRunRecord(paths.store, trainingRun)
  const measuredOn = measuredOnGiven(measured.manifest, run?.dataManifest)
  const { version: written, ...found } = await quantiseVersion({
    storeDir: paths.store,
    version,
    calibration: calibration.examples,
    measured,
    measuredOn,
    evaluatedOn: 'test',
    workers: workersOf(config.inference),
    signal: options.signal,
    onProgress: options.onProgress,
  })
  return { ...found, model: written?.ref ?? null, modelDir: written?.dir ?? null, measuredOn }
}
