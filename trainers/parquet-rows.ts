// Rows from a Parquet file, one row group in memory at a time. It owns which columns are read; the
// format is hyparquet, what a row must hold is source-row.ts.
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type AsyncBuffer,
  type FileMetaData,
  type SchemaTree,
} from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { WinnowError, errorMessage } from '../schemas/errors.ts'
import type { DatasetRows, SourceRow } from './dataset-source.ts'
import { hashedBytes } from './file-facts.ts'
import { labelsColumn, missingColumn, type RowColumns } from './row-columns.ts'
import { fileError, fileSource } from './text-lines.ts'

/** A larger row group, uncompressed, is refused: one is held in memory whole. */
const rowGroupBytesMax = 2 * 1024 ** 3

/**
 * Reads the rows of a Parquet file in any of its compressions. `id`, `time` and a map or struct
 * `attributes` mean what they do in JSONL; other flat columns become attributes.
 *
 * @throws WinnowError `dataset_invalid` naming the file, and the row where one is wrong; `cancelled`.
 */
export function parquetRows(
  path: string,
  options: { columns: RowColumns; signal?: AbortSignal | undefined },
): DatasetRows {
  const hashed = hashedBytes(fileSource(path))
  const rows = async function* (): AsyncGenerator<SourceRow, void, undefined> {
    yield* readGroups(path, options)
    // Row groups are read out of order of the file, so that its hash takes a pass of its own.
    const bytes = hashed.source.bytes[Symbol.asyncIterator]()
    while ((await bytes.next()).done !== true);
  }
  return { name: basename(path), rows: rows(), facts: hashed.facts }
}

async function* readGroups(
  path: string,
  { columns, signal }: { columns: RowColumns; signal?: AbortSignal | undefined },
): AsyncGenerator<SourceRow, void, undefined> {
  const { file, metadata } = await openParquet(path)
  const schema = parquetSchema(metadata)
  const names = schema.children.map(({ element }) => element.name)
  const problem = missingColumn(columns, names)
  if (problem !== undefined) throw new WinnowError('dataset_invalid', `${path}: ${problem}`)
  const wanted = new Set([columns.text, columns.label, labelsColumn, 'id', 'time', 'attributes'])
  const read = schema.children
    .filter((child) => wanted.has(child.element.name) || isFlat(child))
    .map(({ element }) => element.name)
  let rowStart = 0
  for (const group of metadata.row_groups) {
    if (signal?.aborted === true) {
      throw new WinnowError('cancelled', `Reading ${path} was cancelled.`)
    }
    if (group.total_byte_size > rowGroupBytesMax) {
      const size = `${rowGroupBytesMax / 1024 ** 3} GiB`
      throw new WinnowError('dataset_invalid', `${path}: a row group is larger than ${size}.`)
    }
    const rowEnd = rowStart + Number(group.num_rows)
    const rows = await parquetReadObjects({
      ...{ file, metadata, columns: read, rowStart, rowEnd, compressors },
      parsers: { stringFromBytes: textOrBytes },
    }).catch((cause: unknown) => {
      const message = `${path}: the Parquet file is damaged (${errorMessage(cause)})`
      throw new WinnowError('dataset_invalid', message, { cause })
    })
    for (const [index, row] of rows.entries()) {
      yield rowOf(row, { columns, place: `${path} row ${rowStart + index + 1}` })
    }
    rowStart = rowEnd
  }
}

async function openParquet(path: string): Promise<{ file: AsyncBuffer; metadata: FileMetaData }> {
  try {
    const { size } = await stat(path)
    if (size === 0) throw new WinnowError('dataset_invalid', `${path}: the file is empty`)
    const file = await asyncBufferFromFile(path)
    return { file, metadata: await parquetMetadataAsync(file) }
  } catch (cause) {
    if (cause instanceof WinnowError || (cause instanceof Error && 'code' in cause)) {
      throw fileError(path, cause)
    }
    const message = `${path}: this is no Parquet file (${errorMessage(cause)})`
    throw new WinnowError('dataset_invalid', message, { cause })
  }
}

/** A column of single values that people would slice by: no lists, structs or floating numbers. */
function isFlat({ children, element }: SchemaTree): boolean {
  if (children.length > 0 || element.repetition_type === 'REPEATED') return false
  return ['BOOLEAN', 'INT32', 'INT64', 'BYTE_ARRAY'].includes(element.type ?? '')
}

/** Bytes that are no UTF-8 stay bytes, so that the check of the row names it. */
function textOrBytes(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return bytes
  }
}

function rowOf(
  row: Readonly<Record<string, unknown>>,
  { columns, place }: { columns: RowColumns; place: string },
): SourceRow {
  const { [columns.text]: text, [columns.label]: label, ...rest } = row
  const { [labelsColumn]: labels, id, time, attributes, ...others } = rest
  const given = typeof attributes === 'object' && attributes !== null ? attributes : {}
  return { place, text, label, labels, id, time, attributes: { ...others, ...given } }
}
