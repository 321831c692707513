// Reads labelled texts, cleans them as the stream does, and applies the data rules. The commands
// and the library's functions read through it; trainers/ owns formats, data sets and rules.
import { readFile } from 'node:fs/promises'
import { fileProblem } from '../configs/file-problem.ts'
import { cleanText } from '../models/cleaning/clean-text.ts'
import { WinnowError } from '../schemas/errors.ts'
import { applyDataRules, defaultDataRules, type DataParts } from '../trainers/data/data-rules.ts'
import {
  collectDataset,
  readDataset as readSource,
  type Dataset,
  type GivenRows,
} from '../trainers/data/dataset.ts'
import type { EarlierVersion } from '../trainers/data/label-origins.ts'
import { checkRepeated } from '../trainers/data/repeated-run.ts'
import type { DataRules } from '../trainers/data/rule-findings.ts'
import {
  parseDatasetSource,
  type DatasetSource,
  type RemoteReaders,
  type SourceAddress,
  type SourceRow,
} from '../trainers/files/dataset-source.ts'
import { fileReading, type FileReading } from '../trainers/files/file-reading.ts'
import { noteText } from '../trainers/files/file-rows.ts'
import { columnsOfFields, defaultColumns, type RowColumns } from '../trainers/files/row-columns.ts'
import { resolveContext, type Context, type LongWork, type WinnowOptions } from './context.ts'
import { fileAccess } from './file-access.ts'
import type { RemoteReaderOptions, SourceProgress } from './remote-sources.ts'

/** A text with its label, or with all labels that apply. */
export type LabelledText = {
  readonly text: string
  readonly label?: string | undefined
  /** In place of `label`, for models that give sets of labels. */
  readonly labels?: readonly string[] | undefined
  readonly id?: string | undefined
  /** For slices of an evaluation, and for folds by group. */
  readonly attributes?: Readonly<Record<string, string>> | undefined
  /** RFC 3339 or epoch milliseconds, for folds in order of time. */
  readonly time?: string | number | undefined
}

/**
 * Labelled texts: the address of a source, as for the commands (`mails.csv`, `2025/*.csv.gz`,
 * `s3://bucket/mails/`, `topic:winnow.events@0..1000`, `clickhouse:SELECT …`), those of several
 * files, the texts themselves, or a data set that was read before.
 */
export type TextSource = SourceAddress | readonly LabelledText[] | Dataset

/** How a file of texts is read. */
export type ColumnOptions = FileReading & {
  /** The column or field of the text. Default `text`. */
  readonly textColumn?: string | undefined
  /** The column or field of the label. Default `label`. */
  readonly labelColumn?: string | undefined
  /**
   * Where fields are, by name: a column, a path into an object or a template, such as `{ text:
   * '{title}: {body}', 'attributes.team': 'team.name' }`. With any attribute, nothing else is one.
   */
  readonly fields?: Readonly<Record<string, string>> | undefined
}

/** The rules for the training texts. */
export type RuleOptions = {
  /** Equal texts: `drop` all but one, or `keep` them in one part of a split. Default `drop`. */
  readonly duplicates?: DataRules['duplicates'] | undefined
  /** The similarity above which texts stay in one part of a split, or `off`. Default 0.9. */
  readonly nearDuplicates?: number | 'off' | undefined
  /** Labels with fewer examples are left out. Default 1. */
  readonly minExamples?: number | undefined
  /** The run.json of an earlier run that the data must match. */
  readonly dataManifest?: string | undefined
}

/** How far the reading of a topic is. */
export type ReadingProgress = { readonly kind: 'reading' } & SourceProgress

/** The options of {@link readDataset}. */
export type ReadDatasetOptions = WinnowOptions & ColumnOptions & LongWork<ReadingProgress>

/**
 * Reads labelled texts into a data set, cleaned as the stream cleans them. Functions that take
 * texts read an address by themselves; read it once if several of them need it.
 *
 * @throws WinnowError `dataset_invalid`, which names file and line; `usage` for an invalid address;
 * `broker_unavailable`, `analytics_unavailable`; `cancelled`.
 *
 * @example
 * const dataset = await readDataset('tickets.csv', { textColumn: 'body' })
 * console.log(dataset.manifest.labels) // { billing: 120, delivery: 98 }
 */
