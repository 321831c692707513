// Writes a copy of a file of labelled texts in which some rows have other labels. All other values
// stay as they are; blank lines and the quoting of tables do not. The caller decides the labels.
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip, createZstdCompress } from 'node:zlib'
import { WinnowError } from '../../schemas/errors.ts'
import type { CsvRecord } from '../../schemas/csv/csv-records.ts'
import { exactJsonText, parseForPassing } from '../../schemas/exact-json.ts'
import { tableHeader, tableRecords, tableRow, type CsvOptions } from './csv-rows.ts'
import { decodedSource } from './decoded-bytes.ts'
import { detectFormat, type FileFormat } from './file-format.ts'
import type { FileReading } from './file-reading.ts'
import { jsonItems } from './json-items.ts'
import { parseJsonObject } from './jsonl-rows.ts'
import { seekableFile } from './local-copy.ts'
import { fileSource, openPlainBytes, type ByteSource } from './plain-bytes.ts'
import { labelsColumn, type RowColumns } from './row-columns.ts'
import { objectRow, rowMapping, tableMapping, type TableMapping } from './row-mapping.ts'
import { exampleOf, labelSeparator, type Example } from './source-row.ts'
import type { SourceRow } from './dataset-source.ts'
import type { QuoteRule } from './table-header.ts'
import { lineError, readTextLines } from './text-lines.ts'

