// Reads the rows of one or many files in any supported format. It chooses the reader; file-set.ts
// finds the files, and the other *-rows.ts files read the formats.
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { WinnowError } from '../../schemas/errors.ts'
import type { DatasetRows, SourceFacts, SourceRow } from './dataset-source.ts'
import { decodedSource } from './decoded-bytes.ts'
import { hashedBytes } from './file-facts.ts'
import type { FileReading } from './file-reading.ts'
import { openFileSet, type FileAccess } from './file-set.ts'
import { copyToDisk } from './local-copy.ts'
import {
  detectFormat,
  formatNames,
  requireRows,
  requireText,
  type FileFormat,
} from './file-format.ts'
import { jsonArrayRows, jsonlRows } from './jsonl-rows.ts'
import { plainTextRows } from './plain-text-rows.ts'
import {
  fileSource,
  openPlainBytes,
  type ByteSource,
  type FileInput,
  type PlainBytes,
} from './plain-bytes.ts'
import type { NeededColumns, RowColumns } from './row-columns.ts'

/** The options of `fileRows`. */
export type FileRowsOptions = FileReading & {
  readonly columns: RowColumns
  readonly need: NeededColumns
  /**
   * The format of a file that matches no other: one text per line, or JSON Lines with a mistake.
   */
  readonly otherwise?: 'text' | 'jsonl' | undefined
  /** Called with sentences for the user: the detected format, and warnings. */
  readonly onNote?: ((note: FileNote) => void) | undefined
  /** Called for a row that is wrong by itself, which is then left out. Default: it throws. */
  readonly onWrongRow?: ((error: WinnowError) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** A sentence for the user about a file. */
export type FileNote = { readonly kind: 'format' | 'warning'; readonly text: string }

/**
 * Reads the rows of one file: JSON Lines, a JSON array, a delimited table, plain text, Parquet or
 * an Excel workbook, each also compressed with gzip or zstd.
 *
 * @throws WinnowError `dataset_invalid`, which names file and line; `cancelled`.
 *
 * @example
 * fileRows({ ...fileSource(path), path }, { columns: defaultColumns, need: 'text and label' }).rows
 */
export function fileRows(input: FileInput, options: FileRowsOptions): DatasetRows {
  const { name } = input
  const { format: given, columns, otherwise = 'jsonl', onNote } = options
  const hashed = hashedBytes(input)
  let facts: () => SourceFacts = hashed.facts
  const rows = async function* (): AsyncGenerator<SourceRow, void, undefined> {
    const stored = await openPlainBytes(hashed.source)
    const plain =
      options.encoding === undefined
        ? stored
        : await openPlainBytes(decodedSource(stored.source, options.encoding))
    const { head, source, close } = plain
    try {
      const format = given ?? detectFormat({ name, head, columns, otherwise })
      const say = (text: string): void => onNote?.({ kind: 'format', text })
      if (format === 'parquet' || format === 'xlsx') {
        say(`${name}: read as ${formatNames[format]}`)
        const direct = yield* storedRows(plain, { format, input, options })
        if (direct !== undefined) facts = direct
        return
      }
      requireText(name, head)
      if (given === undefined) requireRows(name, head)
      if (format !== 'csv') say(`${name}: read as ${formatNames[format]}`)
      yield* textRows(source, format, options)
    } finally {
      await close()
    }
  }
  return { name: basename(name), rows: rows(), facts: () => facts() }
}

/**
 * Reads the rows of all files behind addresses, one file after the other; see `openFileSet`. With
 * several files, each row names its own.
 *
 * @throws WinnowError the errors of `openFileSet` and of `fileRows`.
 *
 * @example
 * fileSetRows(['2025/*.csv.gz', 's3://mails/2026/'], { ...options, access })
 */
export function fileSetRows(
  addresses: readonly string[],
  { access, ...options }: FileRowsOptions & { readonly access: FileAccess },
): DatasetRows {
  let facts: SourceFacts = {}
  const rows = async function* (): AsyncGenerator<SourceRow, void, undefined> {
    const { inputs, close } = await openFileSet(addresses, access)
    try {
      const [first] = inputs
      const isOne = inputs.length === 1 && [first!.name, '-'].includes(addresses[0] ?? '')
      const files: SourceFacts[] = []
      for (const input of inputs) {
        const { name, rows: own, facts: ownFacts } = fileRows(input, options)
        for await (const row of own) yield isOne ? row : { ...row, file: input.name }
        files.push({ name, ...(ownFacts()['file'] as object) })
      }
      facts = isOne ? { file: files[0] } : { files }
    } finally {
      close()
    }
  }
  const [first = '', ...others] = addresses.map((address) => basename(address))
  const name = others.length === 0 ? first : `${first} and ${others.length} more`
  return { name, rows: rows(), facts: () => facts }
}

type StoredFile = {
  readonly format: 'parquet' | 'xlsx'
  readonly input: FileInput
  readonly options: FileRowsOptions
}

/**
 * Reads a format that needs a file on disk. Returns the facts if they come from a pass of its own.
 */
async function* storedRows(
  { source, compression, close }: PlainBytes,
  { format, input, options }: StoredFile,
): AsyncGenerator<SourceRow, (() => SourceFacts) | undefined, undefined> {
  const { name, path } = input
  // A pipe, such as of process substitution, has a path too.
  const isSeekable = path !== undefined && (await stat(path)).isFile()
  if (!isSeekable || compression !== 'none') {
    const copy = await copyToDisk(source, options)
    try {
      yield* storedRowsAt(copy.path, { format, name, options })
    } finally {
      await copy.close()
    }
    return undefined
  }
  await close()
  yield* storedRowsAt(path, { format, name, options })
  // Parts of the file were read in another order, so the hash needs a separate pass.
  const hashed = hashedBytes(fileSource(path))
  const bytes = hashed.source.bytes[Symbol.asyncIterator]()
  while ((await bytes.next()).done !== true);
  return hashed.facts
}

async function* storedRowsAt(
  path: string,
  { format, name, options }: Omit<StoredFile, 'input'> & { readonly name: string },
): AsyncGenerator<SourceRow, void, undefined> {
  if (format === 'parquet') {
    const { parquetRows } = await import('./parquet-rows.ts')
    yield* parquetRows(path, { ...options, name })
    return
  }
  const { workbookRows } = await import('./workbook-rows.ts')
  yield* workbookRows(path, { ...options, name })
}

/** The line for people about how a file was read. */
export function noteText({ kind, text }: FileNote): string {
  return kind === 'warning' ? `warning: ${text}` : text
}

async function* textRows(
  source: ByteSource,
  format: Exclude<FileFormat, 'parquet' | 'xlsx'>,
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
