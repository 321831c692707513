// Checks that a row is a labelled text, for rows of any source, and explains rows that are not.
import { WinnowError } from '../../schemas/errors.ts'
import { visibleText } from '../../schemas/event.ts'
import { wholeNumberText } from '../../schemas/exact-json.ts'
import type { SourceRow } from './dataset-source.ts'
import { labelsColumn, missingColumn, type RowColumns } from './row-columns.ts'

/** One labelled text; `id` is the record's own id, if it has one. */
export type Example = {
  readonly id?: string | undefined
  readonly text: string
  /** The label. For a label set, one name for the whole set, independent of the order. */
  readonly label: string
  /** All labels that apply, sorted, if the source has label sets; see `isMultiLabel`. */
  readonly labels?: readonly string[] | undefined
  /** For slices of an evaluation. */
  readonly attributes?: Readonly<Record<string, string>> | undefined
  /** Epoch milliseconds. */
  readonly time?: number | undefined
  /** The group of near duplicates, which splits keep together; see data-rules.ts. */
  readonly group?: number | undefined
  /** The number of the row in its source, from 1, if it was asked for. */
  readonly row?: number | undefined
}

/**
 * Checks a row and converts it. A label may be a string, an integer or a boolean. A time that is
 * neither RFC 3339 nor a number is left out, and so is an attribute that is not a single value.
 *
 * @throws WinnowError `dataset_invalid`, whose message begins with the row's place.
 */
export function exampleOf(row: SourceRow, columns: RowColumns): Example {
  requireFields(row, columns)
  const text = textOfRow(row, columns)
  const labels = labelsOf(row)
  const label = labels === undefined ? labelOf(row.label) : setName(labels)
  if (label === undefined) throw rowError(row, labelProblem(columns.label, row.label))
  const example: { -readonly [Field in keyof Example]: Example[Field] } = { text, label }
  if (labels !== undefined) example.labels = labels
  const [id, attributes, time] = [idOfRow(row), attributesOf(row.attributes), timeOf(row.time)]
  if (id !== undefined) example.id = id
  if (attributes !== undefined) example.attributes = attributes
  if (time !== undefined) example.time = time
  return example
}

/**
 * The text of a row, which may be empty; see `isEmptyText`.
 *
 * @throws WinnowError `dataset_invalid`, whose message begins with the row's place.
 */
export function textOfRow(row: SourceRow, columns: RowColumns): string {
  const { text, fields } = row
  if (text === undefined && fields !== undefined) {
    const problem = missingColumn(Object.keys(fields), { columns, need: 'text', kind: 'field' })
    if (problem !== undefined) throw rowError(row, problem)
  }
  if (typeof text !== 'string') throw rowError(row, fieldProblem(columns.text, text, 'a string'))
  if (!text.isWellFormed()) throw rowError(row, 'the text holds half of a UTF-16 surrogate pair')
  return text
}

/**
 * The record's own id, or undefined.
 *
 * @throws WinnowError `dataset_invalid` for a number whose digits may have been lost.
 */
export function idOfRow(row: SourceRow): string | undefined {
  const { id } = row
  if (typeof id === 'string' && id !== '') return id
  const text = wholeNumberText(id)
  if (text !== undefined || typeof id !== 'number') return text
  throw rowError(row, `the id is ${id}, which is not a whole number; write it as a string`)
}

/** Whether a text consists of white space and invisible characters only. */
export function isEmptyText(text: string): boolean {
  return !visibleText.test(text)
}

/** Throws if a required field is missing; the message lists the fields of the object. */
function requireFields(row: SourceRow, columns: RowColumns): void {
  if (row.fields === undefined) return
  const found = Object.keys(row.fields)
  const problem = missingColumn(found, { columns, need: 'text and label', kind: 'field' })
  if (problem !== undefined) throw rowError(row, problem)
}

/** Whether examples have label sets. The first example decides, because all are alike. */
export function isMultiLabel([first]: readonly Example[]): boolean {
  return first?.labels !== undefined
}

/** The labels of an example: one, or a set of any size. */
export function labelsOfExample({ label, labels }: Example): readonly string[] {
  return labels ?? [label]
}

/** The example with another label set, which must be sorted. */
export function withLabels(example: Example, labels: readonly string[]): Example {
  return { ...example, label: setName(labels), labels }
}

/** A name that is unique for each label set. */
function setName(labels: readonly string[]): string {
  return JSON.stringify(labels)
}

