// Reads the rows of a file or of standard input in any supported format. It chooses the reader; the
// *-rows.ts files read the formats.
import { basename } from 'node:path'
import { WinnowError } from '../../schemas/errors.ts'
import type { DatasetRows, SourceFacts, SourceRow } from './dataset-source.ts'
import { hashedBytes } from './file-facts.ts'
import {
  detectFormat,
  formatNames,
  requireRows,
  requireText,
  type FileFormat,
} from './file-format.ts'
import { jsonArrayRows, jsonlRows } from './jsonl-rows.ts'
import { plainTextRows } from './plain-text-rows.ts'
import { openPlainBytes, type ByteSource } from './plain-bytes.ts'
import type { NeededColumns, RowColumns } from './row-columns.ts'
import type { QuoteRule } from './table-header.ts'

/** The options of `fileRows`. */
export type FileRowsOptions = {
  readonly columns: RowColumns
  readonly need: NeededColumns
  /** Default: detected by content and name. */
  readonly format?: FileFormat | undefined
  /**
   * The format of a file that matches no other: one text per line, or JSON Lines with a mistake.
   */
  readonly otherwise?: 'text' | 'jsonl' | undefined
  readonly quotes?: QuoteRule | undefined
  /** Called with sentences for the user: the detected format, and warnings. */
  readonly onNote?: ((note: FileNote) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** A sentence for the user about a file. */
export type FileNote = { readonly kind: 'format' | 'warning'; readonly text: string }

/** A file by its path, or bytes that can be read once, such as standard input. */
export type FileInput = ByteSource & { readonly path?: string | undefined }

/**
 * Reads rows of JSON Lines, a JSON array, a delimited table, plain text (each may be gzip), or
 * Parquet.
 *
 * @throws WinnowError `dataset_invalid`, which names file and line; `cancelled`.
 *
 * @example
 * fileRows({ ...fileSource(path), path }, { columns: defaultColumns, need: 'text and label' }).rows
 */
export function fileRows(input: FileInput, options: FileRowsOptions): DatasetRows {
  const { name, path } = input
  const { format: given, columns, otherwise = 'jsonl', onNote } = options
  const hashed = hashedBytes(input)
  let facts: () => SourceFacts = hashed.facts
  const rows = async function* (): AsyncGenerator<SourceRow, void, undefined> {
    const { head, source, compression, close } = await openPlainBytes(hashed.source)
    const format = given ?? detectFormat({ name, head, columns, otherwise })
    if (format === 'parquet') {
      await close()
      if (path === undefined) {
        throw new WinnowError(
          'dataset_invalid',
          `${name}: Parquet can be read only from a file; use --data FILE`,
        )
      }
      if (compression === 'gzip') {
        const problem = `${name}: Parquet within gzip cannot be read; decompress it first with \`gunzip\``
        throw new WinnowError('dataset_invalid', problem)
      }
      onNote?.({ kind: 'format', text: `${name}: read as ${formatNames.parquet}` })
      const { parquetRows } = await import('./parquet-rows.ts')
      const parquet = parquetRows(path, options)
      facts = parquet.facts
      yield* parquet.rows
      return
    }
    try {
      requireText(name, head)
      if (given === undefined) requireRows(name, head)
      if (format !== 'csv')
        onNote?.({ kind: 'format', text: `${name}: read as ${formatNames[format]}` })
      yield* textRows(source, format, options)
    } finally {
      await close()
    }
  }
  return { name: basename(name), rows: rows(), facts: () => facts() }
}

/** The line for people about how a file was read. */
export function noteText({ kind, text }: FileNote): string {
  return kind === 'warning' ? `warning: ${text}` : text
}

async function* textRows(
  source: ByteSource,
  format: Exclude<FileFormat, 'parquet'>,
  options: FileRowsOptions,
): AsyncGenerator<SourceRow, void, undefined> {
  const { onNote } = options
  switch (format) {
    case 'jsonl':
      return yield* jsonlRows(source, options)
    case 'json':
      return yield* jsonArrayRows(source, options)
    case 'text':
      if (options.need === 'text and label') {
        const problem = `${source.name}: plain text has no labels; save it as JSON Lines or CSV`
        throw new WinnowError('dataset_invalid', problem)
      }
      return yield* plainTextRows(source, options)
    case 'csv': {
      // Loaded on demand, like Parquet, so that classifying a text starts sooner.
      const { csvRows } = await import('./csv-rows.ts')
      return yield* csvRows(source, {
        ...options,
        onDelimiter: (delimiter) => {
          const name = delimiterNames.get(delimiter) ?? JSON.stringify(delimiter)
          const quotes = options.quotes === 'none' ? ', without quotes' : ''
          const text = `${source.name}: read as ${formatNames.csv} separated by ${name}${quotes}`
          onNote?.({ kind: 'format', text })
        },
        onWarning: (text) => onNote?.({ kind: 'warning', text }),
      })
    }
  }
}

const delimiterNames: ReadonlyMap<string, string> = new Map([
  [',', 'commas'],
  [';', 'semicolons'],
  ['\t', 'tabs'],
  ['|', 'bars'],
])
