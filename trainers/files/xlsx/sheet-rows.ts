// Reads the rows of one sheet as they arrive, each cell as text: strings, numbers as they are
// written, dates as RFC 3339, true and false. workbook.ts finds the sheet.
import { WinnowError } from '../../../schemas/errors.ts'
import { dateText, type CellFormats } from './cell-formats.ts'
import { attribute, unescapedText, xmlEvents, type Attributes } from './xml-part.ts'

/** A row with its number from 1. Cells that are not there are empty. */
export type SheetRow = { readonly number: number; readonly cells: readonly string[] }

/** What cells refer to. */
export type SheetContext = {
  /** The file in messages. */
  readonly name: string
  readonly strings: readonly string[]
  readonly formats: CellFormats
  readonly calendar: 1900 | 1904
}

/** The limits of Excel (Microsoft, "Excel specifications and limits"). */
const columnsMax = 16_384
const rowsMax = 1_048_576
/** Cells of Excel have at most 32,767 characters; other programs write more. */
const rowCharactersMax = 32 * 1024 ** 2

/**
 * Yields the rows that have cells, in order.
 *
 * @throws WinnowError `dataset_invalid` for a sheet beyond the limits of Excel.
 */
export async function* sheetRows(
  bytes: AsyncIterable<Uint8Array>,
  context: SheetContext,
): AsyncGenerator<SheetRow> {
  const reader = new RowReader(context)
  const events = xmlEvents(bytes, reader)
  try {
    while ((await events.next()).done !== true) yield* reader.take()
  } finally {
    await events.return(undefined)
  }
}

type Cell = { readonly column: number; readonly type: string; readonly style: number }

class RowReader {
  readonly #context: SheetContext
  #rows: SheetRow[] = []
  #number = 0
  #cells: (string | undefined)[] = []
  #characters = 0
  #cell: Cell | undefined
  #column = -1
  #text = ''
  #isText = false
  #phonetic = 0

  constructor(context: SheetContext) {
    this.#context = context
  }

  /** The rows that have ended since the last call. */
  take(): SheetRow[] {
    const rows = this.#rows
    this.#rows = []
    return rows
  }

  readonly open = (element: string, attributes: Attributes): void => {
    switch (element) {
      case 'row':
        this.#number = this.#rowNumber(attribute(attributes, 'r'))
        this.#cells = []
        this.#characters = 0
        this.#column = -1
        return
      case 'c':
        this.#beginCell(attributes)
        return
      case 'rPh':
        this.#phonetic++
        return
      case 'v':
      case 't':
        this.#isText = this.#cell !== undefined && this.#phonetic === 0
        return
      default:
    }
  }

  readonly text = (text: string): void => {
    if (!this.#isText) return
    this.#text += text
    if (this.#text.length > rowCharactersMax) throw this.#tooLarge('a cell has too many characters')
  }

  readonly close = (element: string): void => {
    if (element === 'v' || element === 't') this.#isText = false
    else if (element === 'rPh') this.#phonetic--
    else if (element === 'c') this.#endCell()
    else if (element === 'row' && this.#cells.length > 0) {
      this.#rows.push({ number: this.#number, cells: Array.from(this.#cells, (one) => one ?? '') })
    }
  }

  #rowNumber(reference: string | undefined): number {
    const number = reference === undefined ? this.#number + 1 : Number(reference)
    if (Number.isInteger(number) && number > this.#number && number <= rowsMax) return number
    throw this.#tooLarge(`a row has the number ${String(reference).slice(0, 20)}`)
  }

  #beginCell(attributes: Attributes): void {
    const column = columnOf(attribute(attributes, 'r')) ?? this.#column + 1
    if (column >= columnsMax) throw this.#tooLarge(`a row has more than ${columnsMax} columns`)
    this.#column = column
    this.#text = ''
    const style = Number(attribute(attributes, 's') ?? 0)
    this.#cell = { column, type: attribute(attributes, 't') ?? 'n', style }
  }

  #endCell(): void {
    if (this.#cell === undefined) return
    const text = this.#valueOf(this.#cell)
    if (text !== '') this.#cells[this.#cell.column] = text
    this.#characters += text.length
    if (this.#characters > rowCharactersMax) throw this.#tooLarge('the row has too many characters')
    this.#cell = undefined
  }

  #valueOf({ type, style }: Cell): string {
    const { strings, formats, calendar } = this.#context
    const text = this.#text
    switch (type) {
      case 's':
        return strings[Number(text)] ?? ''
      case 'inlineStr':
      case 'str':
        return unescapedText(text)
      case 'b':
        return text === '1' ? 'true' : text === '0' ? 'false' : ''
      // The result of a formula that failed, such as #N/A, is no value.
      case 'e':
        return ''
      case 'd':
        return withoutZone.test(text) ? `${text}Z` : text
      default: {
        const format = formats[style] ?? 'number'
        const date =
          format === 'number' || text === ''
            ? undefined
            : dateText(Number(text), { format, calendar })
        return date ?? numberText(text)
      }
    }
  }

  #tooLarge(problem: string): WinnowError {
    const place = `${this.#context.name} row ${this.#number}`
    return new WinnowError('dataset_invalid', `${place}: ${problem}`, { details: { place } })
  }
}

/** A time of ISO 8601 in a cell, which never has a zone. */
const withoutZone = /T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?$/

/** `1E3` as `1000`; other numbers as they are written. */
function numberText(text: string): string {
  if (!/[eE]/.test(text)) return text
  const value = Number(text)
  return Number.isSafeInteger(value) ? String(value) : text
}

/** The column of a reference such as `AB12`, from 0. */
function columnOf(reference: string | undefined): number | undefined {
  const [, letters] = /^([A-Z]{1,3})\d*$/.exec(reference ?? '') ?? []
  if (letters === undefined) return undefined
  let column = 0
  for (const letter of letters) column = column * 26 + letter.charCodeAt(0) - 64
  return column - 1
}