/** The separator of labels in a format without arrays. */
export const labelSeparator = '|'

/** The label set of a row, if it has one, sorted and without duplicates. */
function labelsOf(row: SourceRow): readonly string[] | undefined {
  const { labels: given } = row
  if (given === undefined) return undefined
  if (given === null) {
    if (row.label !== undefined) return undefined
    const problem = `the field "${labelsColumn}" is null; write [] for a text to which no label applies`
    throw rowError(row, problem)
  }
  if (row.label !== undefined && row.label !== null) {
    throw rowError(row, `the row has both a label and ${labelsColumn}; it must have one of them`)
  }
  const parts: unknown[] | undefined = Array.isArray(given)
    ? given
    : typeof given === 'string'
      ? given.split(labelSeparator).map((name) => name.trim())
      : undefined
  if (parts === undefined) {
    const expected = `an array of strings, or a string with ${labelSeparator} between labels`
    throw rowError(row, fieldProblem(labelsColumn, given, expected))
  }
  if (parts.length === 1 && parts[0] === '') return []
  const labels = parts.map((part) => {
    const label = labelOf(part)
    if (label !== undefined) return label
    throw rowError(row, `in the field "${labelsColumn}", ${labelProblem('', part)}`)
  })
  return [...new Set(labels)].sort()
}

/** The error message for a field whose value is not as expected. */
export function fieldProblem(name: string, value: unknown, expected: string): string {
  if (value === undefined) return `the field "${name}" is missing`
  if (value instanceof Uint8Array) return `the field "${name}" is not valid UTF-8`
  const what = name === '' ? 'each label' : `the field "${name}"`
  const found = value === null ? 'null' : Array.isArray(value) ? 'an array' : kindOf(value)
  if (typeof value === 'string' && !value.isWellFormed()) {
    return `${what} holds half of a UTF-16 surrogate pair`
  }
  const isEmpty = typeof value === 'string' && isEmptyText(value)
  if (isEmpty) return `${name === '' ? 'a label' : what} is empty; it must be ${expected}`
  return `${what} must be ${expected}, not ${found}`
}

function kindOf(value: unknown): string {
  if (typeof value === 'object') return value instanceof Date ? 'a time' : 'an object'
  return typeof value === 'bigint' ? 'a number' : `a ${typeof value}`
}

function rowError(row: SourceRow, problem: string): WinnowError {
  return new WinnowError('dataset_invalid', `${row.place}: ${problem}`, {
    details: { place: row.place },
  })
}

function labelOf(value: unknown): string | undefined {
  if (typeof value === 'string') {
    return isEmptyText(value) || !value.isWellFormed() ? undefined : value
  }
  return typeof value === 'boolean' ? String(value) : wholeNumberText(value)
}

/** The error message for a value that is not a label; `field` is empty for one label of a set. */
function labelProblem(field: string, value: unknown): string {
  if (typeof value === 'number' && Number.isInteger(value)) {
    return 'the label is a number beyond 2^53, which loses digits as it is written; write it as a string'
  }
  if (typeof value === 'number') {
    return (
      `the label is the number ${value}, but labels are names: write it as a string, ` +
      `such as "${value}", ` +
      'or as a whole number'
    )
  }
  return fieldProblem(field, value, 'a string with visible characters')
}

function attributesOf(value: unknown): Record<string, string> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const entries = Object.entries(value as Record<string, unknown>).flatMap(
    ([name, single]): [string, string][] => (isAttribute(single) ? [[name, String(single)]] : []),
  )
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

/** Longer attribute values are left out: they make no slices and would fill the memory. */
const attributeCharactersMax = 200

function isAttribute(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= attributeCharactersMax
  // An integer beyond 2^53 has lost digits.
  if (typeof value === 'number') return !Number.isInteger(value) || Number.isSafeInteger(value)
  return typeof value === 'bigint' || typeof value === 'boolean'
}

function timeOf(value: unknown): number | undefined {
  if (value instanceof Date) return timeOf(value.getTime())
  if (typeof value === 'bigint') return timeOf(Number(value))
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  // Epoch milliseconds in a format without numbers.
  if (typeof value === 'string' && /^\d{12,14}$/.test(value)) return Number(value)
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/.test(value)) {
    return undefined
  }
  const time = Date.parse(value)
  return Number.isNaN(time) ? undefined : time
}
