// Builds a cascade of a version from labelled texts, and from texts without labels if there are
// some. It decides which texts are held out; trainers/cascade/ does the rest.
import { cleanText } from '../models/cleaning/clean-text.ts'
import { seededRandom } from '../models/runtime/seeded-random.ts'
import { openVersion } from '../models/store/version-store.ts'
import { counted } from '../schemas/counted.ts'
import { WinnowError } from '../schemas/errors.ts'
import { workersOf } from '../serving/model.ts'
import {
  buildCascade as build,
  type BuiltCascade,
  type CascadeProgress,
  type CascadeText,
} from '../trainers/cascade/build-cascade.ts'
import { confidenceOf, textsNeeded } from '../trainers/cascade/risk-bound.ts'
import type { DataManifest, Dataset } from '../trainers/data/dataset.ts'
import { duplicateKey, stratifiedSplit } from '../trainers/data/split.ts'
import { textRows } from '../trainers/evaluation/text-rows.ts'
import { fileReading } from '../trainers/files/file-reading.ts'
import { noteText } from '../trainers/files/file-rows.ts'
import { readRunRecord } from '../trainers/runs/run-record.ts'
import { resolveContext, type Context, type LongWork, type WinnowOptions } from './context.ts'
import { fileAccess } from './file-access.ts'
import {
  columnsOf,
  readCleaned,
  type ColumnOptions,
  type ReadingProgress,
  type TextSource,
} from './read-texts.ts'

/** What a cascade is built from. */
export type CascadeOptions = ColumnOptions &
  LongWork<ReadingProgress | CascadeProgress> & {
    /** NAME, NAME@VERSION or NAME@champion: the full model. */
    readonly model: string
    /** Labelled texts to fit the small model on, such as those that trained the full one. */
    readonly data: TextSource
    /**
     * Labelled texts on which the full model was not trained, by which the risk is bounded.
     * Default: 40 % of `data`, if the full model was trained on others, else half of `unlabelled`.
     */
    readonly heldOut?: TextSource | undefined
    /** Files with more texts, whose labels do not matter. */
    readonly unlabelled?: string | readonly string[] | undefined
    /** The most accuracy that may be lost, as a fraction of all texts. Default 0.002. */
    readonly risk?: number | undefined
    /**
     * The confidence with which that holds. Default 0.95, or what the held-out texts can show if no
     * right label is lost, but at least 0.8.
     */
    readonly confidence?: number | undefined
    /** Default 1. */
    readonly seed?: number | undefined
  }

/** The options of {@link buildCascade}. */
export type BuildCascadeOptions = WinnowOptions & CascadeOptions

/** The defaults of the options. */
export const cascadeDefaults = { risk: 0.002, seed: 1 } as const

/** The confidence that is wanted by default, and the least that is taken for it. */
const [confidenceWanted, confidenceMin] = [0.95, 0.8]

const heldOutShare = 0.4
const unlabelledHeldOutShare = 0.5

/**
 * Builds a small model for a version and writes both as a new version of the same name. The small
 * model answers the texts that it is sure of; the full model answers the rest.
 *
 * @throws WinnowError `model_not_found`, `model_incompatible`, `dataset_invalid` if the risk cannot
 * be shown, `usage` if the held-out texts trained the full model, `cancelled`.
 *
 * @example
 * const texts = { data: 'train.jsonl', heldOut: 'new.jsonl' }
 * const { cascade } = await buildCascade({ model: 'tickets', ...texts })
 * console.log(`${cascade.answered * 100} % of the texts do not need the full model`)
 */
export async function buildCascade(options: BuildCascadeOptions): Promise<BuiltCascade> {
  return buildCascadeIn(await resolveContext(options), options)
}

