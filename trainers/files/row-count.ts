// Counts the rows of a file for progress reports: exactly for JSON arrays and Parquet, by lines for
// other formats. It does not check the rows; file-rows.ts reads them.
import { detectFormat, type FileFormat } from './file-format.ts'
import { jsonItems } from './json-items.ts'
import { fileSource, openPlainBytes } from './plain-bytes.ts'
import type { RowColumns } from './row-columns.ts'

/** A number of rows; `about` if fields may contain line breaks. */
export type RowCount = { readonly rows: number; readonly accuracy: 'exact' | 'about' }

/**
 * Counts the rows of a file.
 *
 * @throws WinnowError `dataset_invalid`, as reading the file does; `cancelled`.
 */
export async function countRows(
  path: string,
  options: {
    readonly columns: RowColumns
    readonly format?: FileFormat | undefined
    readonly signal?: AbortSignal | undefined
  },
): Promise<RowCount> {
  const { columns, signal } = options
  const { head, source, close } = await openPlainBytes(fileSource(path))
  try {
    const format = options.format ?? detectFormat({ name: path, head, columns, otherwise: 'jsonl' })
    if (format === 'parquet') {
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
