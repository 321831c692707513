// Reads rows from a Parquet file, one row group at a time. It chooses the columns; hyparquet
// decodes the format, parquet-values.ts converts the values, and source-row.ts checks the rows.
import { stat } from 'node:fs/promises'
import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type AsyncBuffer,
  type FileMetaData,
} from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { WinnowError, errorMessage } from '../../schemas/errors.ts'
import type { SourceRow } from './dataset-source.ts'
import { columnReader, isFlat, rawMetadata, textOrBytes } from './parquet-values.ts'
import { fileError } from './plain-bytes.ts'
import { missingColumn, type NeededColumns, type RowColumns } from './row-columns.ts'
import { columnsRow, rowMapping, tableMapping, type TableMapping } from './row-mapping.ts'

/** The largest uncompressed row group, because a whole one is held in memory. */
const rowGroupBytesMax = 2 * 1024 ** 3

type ParquetOptions = {
  /** The name of the file in messages. */
  readonly name: string
  readonly columns: RowColumns
  readonly need: NeededColumns
  readonly signal?: AbortSignal | undefined
}

/**
 * Reads the rows of a Parquet file with any compression. `id`, `time` and a map or struct
 * `attributes` mean the same as in JSONL; other flat columns become attributes.
 *
 * @throws WinnowError `dataset_invalid`, which names the file and, for an invalid row, the row;
 * `cancelled`.
 */
export async function* parquetRows(
  path: string,
  { name, columns, need, signal }: ParquetOptions,
): AsyncGenerator<SourceRow, void, undefined> {
  const { file, metadata } = await openParquet(path, name)
  const schema = parquetSchema(metadata)
  const names = schema.children.map(({ element }) => element.name)
  const problem = missingColumn(names, { columns, need, kind: 'column' })
  if (problem !== undefined) throw new WinnowError('dataset_invalid', `${name}: ${problem}`)
  const mapping = tableMapping(names, rowMapping(columns))
  const others = new Set(mapping.others)
  const read = schema.children.filter(
    (child) => isFlat(child) || !others.has(child.element.name) || child.element.name === mapColumn,
  )
  const readers = new Map(read.map(({ element }) => [element.name, columnReader(element)]))
  let rowStart = 0
  for (const group of metadata.row_groups) {
    if (signal?.aborted === true) {
      throw new WinnowError('cancelled', `Reading ${name} was cancelled.`)
    }
    if (group.total_byte_size > rowGroupBytesMax) {
      const size = `${rowGroupBytesMax / 1024 ** 3} GiB`
      throw new WinnowError(
        'dataset_invalid',
        `${name}: a row group is larger than ${size}; write the file with smaller row groups.`,
      )
    }
    const rowEnd = rowStart + Number(group.num_rows)
    const rows = await parquetReadObjects({
      file,
      metadata: rawMetadata(metadata),
      columns: [...readers.keys()],
      rowStart,
      rowEnd,
      compressors,
      utf8: false,
      parsers: { stringFromBytes: textOrBytes, jsonFromBytes: textOrBytes },
    }).catch((cause: unknown) => {
      const message = `${name}: the Parquet file is damaged (${errorMessage(cause)})`
      throw new WinnowError('dataset_invalid', message, { cause })
    })
    for (const [index, row] of rows.entries()) {
      const values = Object.fromEntries(
        Object.entries(row).map(([column, value]) => [
          column,
          readers.get(column)?.(value) ?? value,
        ]),
      )
      const number = rowStart + index + 1
      yield rowOf(values, { mapping, number, place: `${name} row ${number}` })
    }
    rowStart = rowEnd
  }
}

/**
 * The number of rows according to the file's metadata.
 *
 * @throws WinnowError `dataset_invalid` if it is not a Parquet file.
 */
export async function countParquetRows(path: string): Promise<number> {
  const { metadata } = await openParquet(path, path)
  return Number(metadata.num_rows)
}

async function openParquet(
  path: string,
  name: string,
): Promise<{ file: AsyncBuffer; metadata: FileMetaData }> {
  try {
    const { size } = await stat(path)
    if (size === 0) throw new WinnowError('dataset_invalid', `${name}: the file is empty`)
    const file = await asyncBufferFromFile(path)
    return { file, metadata: await parquetMetadataAsync(file) }
  } catch (cause) {
    if (cause instanceof WinnowError || (cause instanceof Error && 'code' in cause)) {
      throw fileError(name, cause)
    }
    const message = `${name}: this is not a Parquet file (${errorMessage(cause)})`
    throw new WinnowError('dataset_invalid', message, { cause })
  }
}

/** The column whose map or struct holds attributes. */
const mapColumn = 'attributes'

function rowOf(
  values: Readonly<Record<string, unknown>>,
  options: { mapping: TableMapping; number: number; place: string },
): SourceRow {
  const row = columnsRow(values, options)
  const { [mapColumn]: given, ...others } = row.attributes as Readonly<Record<string, unknown>>
  const isMap = typeof given === 'object' && given !== null
  return options.mapping.attributes === undefined
    ? { ...row, attributes: { ...others, ...(isMap ? given : {}) } }
    : row
}
