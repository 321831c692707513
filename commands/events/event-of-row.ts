// Makes an event from a row of a file, for `winnow produce`: maps fields and columns, and keeps all
// digits of numbers. schemas/event.ts defines what an event may hold.
import { WinnowError } from '../../schemas/errors.ts'
import { eventJson } from '../../schemas/event.ts'
import { wholeNumberText } from '../../schemas/exact-json.ts'
import { issueRule, valueAt, type SchemaIssue } from '../../schemas/issue-text.ts'
import type { OutgoingRecord } from '../../schemas/record.ts'
import type { SourceRow } from '../../trainers/files/dataset-source.ts'
import { labelsColumn, type RowColumns } from '../../trainers/files/row-columns.ts'
import { fieldProblem, textOfRow } from '../../trainers/files/source-row.ts'

/**
 * Makes the record of one row. Objects may have only the fields of an event; unknown columns of a
 * table become attributes. Whole numbers and booleans become text where an event has text.
 *
 * @throws WinnowError `dataset_invalid`; the message starts with the row's position.
 */
export function recordOfRow(row: SourceRow, columns: RowColumns): OutgoingRecord {
  // The stream rejects a string that is not well-formed text, with a dead letter.
  if (typeof row.text !== 'string') textOfRow(row, columns)
  const event = row.fields === undefined ? tableEvent(row) : objectEvent(row, row.fields, columns)
  const parsed = eventJson.safeParse({ ...event, text: row.text })
  if (!parsed.success) throw rowError(row, issueText(parsed.error.issues[0]!, event))
  return { key: parsed.data.id ?? null, value: JSON.stringify(parsed.data) }
}

type Draft = Readonly<Record<string, unknown>>

function objectEvent(row: SourceRow, fields: Draft, columns: RowColumns): Draft {
  const known = ['id', columns.text, 'source', 'time', 'attributes', columns.label]
  // With a mapping, a person has said what is wanted of the object.
  const unknown =
    columns.fields === undefined
      ? Object.keys(fields).find((name) => !known.includes(name))
      : undefined
  if (unknown !== undefined) {
    const problem = `an event has no field ${JSON.stringify(unknown)}, only ${known.join(', ')}`
    throw rowError(row, `${problem}; put it into attributes`)
  }
  return {
    id: nameOf(row.id),
    source: row.source,
    time: timeOf(row.time),
    attributes: attributesOf(row.attributes),
    label: nameOf(row.label),
  }
}

/** Empty cells count as absent; only JSON can tell them from an empty string. */
function tableEvent(row: SourceRow): Draft {
  const filled = (value: unknown): unknown => (value === '' ? undefined : value)
  const { source = row.source, ...attributes } = (row.attributes ?? {}) as Draft
  // An event has one label, so a set of labels becomes an attribute.
  const labels = row.labels === undefined ? {} : { [labelsColumn]: row.labels }
  const others = Object.entries({ ...attributes, ...labels }).filter(([, value]) => value !== null)
  return {
    id: nameOf(filled(row.id)),
    source: filled(source),
    time: timeOf(filled(row.time)),
    attributes: attributesOf(Object.fromEntries(others)),
    label: nameOf(filled(row.label)),
  }
}

/** Converts a whole number or boolean that is an id or label to text; leaves everything else. */
function nameOf(value: unknown): unknown {
  return typeof value === 'boolean' ? String(value) : (wholeNumberText(value) ?? value)
}

function timeOf(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString()
  if (typeof value === 'bigint') return Number(value)
  return typeof value === 'string' && /^\d{12,14}$/.test(value) ? Number(value) : value
}

function attributesOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, single]: [string, unknown]) => [name, attributeOf(single)]),
  )
}

function attributeOf(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString()
  const isFraction = typeof value === 'number' && !Number.isInteger(value)
  return isFraction ? String(value) : nameOf(value)
}

function issueText(issue: SchemaIssue, event: Draft): string {
  const { code, path } = issue
  const field = path.join('.')
  const value = valueAt(event, path)
  const fraction = typeof value === 'number' ? ' (only whole numbers are taken as text)' : ''
  if (code === 'invalid_type') {
    return fieldProblem(field, value, field === 'attributes' ? 'an object' : 'a string') + fraction
  }
  if (code === 'invalid_union') {
    return fieldProblem(field, value, 'RFC 3339 text or epoch milliseconds')
  }
  return `the field "${field}" ${issueRule(issue, event)}`
}

function rowError({ place }: SourceRow, problem: string): WinnowError {
  return new WinnowError('dataset_invalid', `${place}: ${problem}`, { details: { place } })
}
