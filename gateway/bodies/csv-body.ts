// Splits a CSV body into events: the header names the columns, and each row is an event (RFC 4180).
// A row that does not fit is one wrong item; quotes that do not fit make the whole body unreadable.
import { isUtf8 } from 'node:buffer'
import type { Work } from '../../models/runtime/sliced-work.ts'
import { counted } from '../../schemas/counted.ts'
import { CsvReader, type CsvRecord } from '../../schemas/csv/csv-records.ts'
import { invalidBody, tooMany, type BodyValue, type CutItems } from './event-body.ts'

/** Columns that are fields of an event; all others become attributes. */
const fieldColumns = ['text', 'id', 'source', 'time', 'label'] as const

/** Characters that are split between two yields. */
const stepCharacters = 32_768

/**
 * Splits a table into rows, in steps. Throws `batch_too_large`, and `body_invalid` for what makes
 * the rows unclear: no column `text`, a column that is named twice, quotes in the wrong place.
 */
export function* cutCsv(
  bytes: Uint8Array,
  limits: { readonly itemsMax: number; readonly attributesMax: number },
): Work<CutItems> {
  if (!isUtf8(bytes)) throw invalidBody('The CSV is not valid UTF-8')
  // Decoding drops a byte order mark.
  const text = new TextDecoder().decode(bytes)
  yield
  const reader = new CsvReader({
    delimiter: ',',
    quotes: 'csv',
    lineOffset: 0,
    charactersMax: Infinity,
    fieldsMax: limits.attributesMax + fieldColumns.length,
    error: (line, problem) =>
      invalidBody(`Line ${line}: ${problem} Quote the whole field and double the quotes in it`),
  })
  let header: readonly string[] | undefined
  const rows: CsvRecord[] = []
  const add = (record: CsvRecord) => {
    if (header === undefined) header = headerOf(record)
    else if (rows.length === limits.itemsMax) throw tooMany(limits.itemsMax)
    else rows.push(record)
  }
  for (let at = 0; at < text.length; at += stepCharacters) {
    for (const record of reader.push(text.slice(at, at + stepCharacters))) add(record)
    yield
  }
  for (const record of reader.end()) add(record)
  if (header === undefined || rows.length === 0) throw invalidBody('The body holds no event')
  const columns = header
  return {
    count: rows.length,
    read: (index) => eventOf(rows[index]!, columns),
    placeOf: (index) => ({ line: rows[index]!.number }),
  }
}

function headerOf({ fields }: CsvRecord): string[] {
  const header = fields.map((name) => name.trim())
  if (!header.includes('text')) {
    throw invalidBody(
      'The first line of the CSV must name the columns, separated by commas, and one of them must be "text"',
    )
  }
  const twice = header.find((name, index) => name !== '' && header.indexOf(name) !== index)
  if (twice === undefined) return header
  throw invalidBody(`The header names the column ${JSON.stringify(twice.slice(0, 64))} twice`)
}

/** The event of a row. An empty field is absent, except the text. */
function eventOf({ fields }: CsvRecord, header: readonly string[]): BodyValue {
  if (fields.length !== header.length) {
    const message =
      `the row has ${counted(fields.length, 'field')} and the header ${header.length}; ` +
      'a field that holds a comma, a quote or a line break must be quoted'
    return { kind: 'unreadable', error: { code: 'row_ragged', message } }
  }
  // A column without a name, such as the row numbers that pandas writes, is left out.
  const cells = header
    .map((name, index): [string, string] => [name, fields[index]!])
    .filter(([name, value]) => name === 'text' || (name !== '' && value !== ''))
  const isField = ([name]: [string, string]) => (fieldColumns as readonly string[]).includes(name)
  const event: Record<string, unknown> = Object.fromEntries(cells.filter(isField))
  const attributes = cells.filter((cell) => !isField(cell))
  if (attributes.length > 0) event['attributes'] = Object.fromEntries(attributes)
  // Epoch milliseconds; other times are RFC 3339.
  const { time } = event
  if (typeof time === 'string' && /^\d+$/.test(time)) event['time'] = Number(time)
  return { kind: 'value', value: event }
}
