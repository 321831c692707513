// Reads labelled texts for training and evaluation, and says exactly what was read: a manifest
// with a content hash and label counts. Splitting is split.ts; bytes and lines are text-lines.ts.
import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { noneLabel } from '../schemas/classification.ts'
import { WinnowError } from '../schemas/errors.ts'
import { fileSource, lineError, readTextLines, type ByteSource } from './text-lines.ts'

/** One labelled text. `id` is the record's own, when it has one. */
export type Example = {
  readonly id?: string | undefined
  readonly text: string
  readonly label: string
}

/** What a data set was: enough to tell later whether another one is the same. */
export type DataManifest = {
  /** File name without its folder, so that manifests from two machines compare equal. */
  readonly source: string
  readonly examples: number
  /** Examples per label, labels sorted by code point. */
  readonly labels: Readonly<Record<string, number>>
  /** SHA-256 over text and label of every example, in order. */
  readonly sha256: string
}

/** Labelled texts in the order of their source. All of it is held in memory. */
export type Dataset = { readonly examples: readonly Example[]; readonly manifest: DataManifest }

/** Where labelled texts come from. */
export type DatasetSource = { readonly kind: 'file'; readonly path: string }

/** More examples than this are refused: texts and embeddings are held in memory. */
export const examplesMax = 2_000_000

/** More labels than this mean that the label field holds something else, such as an id. */
export const labelsMax = 10_000

/**
 * Understands the SRC of the commands: a path of JSONL, gzipped or not.
 *
 * @throws WinnowError `usage` for an address that names no file.
 */
export function parseDatasetSource(source: string): DatasetSource {
  if (source.startsWith('topic:')) {
    throw new WinnowError(
      'usage',
      `Reading training examples from a topic (${source}) is not supported yet; give a JSONL file.`,
    )
  }
  if (source.trim() === '') throw new WinnowError('usage', 'The data source is empty.')
  return { kind: 'file', path: source }
}

/**
 * Reads `{text, label, id?}` lines. A label may be a string, a whole number or a boolean.
 *
 * @throws WinnowError `dataset_invalid` naming file and line.
 */
export async function readDataset(
  source: DatasetSource | ByteSource,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<Dataset> {
  const bytes = 'kind' in source ? fileSource(source.path) : source
  const examples: Example[] = []
  for await (const line of readTextLines(bytes, options)) {
    if (examples.length === examplesMax) {
      throw new WinnowError('dataset_invalid', `${bytes.name} has over ${examplesMax} examples.`)
    }
    examples.push(parseExample(line.text, { source: bytes, number: line.number }))
  }
  if (examples.length === 0) {
    throw new WinnowError('dataset_invalid', `${bytes.name} has no examples.`)
  }
  return { examples, manifest: describeExamples(bytes.name, examples) }
}

/** The manifest of examples that are already in memory. */
export function describeExamples(source: string, examples: readonly Example[]): DataManifest {
  const hash = createHash('sha256')
  const counts = new Map<string, number>()
  for (const { text, label } of examples) {
    hash.update(JSON.stringify([text, label])).update('\n')
    counts.set(label, (counts.get(label) ?? 0) + 1)
  }
  if (counts.size > labelsMax) {
    const problem = `${source} has ${counts.size} different labels, over the limit of ${labelsMax}.`
    throw new WinnowError('dataset_invalid', problem)
  }
  const labels = Object.fromEntries([...counts].sort(([a], [b]) => compareCodePoints(a, b)))
  return { source: basename(source), examples: examples.length, labels, sha256: hash.digest('hex') }
}

/**
 * The labels of a model trained on these examples, sorted by code point.
 *
 * @throws WinnowError `dataset_invalid` when there is only one.
 */
export function trainingLabels(dataset: Dataset): readonly string[] {
  const labels = Object.keys(dataset.manifest.labels).sort(compareCodePoints)
  if (labels.length < 2) {
    const problem = `every example has the label ${JSON.stringify(labels[0])}; at least two are needed`
    throw new WinnowError('dataset_invalid', `${dataset.manifest.source}: ${problem}.`)
  }
  if (labels.includes(noneLabel)) {
    const problem = `the label ${noneLabel} stands for texts that belong to no label; leave such examples out`
    throw new WinnowError('dataset_invalid', `${dataset.manifest.source}: ${problem}.`)
  }
  return labels
}

/**
 * The index of each example's label.
 *
 * @throws WinnowError `dataset_invalid` naming the labels that the model does not know.
 */
export function labelIndices(dataset: Dataset, labels: readonly string[]): Int32Array {
  const indexOf = new Map(labels.map((label, index) => [label, index]))
  const unknown = Object.keys(dataset.manifest.labels).filter((label) => !indexOf.has(label))
  if (unknown.length > 0) {
    const named = unknown.slice(0, 10).map((label) => JSON.stringify(label))
    const more = unknown.length > named.length ? ` and ${unknown.length - named.length} more` : ''
    throw new WinnowError(
      'dataset_invalid',
      `${dataset.manifest.source} has labels that were not seen in training: ${named.join(', ')}${more}.`,
      { details: { labels: unknown } },
    )
  }
  return Int32Array.from(dataset.examples, ({ label }) => indexOf.get(label) ?? 0)
}

function parseExample(text: string, place: { source: ByteSource; number: number }): Example {
  const fields = parseJsonObject(text, place)
  if (typeof fields['text'] !== 'string') {
    throw lineError(place, fieldProblem('text', fields['text'], 'a string'))
  }
  if (fields['text'].trim() === '') throw lineError(place, 'the text is empty')
  if (!fields['text'].isWellFormed()) {
    throw lineError(place, 'the text holds half of a UTF-16 surrogate pair')
  }
  const label = labelOf(fields['label'])
  if (label === undefined) {
    throw lineError(place, fieldProblem('label', fields['label'], 'a string that is not empty'))
  }
  return { id: recordId(fields['id']), text: fields['text'], label }
}

/** The object on a JSON line; `dataset_invalid` with the place for anything else. */
export function parseJsonObject(
  text: string,
  place: { source: ByteSource; number: number },
): Readonly<Record<string, unknown>> {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw lineError(place, `the line is not valid JSON (${(cause as SyntaxError).message})`)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw lineError(place, 'the line is JSON, but not an object')
  }
  return parsed as Record<string, unknown>
}

/** The record's own id as a string, or undefined. */
export function recordId(value: unknown): string | undefined {
  if (typeof value === 'string' && value !== '') return value
  return typeof value === 'number' ? String(value) : undefined
}

/** What is wrong with a field that was expected to be something else. */
export function fieldProblem(name: string, value: unknown, expected: string): string {
  if (value === undefined) return `the field "${name}" is missing`
  const found = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`
  return `the field "${name}" must be ${expected}, and is ${value === '' ? 'empty' : found}`
}

function labelOf(value: unknown): string | undefined {
  if (typeof value === 'string')
    return value.trim() === '' || !value.isWellFormed() ? undefined : value
  if (typeof value === 'boolean' || Number.isInteger(value)) return String(value)
  return undefined
}

/** Order by UTF-16 code unit: the same on every machine, whatever its locale. */
function compareCodePoints(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
