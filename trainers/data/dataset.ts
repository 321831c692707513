// Reads a source of labelled texts into a data set: the examples, and a manifest with a content
// hash and label counts. dataset-source.ts has the kinds of source, source-row.ts checks rows, and
// split.ts splits a data set.
import { hash as hashOf } from 'node:crypto'
import { basename } from 'node:path'
import { noneLabel } from '../../schemas/classification.ts'
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type {
  DatasetRows,
  DatasetSource,
  RemoteReaders,
  SourceFacts,
  SourceRow,
} from '../files/dataset-source.ts'
import type { FileReading } from '../files/file-reading.ts'
import { fileSetRows, type FileNote, type FileRowsOptions } from '../files/file-rows.ts'
import type { FileAccess } from '../files/file-set.ts'
import { defaultColumns, type RowColumns } from '../files/row-columns.ts'
import type { RuleFindings } from './rule-findings.ts'
import {
  exampleOf,
  isEmptyText,
  isMultiLabel,
  labelsOfExample,
  type Example,
} from '../files/source-row.ts'

/** The description of a data set, by which the same data can be recognised later. */
export type DataManifest = {
  /** The file name without its folder, so that manifests from two machines compare equal. */
  readonly source: string
  readonly examples: number
  /** `multi-label` if each example has a set of labels, of any size. */
  readonly task?: 'multi-label' | undefined
  /** The number of multi-label examples without a label. */
  readonly unlabelled?: number | undefined
  /** Examples per label, labels sorted by code point. */
  readonly labels: Readonly<Record<string, number>>
  /**
   * The content hash: the SHA-256 of the sorted SHA-256 hashes of `JSON.stringify([text, label])`
   * of every example. It does not depend on the order or the format of the source.
   */
  readonly sha256: string
  /** The data set as it was read, if the data rules changed it. */
  readonly read?: { readonly examples: number; readonly sha256: string } | undefined
  /** What was read, such as the file's hash, offsets or a query. */
  readonly from?: SourceFacts | undefined
  /**
   * The number of rows that were left out because their text is empty, before or after cleaning.
   */
  readonly emptyTexts?: number | undefined
  /** What the data rules found in the training examples. */
  readonly rules?: RuleFindings | undefined
  /** The number of texts that are longer than the model reads. */
  readonly truncatedTexts?: number | undefined
}

/** Labelled texts in the order of their source, all in memory. */
export type Dataset = { readonly examples: readonly Example[]; readonly manifest: DataManifest }

/** The most examples of a data set, because texts and embeddings are held in memory. */
export const examplesMax = 2_000_000

/** The most labels. With more, the label field probably holds something else, such as an id. */
export const labelsMax = 10_000