export async function readDataset(
  source: TextSource,
  options: ReadDatasetOptions = {},
): Promise<Dataset> {
  return readCleaned(source, { ...options, context: await resolveContext(options) })
}

/** `readDataset` in a context. `earlier` is the version that a new one follows. */
export async function readCleaned(
  source: TextSource,
  options: ColumnOptions &
    LongWork<ReadingProgress> & {
      readonly context: Pick<Context, 'config' | 'note'>
      readonly earlier?: EarlierVersion | undefined
      /** Whether examples say in which row they stand. Default: no. */
      readonly numbered?: boolean | undefined
    },
): Promise<Dataset> {
  const { context, earlier, numbered, signal, onProgress } = options
  const { config, note } = context
  const clean = (text: string): string => cleanText(text, config.cleaning.steps)
  if (!isAddress(source)) {
    return isDataset(source) ? source : collectDataset(givenRows(source), { clean })
  }
  const parsed = parseDatasetSource(source)
  return readSource(parsed, {
    clean,
    columns: columnsOf(options),
    ...fileReading(options),
    onNote: (one) => note(noteText(one)),
    access: fileAccess(config),
    readers: await readersOf(parsed, {
      config,
      earlier,
      log: note,
      onProgress: (progress) => onProgress?.({ kind: 'reading', ...progress }),
    }),
    numbered,
    signal,
  })
}

/** The columns that the options name. */
export function columnsOf({ textColumn, labelColumn, fields }: ColumnOptions): RowColumns {
  const named = fields === undefined ? defaultColumns : columnsOfFields(fields)
  return { ...named, text: textColumn ?? named.text, label: labelColumn ?? named.label }
}

/** The readers that a source needs: none for files, which need no network clients. */
export async function readersOf(
  source: DatasetSource,
  options: RemoteReaderOptions,
): Promise<RemoteReaders | undefined> {
  if (source.kind === 'file') return undefined
  return (await import('./remote-sources.ts')).remoteReaders(options)
}

function isAddress(source: TextSource): source is SourceAddress {
  if (typeof source === 'string') return true
  return Array.isArray(source) && source.length > 0 && typeof source[0] === 'string'
}

function isDataset(source: readonly LabelledText[] | Dataset): source is Dataset {
  return 'examples' in source
}

function givenRows(texts: readonly LabelledText[]): GivenRows {
  function* rows(): Generator<SourceRow> {
    for (const [index, { text, label, labels, id, attributes, time }] of texts.entries()) {
      const place = `text ${index + 1}`
      yield { place, number: index + 1, text, label, labels, id, attributes, time }
    }
  }
  return { name: 'given texts', rows: rows(), facts: () => ({ kind: 'given' }) }
}

/**
 * Compares the data with the manifest of an earlier run, if one is given, and applies the data
 * rules.
 *
 * @throws WinnowError `dataset_invalid`, `usage`.
 */
export async function ruledParts(parts: DataParts, options: RuleOptions): Promise<DataParts> {
  const { dataManifest: file } = options
  const rules = rulesOf(options)
  if (file !== undefined) {
    const { train, validation, test } = parts
    const given = {
      train: train.manifest,
      validation: validation?.manifest,
      test: test?.manifest,
    }
    checkRepeated(await readManifestFile(file), given, { file, rules })
  }
  return applyDataRules(parts, rules)
}

/** The data rules that the options set. */
export function rulesOf(options: RuleOptions): DataRules {
  const {
    duplicates = defaultDataRules.duplicates,
    minExamples = defaultDataRules.minExamples,
    nearDuplicates = defaultDataRules.nearDuplicates,
  } = options
  return {
    duplicates,
    minExamples,
    nearDuplicates: nearDuplicates === 'off' ? undefined : nearDuplicates,
  }
}

/** The content of a run.json. Throws `usage`, which names the file. */
export async function readManifestFile(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as unknown
  } catch (cause) {
    const why = cause instanceof SyntaxError ? 'this is not JSON' : fileProblem(cause)
    throw new WinnowError('usage', `--data-manifest ${file}: ${why}; give the run.json of a run.`, {
      cause,
    })
  }
}
