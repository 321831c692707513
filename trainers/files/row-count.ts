// Counts the rows of files for progress reports: exactly for JSON arrays and Parquet, by lines for
// other formats. It does not check the rows; file-rows.ts reads them.
import { stat } from 'node:fs/promises'
import { detectFormat, type FileFormat } from './file-format.ts'
import { isLocalFile, localFiles } from './file-set.ts'
import { jsonItems } from './json-items.ts'
import { fileSource, openPlainBytes } from './plain-bytes.ts'
import type { RowColumns } from './row-columns.ts'

/** A number of rows; `about` if fields may contain line breaks. */
export type RowCount = { readonly rows: number; readonly accuracy: 'exact' | 'about' }

/** How rows are counted. */
export type CountRowsOptions = {
  readonly columns: RowColumns
  readonly format?: FileFormat | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Counts the rows of all files behind addresses. Undefined if one cannot be counted without reading
 * it as a whole: standard input, a pipe, S3, a workbook, compressed Parquet.
 *
 * @throws WinnowError `dataset_invalid`, as reading the files does; `cancelled`.
 */
export async function countRows(
  addresses: readonly string[],
  options: CountRowsOptions,
): Promise<RowCount | undefined> {
  let rows = 0
  let accuracy: RowCount['accuracy'] = 'exact'
  for (const address of addresses) {
    if (!isLocalFile(address)) return undefined
    for (const path of await localFiles(address)) {
      const count = await countFile(path, options)
      if (count === undefined) return undefined
      rows += count.rows
      if (count.accuracy === 'about') accuracy = 'about'
    }
  }
  return { rows, accuracy }
}

async function countFile(
  path: string,
  { columns, format: given, signal }: CountRowsOptions,
): Promise<RowCount | undefined> {
  // Counting would take the content of a pipe from its real reader.
  if (!(await stat(path)).isFile()) return undefined
  const { head, source, compression, close } = await openPlainBytes(fileSource(path))
  try {
    const format = given ?? detectFormat({ name: path, head, columns, otherwise: 'jsonl' })
    if (format === 'xlsx') return undefined
    if (format === 'parquet') {
      if (compression !== 'none') return undefined
      const { countParquetRows } = await import('./parquet-rows.ts')
      return { rows: await countParquetRows(path), accuracy: 'exact' }
    }
    if (format === 'json') {
      let rows = 0
      for await (const item of jsonItems(source, { signal })) rows = item.number
      return { rows, accuracy: 'exact' }
    }
    const lines = await countLines(source.bytes, signal)
    if (format === 'csv') return { rows: Math.max(0, lines - 1), accuracy: 'about' }
    return { rows: lines, accuracy: 'exact' }
  } finally {
    await close()
  }
}

const newline = 10
const carriageReturn = 13

/** The number of non-blank lines. */
async function countLines(
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<number> {
  let lines = 0
  let lineHasText = false
  for await (const chunk of bytes) {
    if (signal?.aborted === true) break
    let start = 0
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      const isBlank = end === start || (end === start + 1 && chunk[start] === carriageReturn)
      if (lineHasText || !isBlank) lines++
      lineHasText = false
      start = end + 1
    }
    lineHasText ||= start < chunk.length
  }
  return lineHasText ? lines + 1 : lines
}
