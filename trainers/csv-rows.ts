// Rows from delimited text (RFC 4180: quotes, newlines inside of them). It owns the delimiter, the
// header and what a ragged row is; the syntax is csv-parse, what a row must hold is source-row.ts.
import { once } from 'node:events'
import { basename } from 'node:path'
import { parse, CsvError, type Parser } from 'csv-parse'
import type { DatasetRows, SourceRow } from './dataset-source.ts'
import { hashedBytes } from './file-facts.ts'
import { labelsColumn, missingColumn, type RowColumns } from './row-columns.ts'
import { lineBytesMax, lineError, readTextBlocks, type ByteSource } from './text-lines.ts'

const delimiters = [',', ';', '\t', '|'] as const
type Delimiter = (typeof delimiters)[number]

/**
 * Reads a table whose first line names the columns. The delimiter is the one of `, ; tab |` with which
 * the header has the columns of text and label. The columns `id` and `time` mean what they do in
 * JSONL; all others become attributes.
 *
 * @throws WinnowError `dataset_invalid` naming file and line: missing columns, a ragged row, quotes
 * that do not match, and what `readTextBlocks` throws; `cancelled`.
 */
export function csvRows(
  source: ByteSource,
  options: { columns: RowColumns; signal?: AbortSignal | undefined },
): DatasetRows {
  const hashed = hashedBytes(source)
  return {
    name: basename(source.name),
    rows: readTable(hashed.source, options),
    facts: hashed.facts,
  }
}

async function* readTable(
  source: ByteSource,
  options: { columns: RowColumns; signal?: AbortSignal | undefined },
): AsyncGenerator<SourceRow, void, undefined> {
  const { columns } = options
  const blocks = readTextBlocks(source, options)
  const first = await firstBlock(blocks)
  if (first === undefined) return
  const delimiter = detectDelimiter(first, columns)
  let header: readonly string[] | undefined
  for await (const { number, fields } of records(source, { first, blocks, delimiter })) {
    if (header === undefined) {
      header = checkedHeader(fields, { source, number, columns })
      continue
    }
    if (fields.length !== header.length) {
      const problem =
        `the row has ${fields.length} fields and the header ${header.length}; ` +
        `a field that holds ${JSON.stringify(delimiter)} or a quote must be quoted`
      throw lineError({ source, number }, problem)
    }
    yield rowOf(fields, { header, columns, place: `${source.name}:${number}` })
  }
}

/** The first block that is not blank; `number` of the lines before it does not matter to a header. */
async function firstBlock(blocks: AsyncGenerator<string>): Promise<string | undefined> {
  let text = ''
  for (;;) {
    const next = await blocks.next()
    if (next.done === true) return text === '' ? undefined : text
    text += next.value
    if (text.trim() !== '') return text
  }
}

type CsvRecord = { readonly number: number; readonly fields: readonly string[] }

/** The records with the number of the line on which each begins. */
async function* records(
  source: ByteSource,
  input: { first: string; blocks: AsyncGenerator<string>; delimiter: Delimiter },
): AsyncGenerator<CsvRecord, void, undefined> {
  // The parser runs ahead of what is read from it; when it fails, what it still held is lost.
  let parsedLines = 0
  const numbers: number[] = []
  const parser = parse({
    delimiter: input.delimiter,
    on_record: (fields: string[], { lines }) => {
      numbers.push(parsedLines + 1)
      parsedLines = lines
      return fields
    },
    relax_column_count: true,
    skip_empty_lines: true,
    // A quote that is never closed would otherwise gather the rest of the file.
    max_record_size: lineBytesMax,
  })
  const feeding = feed(parser, input)
  try {
    for await (const fields of parser) {
      yield { number: numbers.shift()!, fields: fields as string[] }
    }
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause
    throw lineError({ source, number: parsedLines + 1 }, csvProblem(cause))
  } finally {
    parser.destroy()
    await feeding
  }
}

/** Pushes the blocks, no faster than they are parsed; a failure to read ends the parser with it. */
async function feed(
  parser: Parser,
  { first, blocks }: { first: string; blocks: AsyncGenerator<string> },
): Promise<void> {
  try {
    for (let block = first, done = false; !done;) {
      if (parser.destroyed) return
      if (!parser.write(block)) await Promise.race([once(parser, 'drain'), once(parser, 'close')])
      const next = await blocks.next()
      done = next.done === true
      if (next.done !== true) block = next.value
    }
    if (!parser.destroyed) parser.end()
  } catch (cause) {
    parser.destroy(cause as Error)
  } finally {
    await blocks.return(undefined)
  }
}

function csvProblem(cause: CsvError): string {
  switch (cause.code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return 'a quote is opened and never closed'
    case 'CSV_MAX_RECORD_SIZE':
      return `the row is longer than ${lineBytesMax / 1024 / 1024} MiB; is a quote never closed?`
    default:
      return `the row is not valid CSV (${cause.message})`
  }
}

function detectDelimiter(text: string, columns: RowColumns): Delimiter {
  const [line = ''] = text.trimStart().split(/\r\n|\n|\r/, 1)
  const scored = delimiters.map((delimiter) => {
    const names = line.split(delimiter).map((name) => name.trim().replace(/^"|"$/g, ''))
    const wanted = [columns.text, columns.label, labelsColumn].filter((name) =>
      names.includes(name),
    ).length
    return { delimiter, wanted, names: names.length }
  })
  scored.sort((a, b) => b.wanted - a.wanted || b.names - a.names)
  return scored[0]!.delimiter
}

function checkedHeader(
  fields: readonly string[],
  place: { source: ByteSource; number: number; columns: RowColumns },
): string[] {
  const header = fields.map((name) => name.trim())
  const problem = missingColumn(place.columns, header)
  if (problem !== undefined) throw lineError(place, problem)
  const twice = header.find((name, index) => name !== '' && header.indexOf(name) !== index)
  if (twice === undefined) return header
  throw lineError(place, `the header names the column ${JSON.stringify(twice)} twice`)
}

function rowOf(
  fields: readonly string[],
  { header, columns, place }: { header: readonly string[]; columns: RowColumns; place: string },
): SourceRow {
  const named = new Map(header.map((name, index) => [name, fields[index]!]))
  const take = (name: string): string | undefined => {
    const value = named.get(name)
    named.delete(name)
    return value
  }
  const [text, label, labels, id, time] = [
    take(columns.text),
    take(columns.label),
    // Beside a label, a column of that name is an attribute like others.
    header.includes(columns.label) ? undefined : take(labelsColumn),
    take('id'),
    take('time'),
  ]
  const attributes = Object.fromEntries([...named].filter(([name, value]) => name + value !== ''))
  return { place, text, label, labels, id, time, attributes }
}
