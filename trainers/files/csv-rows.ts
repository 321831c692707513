// Reads rows from delimited text. It owns the header and the check for ragged rows;
// table-header.ts detects the delimiter, schemas/csv/csv-records.ts splits the text, and
// source-row.ts checks the rows.
import { counted } from '../../schemas/counted.ts'
import { CsvReader, type CsvRecord } from '../../schemas/csv/csv-records.ts'
import type { SourceRow } from './dataset-source.ts'
import type { ByteSource } from './plain-bytes.ts'
import { missingColumn, type NeededColumns, type RowColumns } from './row-columns.ts'
import { columnsRow, rowMapping, tableMapping, type TableMapping } from './row-mapping.ts'
import { headerDelimiter, separatorLine, type QuoteRule } from './table-header.ts'
import { lineBytesMax, lineError, readTextBlocks, type LineOptions } from './text-lines.ts'

export type CsvOptions = LineOptions & {
  readonly columns: RowColumns
  readonly need: NeededColumns
  /** Default `csv`. */
  readonly quotes?: QuoteRule | undefined
  /** Called once with the delimiter, before the first row. */
  readonly onDelimiter?: ((delimiter: string) => void) | undefined
  /** Called with a sentence for each likely mistake in the file. */
  readonly onWarning?: ((warning: string) => void) | undefined
}

/**
 * Reads a table whose first line names the columns. A line `sep=;` before it sets the delimiter;
 * otherwise it is the one of `, ; tab |` with which the header has the columns of text and label.
 * The columns `id` and `time` mean the same as in JSONL; all other columns with a name become
 * attributes.
 *
 * @throws WinnowError `dataset_invalid`, which names file and line, for missing columns, a ragged
 * row or unmatched quotes, and with the errors of `readTextBlocks`; `cancelled`.
 */
export async function* csvRows(
  source: ByteSource,
  options: CsvOptions,
): AsyncGenerator<SourceRow, void, undefined> {
  const { columns, need } = options
  let header: readonly string[] | undefined
  let mapping: TableMapping | undefined
  for await (const { number, fields } of tableRecords(source, options)) {
    if (header === undefined) {
      header = tableHeader(fields, { source, number, columns, need })
      continue
    }
    mapping ??= tableMapping(header, rowMapping(columns))
    yield tableRow(fields, { header, mapping, number, place: `${source.name}:${number}` })
  }
}

/**
 * The header and the records of a table, as they stand; see `csvRows`, which gives them meaning.
 *
 * @throws WinnowError `dataset_invalid` for a ragged row or unmatched quotes, and with the errors
 * of `readTextBlocks`; `cancelled`.
 */
export async function* tableRecords(
  source: ByteSource,
  options: Omit<CsvOptions, 'need'>,
): AsyncGenerator<CsvRecord, void, undefined> {
  const { columns, quotes = 'csv', onDelimiter, onWarning } = options
  const blocks = readTextBlocks(source, options)
  const beginning = await firstBlock(blocks)
  if (beginning === undefined) return
  const { first, delimiter, lineOffset } = headerOf(beginning, columns)
  onDelimiter?.(delimiter)
  let width: number | undefined
  const spanning = new SpanningFields(source)
  const reader = new CsvReader({
    delimiter,
    quotes,
    lineOffset,
    charactersMax: lineBytesMax,
    error: (number, problem) => lineError({ source, number }, `${problem} ${quoteAdvice}`),
  })
  for await (const record of recordsOf(reader, { first, blocks })) {
    const { number, fields } = record
    if (width !== undefined && fields.length !== width) {
      const problem =
        `the row has ${counted(fields.length, 'field')} and the header ` +
        `${width}; ${raggedAdvice(delimiter, quotes)}${spanning.hint()}`
      const error = lineError({ source, number }, problem)
      if (options.onWrongRow === undefined) throw error
      options.onWrongRow(error)
      continue
    }
    if (width !== undefined) spanning.look(record)
    width ??= fields.length
    yield record
  }
  const warning = spanning.warning()
  if (warning !== undefined) onWarning?.(warning)
}