/** How the file is read, and what the copy changes. */
export type CorrectedCopyOptions = FileReading & {
  readonly columns: RowColumns
  /** The copy, which is replaced if it exists; `.gz` or `.zst` at the end compresses it. */
  readonly out: string
  /**
   * Called with each row and its number; returns the labels that it gets, which is one for a row
   * with one label, or undefined to leave it.
   */
  readonly correct: (example: Example, number: number) => readonly string[] | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Copies a file row by row. A Parquet file becomes JSON Lines, and the sheet of a workbook a table
 * separated by commas; every other format stays. Text is written in UTF-8. The copy
 * appears whole, or not at all.
 *
 * @returns The format of the copy.
 * @throws WinnowError the errors of `fileRows`, and what `correct` throws.
 */
export async function writeCorrectedCopy(
  path: string,
  options: CorrectedCopyOptions,
): Promise<FileFormat> {
  const { out } = options
  const format = options.format ?? (await formatOf(path, options))
  const pending = `${out}.new`
  const lines = Readable.from(copiedLines(path, format, options))
  try {
    const written = createWriteStream(pending)
    if (out.endsWith('.gz')) await pipeline(lines, createGzip(), written)
    else if (out.endsWith('.zst')) await pipeline(lines, createZstdCompress(), written)
    else await pipeline(lines, written)
    await rename(pending, out)
  } catch (error) {
    await rm(pending, { force: true })
    throw error
  }
  return format === 'parquet' ? 'jsonl' : format === 'xlsx' ? 'csv' : format
}

async function formatOf(path: string, options: CorrectedCopyOptions): Promise<FileFormat> {
  const { columns } = options
  const { head, close } = await openPlainBytes(await textSource(path, options))
  await close()
  return detectFormat({ name: path, head, columns, otherwise: 'jsonl' })
}

/** The bytes of a file, as UTF-8 if they are text of another encoding. */
async function textSource(path: string, { encoding }: CorrectedCopyOptions): Promise<ByteSource> {
  if (encoding === undefined) return fileSource(path)
  const { source } = await openPlainBytes(fileSource(path))
  return decodedSource(source, encoding)
}

function copiedLines(
  path: string,
  format: FileFormat,
  options: CorrectedCopyOptions,
): AsyncGenerator<string> {
  switch (format) {
    case 'jsonl':
      return jsonLines(path, options)
    case 'json':
      return jsonArray(path, options)
    case 'csv': {
      let delimiter = ','
      const reading = { ...options, onDelimiter: (found: string) => (delimiter = found) }
      const records = textTable(path, reading)
      return tableLines(path, { ...options, records, delimiterOf: () => delimiter })
    }
    case 'xlsx': {
      const records = workbookTable(path, options)
      return tableLines(path, { ...options, records, delimiterOf: () => ',', quotes: 'csv' })
    }
    case 'parquet':
      return parquetLines(path, options)
    case 'text':
      throw new WinnowError('dataset_invalid', `${path}: plain text has no labels to correct.`)
  }
}

async function* jsonLines(path: string, options: CorrectedCopyOptions): AsyncGenerator<string> {
  const source = await textSource(path, options)
  const mapping = rowMapping(options.columns)
  for await (const { number, text } of readTextLines(source, options)) {
    const fields = parseJsonObject(text, { source, number })
    const row = objectRow(fields, { mapping, number, place: `${path}:${number}` })
    yield `${correctedJson(text, row, options)}\n`
  }
}

async function* jsonArray(path: string, options: CorrectedCopyOptions): AsyncGenerator<string> {
  const source = await textSource(path, options)
  let before = '[\n'
  const mapping = rowMapping(options.columns)
  for await (const { number, line, text } of jsonItems(source, options)) {
    const fields = parseJsonObject(text, { source, number: line, what: `item ${number}` })
    const row = objectRow(fields, { mapping, number, place: `${path}:${line}: item ${number}` })
    yield before + correctedJson(text, row, options)
    before = ',\n'
  }
  yield before === '[\n' ? '[]\n' : '\n]\n'
}

/** The text of a JSON object, with other labels if it is corrected. */
function correctedJson(
  text: string,
  row: SourceRow & { number: number },
  { columns, correct }: CorrectedCopyOptions,
): string {
  const example = exampleOf(row, columns)
  const labels = correct(example, row.number)
  if (labels === undefined) return text
  const fields = parseForPassing(text) as Record<string, unknown>
  const field = example.labels === undefined ? columns.label : labelsOf(columns)
  requireField(Object.keys(fields), field, row.place)
  fields[field] = example.labels === undefined ? labels[0] : labels
  return exactJsonText(fields)
}

function labelsOf({ fields }: RowColumns): string {
  return fields?.labels ?? labelsColumn
}

/** A label that a path or a template gives has no place of its own to be corrected in. */
function requireField(found: readonly string[], field: string, place: string): void {
  if (found.includes(field)) return
  const message =
    `${place}: the label comes from ${JSON.stringify(field)}, and only a column or a field at the ` +
    'top of an object can be corrected'
  throw new WinnowError('dataset_invalid', message, { details: { place } })
}

type CopiedTable = CorrectedCopyOptions & {
  readonly records: AsyncIterable<Pick<CsvRecord, 'number' | 'fields'>>
  /** The delimiter, which is known once there is a record. */
  readonly delimiterOf: () => string
}

async function* tableLines(path: string, options: CopiedTable): AsyncGenerator<string> {
  const { columns, quotes = 'csv', correct, records, delimiterOf } = options
  const source = { name: path }
  let header: readonly string[] | undefined
  let mapping: TableMapping | undefined
  for await (const { number, fields } of records) {
    const delimiter = delimiterOf()
    const cell = (text: string): string => tableCell(text, { delimiter, quotes })
    if (header === undefined) {
      header = tableHeader(fields, { source, number, columns, need: 'text and label' })
      yield `${fields.map(cell).join(delimiter)}\n`
      continue
    }
    const place = `${source.name}:${number}`
    mapping ??= tableMapping(header, rowMapping(columns))
    const example = exampleOf(tableRow(fields, { header, mapping, number, place }), columns)
    const labels = correct(example, number)
    const field = example.labels === undefined ? columns.label : labelsOf(columns)
    requireField(header, field, place)
    const column = header.indexOf(field)
    if (labels !== undefined && !fitsCell(labels, { example, quotes, delimiter })) {
      const problem = `the label ${JSON.stringify(labels.join())} holds a separator of this table`
      throw lineError({ source, number }, problem)
    }
    const copied = labels === undefined ? fields : fields.with(column, labels.join(labelSeparator))
    yield `${copied.map(cell).join(delimiter)}\n`
  }
}

/** Whether a reader of the table would find the same labels in the cell. */
function fitsCell(
  labels: readonly string[],
  { example, quotes, delimiter }: { example: Example; quotes: QuoteRule; delimiter: string },
): boolean {
  const separators = [
    ...(example.labels === undefined ? [] : [labelSeparator]),
    ...(quotes === 'none' ? [delimiter, '\n', '\r'] : []),
  ]
  return !labels.some((label) => separators.some((separator) => label.includes(separator)))
}

function tableCell(
  text: string,
  { delimiter, quotes }: { delimiter: string; quotes: QuoteRule },
): string {
  if (quotes === 'none' || !(text.includes(delimiter) || /["\r\n]/.test(text))) return text
  return `"${text.replaceAll('"', '""')}"`
}

async function* textTable(
  path: string,
  options: CorrectedCopyOptions & Pick<CsvOptions, 'onDelimiter'>,
): AsyncGenerator<CsvRecord> {
  yield* tableRecords(await textSource(path, options), options)
}

async function* workbookTable(
  path: string,
  options: CorrectedCopyOptions,
): AsyncGenerator<{ number: number; fields: readonly string[] }> {
  const { workbookRecords } = await import('./workbook-rows.ts')
  const file = await seekableFile(path, options)
  try {
    yield* workbookRecords(file.path, { ...options, name: path })
  } finally {
    await file.close()
  }
}

/** A Parquet file as JSON Lines, with the columns that a reader of labelled texts looks at. */
async function* parquetLines(path: string, options: CorrectedCopyOptions): AsyncGenerator<string> {
  const { columns, correct, signal } = options
  const { parquetRows } = await import('./parquet-rows.ts')
  const reading = { name: path, columns, need: 'text and label', signal } as const
  const file = await seekableFile(path, { signal })
  try {
    for await (const row of parquetRows(file.path, reading)) {
      const example = exampleOf(row, columns)
      const own = example.labels ?? [example.label]
      const labels = correct(example, row.number!) ?? own
      const label = example.labels === undefined ? { [columns.label]: labels[0] } : { labels }
      const { id, time } = example
      const attributes = row.attributes
      yield `${exactJsonText({ [columns.text]: example.text, ...label, id, time, attributes })}\n`
    }
  } finally {
    await file.close()
  }
}
