// Which number formats of a workbook show dates, and how a date is written: Excel stores days since
// 1900 or 1904 (ECMA-376, 18.8.30 and 18.17.4.1). sheet-rows.ts reads the cells.
import { attribute, readXml } from './xml-part.ts'

/** How a number is to be read. */
export type CellFormat = 'number' | 'date' | 'date and time'

/** The format of each cell style, by its index. */
export type CellFormats = readonly CellFormat[]

/** The built-in formats with dates, and those of them with times. */
const builtInDates: ReadonlySet<number> = new Set([
  ...[14, 15, 16, 17, 18, 19, 20, 21, 22, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 45, 47],
  ...[50, 51, 52, 53, 54, 55, 56, 57, 58],
])
const builtInTimes: ReadonlySet<number> = new Set([18, 19, 20, 21, 22, 32, 33, 45, 47])

/** Reads the styles of a workbook. */
export async function readCellFormats(bytes: AsyncIterable<Uint8Array>): Promise<CellFormats> {
  const custom = new Map<number, CellFormat>()
  const formats: CellFormat[] = []
  let isInCellStyles = false
  await readXml(bytes, {
    open(element, attributes) {
      const id = Number(attribute(attributes, 'numFmtId') ?? 0)
      if (element === 'cellXfs') isInCellStyles = true
      else if (element === 'numFmt') {
        custom.set(id, formatOfCode(attribute(attributes, 'formatCode') ?? ''))
      } else if (element === 'xf' && isInCellStyles) formats.push(custom.get(id) ?? builtIn(id))
    },
    close(element) {
      if (element === 'cellXfs') isInCellStyles = false
    },
  })
  return formats
}

function builtIn(id: number): CellFormat {
  if (!builtInDates.has(id)) return 'number'
  return builtInTimes.has(id) ? 'date and time' : 'date'
}

/** The kind of a format such as `yyyy\-mm\-dd hh:mm`; durations such as `[h]:mm` are numbers. */
export function formatOfCode(code: string): CellFormat {
  const [positive = ''] = code.split(';')
  if (/\[(?:h+|m+|s+)\]/i.test(positive)) return 'number'
  const letters = positive.replace(/"[^"]*"|\[[^\]]*\]|\\.|_./g, '')
  if (/general/i.test(letters)) return 'number'
  if (/[hs]/i.test(letters)) return 'date and time'
  return /[dmy]/i.test(letters) ? 'date' : 'number'
}

const dayMs = 86_400_000
/** The day 0 of the two calendars. 1900 counts a 29 February that did not exist. */
const startMs = { 1900: Date.UTC(1899, 11, 30), 1904: Date.UTC(1904, 0, 1) }
/** 31 December 9999. */
const daysMax = 2_958_465

/**
 * A date as RFC 3339, in UTC because cells have no time zone; a whole day as its date alone.
 * Undefined for a number that is no date.
 */
export function dateText(
  days: number,
  { format, calendar }: { format: CellFormat; calendar: 1900 | 1904 },
): string | undefined {
  if (!(days >= 0 && days <= daysMax)) return undefined
  const isBeforeFault = calendar === 1900 && days < 60
  // To the second: days with a fraction are not exact to the millisecond.
  const ms = Math.round((days + (isBeforeFault ? 1 : 0)) * 86_400) * 1_000
  const text = new Date(startMs[calendar] + ms).toISOString()
  if (days < 1) return text.slice(11, 19)
  if (format === 'date' && ms % dayMs === 0) return text.slice(0, 10)
  return `${text.slice(0, 19)}Z`
}