/** `buildCascade` in a context. */
export async function buildCascadeIn(
  context: Context,
  options: CascadeOptions,
): Promise<BuiltCascade> {
  const { config, paths } = context
  const { risk, seed, signal, onProgress } = { ...cascadeDefaults, ...options }
  const version = await openVersion({ ref: options.model, storeDir: paths.store })
  const data = await readCleaned(options.data, { ...options, context })
  const heldOut =
    options.heldOut === undefined
      ? undefined
      : await readCleaned(options.heldOut, { ...options, context })
  const unlabelled = await readUnlabelled(context, options)
  const { trainingRun } = version.manifest
  const run = trainingRun === null ? undefined : await readRunRecord(paths.store, trainingRun)
  if (run === undefined) {
    context.note(
      `the texts that trained ${version.ref} are not known: make sure that no held-out text is one`,
    )
  }
  const trainedOn = run?.dataManifest.train
  const parts = splitTexts({ data, heldOut, unlabelled, trainedOn, ref: version.ref, seed })
  const texts = withoutShared(parts)
  const confidence = options.confidence ?? confidenceFor(texts.heldOut.length, risk)
  if (options.confidence === undefined && confidence < confidenceWanted) {
    context.note(
      `${counted(texts.heldOut.length, 'held-out text')} can show the risk with ` +
        `${Math.round(confidence * 100)} % confidence at most; ` +
        `${counted(textsNeeded(risk, confidenceWanted), 'text')} are needed for 95 %`,
    )
  }
  return build({
    storeDir: paths.store,
    version,
    ...texts,
    risk,
    confidence,
    seed,
    workers: workersOf(config.inference),
    signal,
    onProgress,
  })
}

type Parts = { readonly training: readonly CascadeText[]; readonly heldOut: readonly CascadeText[] }

/** Which texts are held out. */
function splitTexts(given: {
  readonly data: Dataset
  readonly heldOut: Dataset | undefined
  readonly unlabelled: readonly CascadeText[]
  readonly trainedOn: DataManifest | undefined
  readonly ref: string
  readonly seed: number
}): Parts {
  const { data, heldOut, unlabelled, trainedOn, ref, seed } = given
  const isTrainedOn = ({ manifest }: Dataset): boolean =>
    trainedOn !== undefined && [trainedOn.sha256, trainedOn.read?.sha256].includes(manifest.sha256)
  if (heldOut !== undefined) {
    if (!isTrainedOn(heldOut)) {
      return { training: [...data.examples, ...unlabelled], heldOut: heldOut.examples }
    }
    throw new WinnowError('usage', `${ref} was trained on the held-out texts; give others.`)
  }
  if (!isTrainedOn(data)) {
    const { train, validation } = stratifiedSplit(data.examples, { fraction: heldOutShare, seed })
    const examples = (indices: Int32Array): CascadeText[] =>
      Array.from(indices, (index) => data.examples[index]!)
    return { training: [...examples(train), ...unlabelled], heldOut: examples(validation) }
  }
  if (unlabelled.length === 0) {
    throw new WinnowError(
      'usage',
      `${ref} was trained on these texts, so they cannot show how much a small model would lose. ` +
        'Give others with labels by --held-out, or without labels by --unlabelled.',
    )
  }
  const shuffled = seededRandom(seed).shuffle([...unlabelled])
  const count = Math.ceil(shuffled.length * unlabelledHeldOutShare)
  return {
    training: [...data.examples, ...shuffled.slice(count)],
    heldOut: shuffled.slice(0, count),
  }
}

/** A text that is held out is not trained on, in whatever case and spacing. */
function withoutShared({ training, heldOut }: Parts): Parts {
  const held = new Set(heldOut.map(({ text }) => duplicateKey(text)))
  return { training: training.filter(({ text }) => !held.has(duplicateKey(text))), heldOut }
}

async function readUnlabelled(
  { config, note }: Context,
  options: CascadeOptions,
): Promise<CascadeText[]> {
  const { unlabelled = [], signal } = options
  const texts: CascadeText[] = []
  const files = [unlabelled].flat()
  if (files.length === 0) return texts
  const rows = textRows({
    files,
    access: fileAccess(config),
    ...fileReading(options),
    columns: columnsOf(options),
    onNote: (one) => note(noteText(one)),
    clean: (text) => cleanText(text, config.cleaning.steps),
    signal,
  })
  for await (const { text, isEmpty } of rows) if (!isEmpty) texts.push({ text })
  return texts
}

/** The confidence to ask for if none is given: whole percents that the texts can show. */
function confidenceFor(texts: number, risk: number): number {
  const most = Math.floor(confidenceOf(texts, risk) * 100) / 100
  return Math.min(confidenceWanted, Math.max(confidenceMin, most))
}
