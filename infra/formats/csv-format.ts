// The format csv: a value is one row (RFC 4180), and the configuration names its columns. An empty
// cell is absent.
import { counted } from '../../schemas/counted.ts'
import { CsvReader, type CsvRecord } from '../../schemas/csv/csv-records.ts'
import { ok, rejected, type Outcome } from '../../schemas/outcome.ts'
import type { PartDecoder } from '../../schemas/ports/record-decoder.ts'
import { utf8Text } from './utf8-text.ts'

export type CsvColumns = { readonly columns: readonly string[]; readonly delimiter: string }

/** Decodes one row to an object with the named columns. */
export function csvDecoder(table: CsvColumns): PartDecoder {
  return (bytes) => {
    const text = utf8Text(bytes, 'the value')
    return Promise.resolve(text.kind === 'rejected' ? text : rowOf(text.value, table))
  }
}

class RowDefect extends Error {}

function rowOf(text: string, { columns, delimiter }: CsvColumns): Outcome<unknown> {
  const reader = new CsvReader({
    delimiter,
    quotes: 'csv',
    lineOffset: 0,
    charactersMax: Infinity,
    error: (_line, problem) => new RowDefect(problem),
    fieldsMax: columns.length,
  })
  let rows: CsvRecord[]
  try {
    rows = [...reader.push(text), ...reader.end()]
  } catch (error) {
    if (error instanceof RowDefect) return rejected('csv_invalid', error.message)
    throw error
  }
  const [row] = rows
  if (row === undefined) return rejected('csv_invalid', 'the value has no row')
  if (rows.length > 1) {
    return rejected('csv_invalid', `the value has ${rows.length} rows; a record is one event`)
  }
  if (row.fields.length !== columns.length) {
    const given = counted(row.fields.length, 'field')
    const named = counted(columns.length, 'column')
    return rejected('csv_invalid', `the row has ${given}, and the input names ${named}`)
  }
  const cells = columns
    .map((name, at): [string, string] => [name, row.fields[at]!])
    .filter(([, cell]) => cell !== '')
  return ok(Object.fromEntries(cells))
}
