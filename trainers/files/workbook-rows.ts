// Reads rows from one sheet of an Excel workbook as from a table: its first row with cells names
// the columns. xlsx/ reads the format, and source-row.ts checks the rows.
import { WinnowError } from '../../schemas/errors.ts'
import { counted } from '../../schemas/counted.ts'
import { nearest } from '../../schemas/nearest.ts'
import { tableHeader, tableRow } from './csv-rows.ts'
import type { SourceRow } from './dataset-source.ts'
import type { NeededColumns, RowColumns } from './row-columns.ts'
import { rowMapping, tableMapping, type TableMapping } from './row-mapping.ts'
import type { LineOptions } from './text-lines.ts'
import { openWorkbook, type Sheet, type Workbook } from './xlsx/workbook.ts'

type WorkbookOptions = LineOptions & {
  /** The name of the file in messages. */
  readonly name: string
  readonly columns: RowColumns
  /** The name of a sheet, or its number from 1. Default: the first visible one. */
  readonly sheet?: string | undefined
  /** Called with a note if there are other sheets that a person may have meant. */
  readonly onNote?: ((note: { kind: 'format'; text: string }) => void) | undefined
}

/**
 * Reads the rows of a sheet in constant memory, apart from the strings of the workbook. Columns
 * mean the same as in a table.
 *
 * @throws WinnowError `dataset_invalid`, which names file and row, for a file that is no workbook,
 * a sheet that is not there, missing columns; `cancelled`.
 */
export async function* workbookRows(
  path: string,
  options: WorkbookOptions & { readonly need: NeededColumns },
): AsyncGenerator<SourceRow, void, undefined> {
  const { columns, need } = options
  let header: string[] | undefined
  let mapping: TableMapping | undefined
  for await (const { number, fields, sheet } of workbookRecords(path, options)) {
    const source = { name: sheet }
    if (header === undefined || mapping === undefined) {
      header = tableHeader(fields, { source, number, columns, need })
      mapping = tableMapping(header, rowMapping(columns))
    } else yield tableRow(fields, { header, mapping, number, place: `${sheet}:${number}` })
  }
}

/** A row of a sheet as the record of a table; `sheet` is the file with the sheet, for messages. */
type SheetRecord = {
  readonly number: number
  readonly fields: readonly string[]
  readonly sheet: string
}

/**
 * The header and the records of a sheet, all with as many fields; see `workbookRows`.
 *
 * @throws WinnowError the errors of `workbookRows`, but for missing columns.
 */
export async function* workbookRecords(
  path: string,
  options: WorkbookOptions,
): AsyncGenerator<SheetRecord, void, undefined> {
  const { name, signal, onNote } = options
  const workbook = await openWorkbook(path, name)
  try {
    const sheet = chosenSheet(workbook, options)
    const visible = workbook.sheets.filter(({ isVisible }) => isVisible)
    if (options.sheet === undefined && visible.length > 1) {
      const others = counted(visible.length - 1, 'other sheet')
      const text = `${name}: the sheet ${JSON.stringify(sheet.name)} of several; --sheet names one of ${others}`
      onNote?.({ kind: 'format', text })
    }
    for await (const record of recordsOf(workbook, sheet, options)) {
      if (signal?.aborted === true) {
        throw new WinnowError('cancelled', `Reading ${name} was cancelled.`)
      }
      yield record
    }
  } finally {
    workbook.close()
  }
}

async function* recordsOf(
  workbook: Workbook,
  sheet: Sheet,
  { name, onWrongRow }: WorkbookOptions,
): AsyncGenerator<SheetRecord> {
  const shown = `${name} (${sheet.name})`
  let header: readonly string[] | undefined
  for await (const { number, cells } of workbook.rows(sheet)) {
    if (header === undefined) {
      header = cells
      yield { number, fields: cells, sheet: shown }
      continue
    }
    const stray = cells.findIndex((cell, index) => index >= header!.length && cell.trim() !== '')
    if (stray !== -1) {
      const place = `${shown}:${number}`
      const problem = `${place}: the row has a cell in column ${stray + 1}, and the header ends before it`
      const error = new WinnowError('dataset_invalid', problem, { details: { place } })
      if (onWrongRow === undefined) throw error
      onWrongRow(error)
      continue
    }
    const fields = header.map((column, index) => fieldOf(column.trim(), cells[index] ?? ''))
    yield { number, fields, sheet: shown }
  }
  if (header === undefined) throw new WinnowError('dataset_invalid', `${shown}: no cells`)
}

/** A day in the column of times is its beginning, because an event has a time. */
function fieldOf(column: string, cell: string): string {
  return column === 'time' && /^\d{4}-\d{2}-\d{2}$/.test(cell) ? `${cell}T00:00:00Z` : cell
}

function chosenSheet({ sheets }: Workbook, { name, sheet: asked }: WorkbookOptions): Sheet {
  const names = sheets.map((sheet) => sheet.name)
  const found =
    asked === undefined
      ? (sheets.find(({ isVisible }) => isVisible) ?? sheets[0])
      : (sheets.find((sheet) => sheet.name === asked) ?? sheets[Number(asked) - 1])
  if (found !== undefined) return found
  if (asked === undefined) {
    throw new WinnowError('dataset_invalid', `${name}: the workbook has no sheet with cells`)
  }
  const near = nearest(asked, names)
  const hint = near === undefined ? '' : ` Did you mean --sheet ${JSON.stringify(near)}?`
  const message =
    `${name}: there is no sheet ${JSON.stringify(asked)}; the sheets are ` +
    `${names
      .slice(0, 20)
      .map((one) => JSON.stringify(one))
      .join(', ')}.${hint}`
  throw new WinnowError('dataset_invalid', message)
}