/** The options of `readDataset`. */
export type ReadDatasetOptions = FileReading & {
  /** Default: `text` and `label`. */
  readonly columns?: Partial<RowColumns> | undefined
  /** Cleans each text first. Default: no cleaning. */
  readonly clean?: ((text: string) => string) | undefined
  /** Called with the detected format of a file, and with warnings. */
  readonly onNote?: ((note: FileNote) => void) | undefined
  /** Whether examples say in which row they stand. Default: no. */
  readonly numbered?: boolean | undefined
  /** How standard input and S3 are reached. Default: they are refused. */
  readonly access?: FileAccess | undefined
  /** The readers of topics and of ClickHouse. */
  readonly readers?: RemoteReaders | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Reads a whole source.
 *
 * @throws WinnowError `dataset_invalid`, which names file and line; `usage` for a kind of source
 * without a reader; `cancelled`; and the errors of the reader.
 *
 * @example
 * const { examples, manifest } = await readDataset(parseDatasetSource('mails.csv'))
 */
export async function readDataset(
  source: DatasetSource,
  options: ReadDatasetOptions = {},
): Promise<Dataset> {
  return collectDataset(openSource(source, { ...options, need: 'text and label' }), options)
}

/** An open source, or rows that are in memory. */
export type GivenRows = Omit<DatasetRows, 'rows'> & {
  readonly rows: AsyncIterable<SourceRow> | Iterable<SourceRow>
}

/** Reads rows from an open source; throws the errors of `readDataset`. */
export async function collectDataset(
  { name, rows, facts }: GivenRows,
  options: ReadDatasetOptions = {},
): Promise<Dataset> {
  const { clean, numbered } = options
  const columns = { ...defaultColumns, ...options.columns }
  const examples: Example[] = []
  let emptyTexts = 0
  for await (const row of rows) {
    const example = exampleOf(row, columns)
    const text = clean === undefined ? example.text : clean(example.text)
    if (isEmptyText(text)) {
      emptyTexts++
      continue
    }
    if (examples.length > 0 && (example.labels !== undefined) !== isMultiLabel(examples)) {
      const message =
        `${row.place}: some rows have a field "label" and others "labels"; all must have ` +
        'the same one'
      throw new WinnowError('dataset_invalid', message, { details: { place: row.place } })
    }
    if (examples.length === examplesMax) {
      const limit = counted(examplesMax, 'example')
      throw new WinnowError('dataset_invalid', `${name} has more than ${limit}; use a part of it.`)
    }
    examples.push(numbered === true ? { ...example, text, row: row.number } : { ...example, text })
  }
  if (examples.length === 0) {
    const why = emptyTexts === 0 ? '' : `, only ${counted(emptyTexts, 'empty text')}`
    throw new WinnowError('dataset_invalid', `${name} has no examples${why}.`)
  }
  return { examples, manifest: { ...describeExamples(name, examples), from: facts(), emptyTexts } }
}

/**
 * Opens a source; its rows are not checked yet.
 *
 * @throws WinnowError `usage` for a kind of source without a reader.
 */
export function openSource(
  source: DatasetSource,
  options: ReadDatasetOptions & Pick<FileRowsOptions, 'need' | 'otherwise' | 'onWrongRow'>,
): DatasetRows {
  const { readers, signal } = options
  switch (source.kind) {
    case 'file': {
      const columns = { ...defaultColumns, ...options.columns }
      return fileSetRows(source.paths, { access: {}, ...options, columns })
    }
    case 'topic':
      return remoteReader(source.kind, readers?.topic)(source, { signal })
    case 'clickhouse':
      return remoteReader(source.kind, readers?.clickhouse)(source, { signal })
  }
}

function remoteReader<Reader>(kind: string, reader: Reader | undefined): Reader {
  if (reader !== undefined) return reader
  throw new WinnowError('usage', `${kind}: cannot be read here; give a file.`)
}

/** The manifest of examples that are already in memory. */
export function describeExamples(source: string, examples: readonly Example[]): DataManifest {
  const counts = new Map<string, number>()
  let unlabelled = 0
  for (const example of examples) {
    const own = labelsOfExample(example)
    for (const label of own) counts.set(label, (counts.get(label) ?? 0) + 1)
    if (own.length === 0) unlabelled++
  }
  if (counts.size > labelsMax) {
    const found = counted(counts.size, 'different label')
    const problem =
      `${source} has ${found}, and the limit is ${counted(labelsMax, 'label')}. ` +
      'Does the field of the label hold something else, such as an id?'
    throw new WinnowError('dataset_invalid', problem)
  }
  const labels = Object.fromEntries([...counts].sort(([a], [b]) => compareCodePoints(a, b)))
  const sha256 = contentHash(examples)
  const described = { source: basename(source), examples: examples.length, labels, sha256 }
  return isMultiLabel(examples) ? { ...described, task: 'multi-label', unlabelled } : described
}

/** Some examples of a data set, as a data set of its own. */
export function datasetPart(dataset: Dataset, indices: Int32Array, name: string): Dataset {
  const examples = Array.from(indices, (index): Example => dataset.examples[index]!)
  const described = describeExamples(`${dataset.manifest.source}#${name}`, examples)
  return { examples, manifest: { ...dataset.manifest, ...described } }
}

/** A hash of the examples as a multiset; sorting makes it independent of their order. */
function contentHash(examples: readonly Example[]): string {
  const digests = examples.map(({ text, label }) => hashOf('sha256', JSON.stringify([text, label])))
  return hashOf('sha256', digests.sort().join('\n'))
}

/**
 * The labels of a model that is trained on these examples, sorted by code unit.
 *
 * @throws WinnowError `dataset_invalid` if there is only one, or one is reserved.
 */
export function trainingLabels(dataset: Dataset): readonly string[] {
  const labels = Object.keys(dataset.manifest.labels).sort(compareCodePoints)
  if (labels.length < (isMultiLabel(dataset.examples) ? 1 : 2)) {
    const problem =
      labels.length === 0
        ? 'no example has a label; check --label-column'
        : `every example has the label ${JSON.stringify(labels[0])}; at least two labels are needed`
    throw new WinnowError('dataset_invalid', `${dataset.manifest.source}: ${problem}.`)
  }
  if (labels.includes(noneLabel)) {
    const problem =
      `the label ${noneLabel} is reserved for texts that belong to no label; leave these ` +
      'examples out'
    throw new WinnowError('dataset_invalid', `${dataset.manifest.source}: ${problem}.`)
  }
  return labels
}

/**
 * The index of each example's label: int32 [examples].
 *
 * @throws WinnowError `dataset_invalid` for labels that the model does not have, which it names,
 * and for multi-label examples.
 */
export function labelIndices(dataset: Dataset, labels: readonly string[]): Int32Array {
  if (isMultiLabel(dataset.examples)) {
    throw new WinnowError(
      'dataset_invalid',
      `${dataset.manifest.source} has sets of labels (a field "labels"), but one label ` +
        'per text is needed here.',
    )
  }
  const indexOf = knownLabels(dataset, labels)
  return Int32Array.from(dataset.examples, ({ label }) => indexOf.get(label) ?? 0)
}

/**
 * Which labels apply to each example: uint8 [examples, labels], 0 or 1.
 *
 * @throws WinnowError `dataset_invalid` for labels that the model does not have, which it names,
 * and for single-label examples.
 */
export function labelTargets(dataset: Dataset, labels: readonly string[]): Uint8Array {
  if (!isMultiLabel(dataset.examples)) {
    const { source } = dataset.manifest
    throw new WinnowError(
      'dataset_invalid',
      `${source} has one label per text, but this model has sets of labels; give a field "labels".`,
    )
  }
  const indexOf = knownLabels(dataset, labels)
  const targets = new Uint8Array(dataset.examples.length * labels.length)
  for (const [row, example] of dataset.examples.entries()) {
    for (const label of labelsOfExample(example)) {
      targets[row * labels.length + indexOf.get(label)!] = 1
    }
  }
  return targets
}

/**
 * The true label of each example as an index (`truth`), or its label set as 0 and 1 (`targets`).
 */
export type LabelTruth =
  | { readonly truth: Int32Array; readonly targets?: undefined }
  | { readonly targets: Uint8Array; readonly truth?: undefined }

/** `labelIndices` or `labelTargets`, depending on the task. */
export function labelTruth(
  dataset: Dataset,
  { labels, task }: { labels: readonly string[]; task: 'single-label' | 'multi-label' },
): LabelTruth {
  return task === 'multi-label'
    ? { targets: labelTargets(dataset, labels) }
    : { truth: labelIndices(dataset, labels) }
}

/** The index of each label; throws if the data set has other labels. */
function knownLabels(dataset: Dataset, labels: readonly string[]): ReadonlyMap<string, number> {
  const indexOf = new Map(labels.map((label, index) => [label, index]))
  const unknown = Object.keys(dataset.manifest.labels).filter((label) => !indexOf.has(label))
  if (unknown.length > 0) {
    const named = unknown.slice(0, 10).map((label) => JSON.stringify(label))
    const more = unknown.length > named.length ? ` and ${unknown.length - named.length} more` : ''
    throw new WinnowError(
      'dataset_invalid',
      `${dataset.manifest.source} has labels that were not seen in training: ` +
        `${named.join(', ')}${more}. Correct them, or leave these examples out.`,
      { details: { labels: unknown } },
    )
  }
  return indexOf
}

/** Compares by UTF-16 code unit, which does not depend on the locale of the machine. */
function compareCodePoints(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
