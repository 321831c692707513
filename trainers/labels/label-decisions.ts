// What an edited list of suspicious labels changes: the decisions of people, checked against the
// data that they are about. review-list.ts reads the list; corrected-copy.ts and the label topic
// take the result.
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { nearest } from '../../schemas/nearest.ts'
import { duplicateKey } from '../data/split.ts'
import type { Example } from '../files/source-row.ts'
import {
  cellCharactersMax,
  labelCell,
  parseReference,
  parseSetCell,
  type Reference,
  type ReviewedRow,
} from './review-list.ts'

/** A row of the list that a person gave another label. */
export type Decision = {
  /** `FILE:LINE` of the list, for messages. */
  readonly place: string
  readonly text: string
  readonly given: string
  readonly decision: string
}

/** The decisions of a list about the rows of one file, or about events. */
export type Decisions = { readonly rows: number } & (
  | { readonly kind: 'row'; readonly path: string; readonly byRow: ReadonlyMap<number, Decision> }
  | { readonly kind: 'event'; readonly byId: ReadonlyMap<string, Decision> }
)

/**
 * Collects the decisions of a list. A decision also holds for rows without one that have the same
 * text and label, apart from case and white space, because the data rules judge them together.
 *
 * @throws WinnowError `dataset_invalid`, which names file and line, for a reference that is none, a
 * list about several sources, contradicting decisions, and a list without rows.
 */
export async function collectDecisions(
  list: string,
  reviewed: AsyncIterable<ReviewedRow>,
): Promise<Decisions> {
  const rows: { row: ReviewedRow; reference: Reference; key: string }[] = []
  const decided = new Map<string, ReviewedRow>()
  for await (const row of reviewed) {
    const reference = parseReference(row.reference)
    if (reference === undefined) {
      throw placeError(
        list,
        row,
        `${JSON.stringify(row.reference)} in the column "row" is no row of a file and no event`,
      )
    }
    requireOneSource(list, row, { reference, first: rows[0]?.reference })
    const key = JSON.stringify([duplicateKey(row.text), row.given])
    rows.push({ row, reference, key })
    if (row.decision === '') continue
    const other = decided.get(key)
    if (other !== undefined && other.decision !== row.decision) {
      throw placeError(
        list,
        row,
        `the decision contradicts that of line ${other.line}, which has the same text and label`,
      )
    }
    decided.set(key, row)
  }
  const [first] = rows
  if (first === undefined)
    throw new WinnowError('dataset_invalid', `${list} has no rows; there is nothing to apply.`)
  const byRow = new Map<number, Decision>()
  const byId = new Map<string, Decision>()
  for (const { row, reference, key } of rows) {
    const decision = decided.get(key)?.decision
    if (decision === undefined || decision === row.given) continue
    const { line, text, given } = row
    const made = { place: `${list}:${line}`, text, given, decision }
    if (reference.kind === 'row') byRow.set(reference.row, made)
    else byId.set(reference.id, made)
  }
  const { reference } = first
  return reference.kind === 'row'
    ? { kind: 'row', rows: rows.length, path: reference.path, byRow }
    : { kind: 'event', rows: rows.length, byId }
}

function placeError(list: string, { line }: ReviewedRow, problem: string): WinnowError {
  const place = `${list}:${line}`
  return new WinnowError('dataset_invalid', `${place}: ${problem}.`, { details: { place } })
}

function requireOneSource(
  list: string,
  row: ReviewedRow,
  { reference, first = reference }: { reference: Reference; first: Reference | undefined },
): void {
  const same =
    reference.kind === 'row'
      ? first.kind === 'row' && first.path === reference.path
      : first.kind === 'event'
  if (same) return
  const problem = `the list is about several sources (${row.reference} is not of the first one)`
  throw placeError(list, row, `${problem}; apply one list per source`)
}

/** The labels that a row gets. */
export type CorrectedLabels = ReadonlyMap<number, readonly string[]>

/**
 * Checks the decisions about a file against its rows, each with its number and its cleaned text.
 *
 * @throws WinnowError `dataset_invalid`, which names the lines of the list, if a row is missing or
 * has another text or label than in the list, or a decision is not a label of the file.
 */
export async function decideRows(
  { path, byRow }: Extract<Decisions, { kind: 'row' }>,
  options: {
    readonly examples: AsyncIterable<{ readonly example: Example; readonly number: number }>
    readonly newLabels: readonly string[]
  },
): Promise<CorrectedLabels> {
  const corrected = new Map<number, readonly string[]>()
  const names = new Set(options.newLabels)
  const missing = new Map(byRow)
  const problems: string[] = []
  for await (const { example, number } of options.examples) {
    for (const label of example.labels ?? [example.label]) names.add(label)
    const decision = missing.get(number)
    if (decision === undefined) continue
    missing.delete(number)
    const problem = changedSince(decision, example)
    if (problem !== undefined) problems.push(`${decision.place}: ${path}:${number} ${problem}`)
    const labels =
      example.labels === undefined ? [decision.decision] : parseSetCell(decision.decision)
    if (labels !== undefined) corrected.set(number, labels)
    else problems.push(`${decision.place}: the decision is not a set of labels; write a | b, or []`)
  }
  for (const [row, { place }] of missing) problems.push(`${place}: ${path} has no row ${row}`)
  for (const [row, labels] of corrected) {
    const { place } = byRow.get(row)!
    for (const label of labels) {
      if (!names.has(label)) problems.push(`${place}: ${unknownLabel(label, names, path)}`)
    }
  }
  requireNone(problems)
  return corrected
}

/** What differs between a row and what the list says of it. */
function changedSince({ text, given }: Decision, example: Example): string | undefined {
  const label = labelCell(example.labels ?? example.label)
  const own = duplicateKey(example.text.slice(0, cellCharactersMax))
  if (own !== duplicateKey(text)) return 'has another text than in the list; check the data again'
  if (label === given) return undefined
  const found = `has the label ${JSON.stringify(label)}, not ${JSON.stringify(given)} as in the list`
  return `${found}: the data changed, or the spreadsheet rewrote the cell`
}

/**
 * The labels that people decided for, by event id.
 *
 * @throws WinnowError `dataset_invalid`, which names the lines of the list, for a decision that is
 * not one of `known` or `newLabels`. Without any known label, all pass.
 */
export function decideEvents(
  { byId }: Extract<Decisions, { kind: 'event' }>,
  { known, newLabels }: { known: ReadonlySet<string>; newLabels: readonly string[] },
): { id: string; label: string }[] {
  const names = new Set([...known, ...newLabels])
  const problems: string[] = []
  const labels = [...byId].map(([id, { place, decision: label }]) => {
    const isKnown = known.size === 0 || names.has(label)
    if (!isKnown) problems.push(`${place}: ${unknownLabel(label, names, 'a known model')}`)
    return { id, label }
  })
  requireNone(problems)
  return labels
}

function unknownLabel(label: string, names: ReadonlySet<string>, owner: string): string {
  const near = nearest(label, names)
  const meant = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`
  return (
    `${JSON.stringify(label)} is not a label of ${owner}${meant} ` +
    `(--new-label ${JSON.stringify(label)} makes it one)`
  )
}

const problemsShownMax = 5

function requireNone(problems: readonly string[]): void {
  if (problems.length === 0) return
  const shown = problems.slice(0, problemsShownMax)
  const more = problems.length - shown.length
  const rest = more === 0 ? '' : `; and ${counted(more, 'more problem')}`
  throw new WinnowError('dataset_invalid', `${shown.join('; ')}${rest}. Nothing was changed.`, {
    details: { problems },
  })
}
