// The list of suspicious labels as a table that people edit in a spreadsheet: one row per example,
// with an empty cell for the decision. label-decisions.ts decides what an edited list changes.
import { writeWhole } from '../../models/runtime/whole-file.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { tableRecords } from '../files/csv-rows.ts'
import { fileSource } from '../files/plain-bytes.ts'
import { lineError } from '../files/text-lines.ts'

/** One example of the list. Labels are as `labelCell` writes them. */
export type ReviewRow = {
  /** `FILE:ROW` or `event:ID`; see `parseReference`. */
  readonly reference: string
  readonly text: string
  readonly given: string
  readonly suggested: string
  /** The quality of the given label: 0 to 1, the lowest first. */
  readonly score: number
}

/** A row of an edited list. */
export type ReviewedRow = {
  /** The line of the list, for messages. */
  readonly line: number
  readonly reference: string
  readonly text: string
  readonly given: string
  /** The label that a person decided for; empty to keep the given one. */
  readonly decision: string
}

const columns = ['row', 'text', 'given', 'suggested', 'score', 'decision'] as const
const neededColumns = ['row', 'text', 'given', 'decision'] as const

/** A cell of Excel holds 32,767 characters, so longer texts are cut in the list. */
export const cellCharactersMax = 32_000

/**
 * Writes a list for spreadsheets: UTF-8 with a byte order mark, which Excel needs to recognise it,
 * and every cell quoted. Cells that a spreadsheet would take for a formula get an apostrophe in
 * front (OWASP, "CSV Injection").
 */
export async function writeReviewList(path: string, rows: readonly ReviewRow[]): Promise<void> {
  const lines = rows.map(({ reference, text, given, suggested, score }) =>
    tableLine([
      reference,
      text.slice(0, cellCharactersMax),
      given,
      suggested,
      score.toFixed(4),
      '',
    ]),
  )
  await writeWhole(path, `\uFEFF${[tableLine(columns), ...lines].join('')}`)
}

function tableLine(cells: readonly string[]): string {
  return `${cells.map((cell) => `"${guarded(cell).replaceAll('"', '""')}"`).join(',')}\r\n`
}

/** The beginnings that spreadsheets take for a formula, also in full width, or behind spaces. */
const formula = /^'*(?:\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|[\t\r\n])/

function guarded(cell: string): string {
  return formula.test(cell) ? `'${cell}` : cell
}

/** The opposite of `guarded`, which no other cell changes. */
function unguarded(cell: string): string {
  return cell.startsWith("'") && formula.test(cell) ? cell.slice(1) : cell
}

/**
 * Reads an edited list, with the separator that the spreadsheet wrote. Other columns, and their
 * order, do not matter.
 *
 * @throws WinnowError `dataset_invalid`, which names file and line, if it is not such a list.
 */
export async function* readReviewList(
  path: string,
  options: { signal?: AbortSignal | undefined } = {},
): AsyncGenerator<ReviewedRow> {
  const source = fileSource(path)
  const reading = { ...options, columns: { text: 'text', label: 'given' } }
  let header: readonly string[] | undefined
  for await (const { number, fields } of tableRecords(source, reading)) {
    if (header === undefined) {
      header = fields.map((name) => name.trim().toLowerCase())
      requireColumns(header, { source, number })
      continue
    }
    const [reference = '', text = '', given = '', decision = ''] = neededColumns.map((name) =>
      unguarded(fields[header!.indexOf(name)]!),
    )
    yield { line: number, reference, text, given, decision: decision.trim() }
  }
  if (header === undefined) {
    throw new WinnowError('dataset_invalid', `${path}: the file is empty; ${advice}`)
  }
}

const advice = 'give the file that `winnow labels check --out` wrote, with decisions filled in.'

function requireColumns(
  header: readonly string[],
  place: { source: ReturnType<typeof fileSource>; number: number },
): void {
  const missing = neededColumns.filter((name) => !header.includes(name))
  if (missing.length === 0) return
  const names = missing.map((name) => `"${name}"`).join(' and ')
  throw lineError(place, `there is no column ${names}; ${advice}`)
}

/** Where an example of a list comes from. */
export type Reference =
  | { readonly kind: 'row'; readonly path: string; readonly row: number }
  | { readonly kind: 'event'; readonly id: string }

const eventPrefix = 'event:'

/** The reference as one cell. */
export function referenceCell(reference: Reference): string {
  return reference.kind === 'row'
    ? `${reference.path}:${reference.row}`
    : `${eventPrefix}${reference.id}`
}

/** Reads a reference; undefined for any other text. */
export function parseReference(cell: string): Reference | undefined {
  if (cell.startsWith(eventPrefix) && cell.length > eventPrefix.length) {
    return { kind: 'event', id: cell.slice(eventPrefix.length) }
  }
  const [, path, digits] = /^(.+):([1-9]\d{0,14})$/s.exec(cell) ?? []
  return path === undefined ? undefined : { kind: 'row', path, row: Number(digits) }
}

/**
 * A label as one cell, or a set of labels: with bars between them, or as a JSON array where bars
 * would mislead, such as the empty set.
 */
export function labelCell(label: string | readonly string[]): string {
  if (typeof label === 'string') return label
  const isPlain = label.every((name) => name === name.trim() && !/^\[|\|/.test(name))
  return isPlain && label.length > 0 ? label.join(' | ') : JSON.stringify(label)
}

/** Reads the set of labels in a cell, sorted; undefined if it is none. */
export function parseSetCell(cell: string): readonly string[] | undefined {
  const names = cell.trim().startsWith('[') ? arrayOf(cell) : cell.split('|')
  if (names === undefined) return undefined
  const labels = names.map((name) => (typeof name === 'string' ? name : ''))
  const trimmed = cell.trim().startsWith('[') ? labels : labels.map((name) => name.trim())
  return trimmed.includes('') ? undefined : [...new Set(trimmed)].sort()
}

function arrayOf(text: string): readonly unknown[] | undefined {
  try {
    const parsed = JSON.parse(text) as unknown
    return Array.isArray(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}