async function* recordsOf(
  reader: CsvReader,
  { first, blocks }: { first: string; blocks: AsyncGenerator<string> },
): AsyncGenerator<CsvRecord, void, undefined> {
  try {
    yield* reader.push(first)
    for await (const block of blocks) yield* reader.push(block)
    yield* reader.end()
  } finally {
    await blocks.return(undefined)
  }
}

function raggedAdvice(delimiter: string, quotes: QuoteRule): string {
  const name = JSON.stringify(delimiter)
  return quotes === 'none'
    ? `without quotes, no field can hold ${name} or a line break`
    : `a field that holds ${name} or a quote must be quoted`
}

const quoteAdvice =
  'Quote the whole field and double the quotes in it; if quotes are ordinary characters in this file, ' +
  'use --quotes none.'

/** Tracks quoted fields with line breaks, which swallow rows if a quote was not meant as one. */
class SpanningFields {
  readonly #source: ByteSource
  #rows = 0
  #firstLine = 0

  constructor(source: ByteSource) {
    this.#source = source
  }

  look({ number, lastNumber }: CsvRecord): void {
    if (lastNumber === number) return
    if (this.#rows === 0) this.#firstLine = number
    this.#rows++
  }

  /** A hint to add to the error of a later row. */
  hint(): string {
    if (this.#rows === 0) return ''
    return ` (line ${this.#firstLine} begins a quoted field over several lines; --quotes none reads quotes as text)`
  }

  warning(): string | undefined {
    if (this.#rows === 0) return undefined
    const rows = counted(this.#rows, 'row has', 'rows have')
    return (
      `${this.#source.name}: ${rows} a quoted field over several lines, first at line ${this.#firstLine}. ` +
      'If quotes are ordinary characters in this file, use --quotes none.'
    )
  }
}

type Header = { readonly first: string; readonly delimiter: string; readonly lineOffset: number }

/** Finds the header: the text from the header on, and the delimiter. */
function headerOf(beginning: string, columns: RowColumns): Header {
  const blankLines = /^\s*\n/.exec(beginning)?.[0] ?? ''
  const text = beginning.slice(blankLines.length)
  const separator = separatorLine(text)
  const blankCount = blankLines.split('\n').length - 1
  if (separator === undefined) {
    const [line = ''] = text.split(/[\r\n]/, 1)
    return { first: text, delimiter: headerDelimiter(line, columns), lineOffset: blankCount }
  }
  const { delimiter, length } = separator
  return { first: text.slice(length), delimiter, lineOffset: blankCount + 1 }
}

/** The first block that is not blank. */
async function firstBlock(blocks: AsyncGenerator<string>): Promise<string | undefined> {
  let text = ''
  for (;;) {
    const next = await blocks.next()
    if (next.done === true) return text === '' ? undefined : text
    text += next.value
    if (text.trim() !== '') return text
  }
}

/**
 * The names of the columns.
 *
 * @throws WinnowError `dataset_invalid` for a missing column, or one that is named twice.
 */
export function tableHeader(
  fields: readonly string[],
  place: {
    source: Pick<ByteSource, 'name'>
    number: number
    columns: RowColumns
    need: NeededColumns
  },
): string[] {
  const header = fields.map((name) => name.trim())
  const problem = missingColumn(header, { ...place, kind: 'column' })
  if (problem !== undefined) {
    const plain = place.need === 'text' ? ' If this is not a table, use --format text.' : ''
    throw lineError(place, `${problem} The first line must name the columns.${plain}`)
  }
  const twice = header.find((name, index) => name !== '' && header.indexOf(name) !== index)
  if (twice === undefined) return header
  throw lineError(place, `the header names the column ${JSON.stringify(twice)} twice`)
}

/** The row of a record with as many fields as the header. */
export function tableRow(
  fields: readonly string[],
  {
    header,
    ...at
  }: { header: readonly string[]; mapping: TableMapping; number: number; place: string },
): SourceRow & { number: number } {
  // A column without a name holds, for example, the row numbers that pandas writes.
  const named = header.flatMap((name, index): [string, string][] =>
    name === '' ? [] : [[name, fields[index]!]],
  )
  return columnsRow(Object.fromEntries(named), at)
}
