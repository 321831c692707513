// CSV (RFC 4180) and JSON lines, both ways: what people upload and download.

/** A row of a file, by column. */
export type Row = Readonly<Record<string, string>>

/** Cells of a spreadsheet that begin so would be run as a formula. */
const formulaStart = /^[=+\-@\t\r]/

/** Rows as CSV with a line of column names. A text that a spreadsheet would run gets a quote. */
export function csvText(columns: readonly string[], rows: readonly Row[]): string {
  const lines = rows.map((row) => columns.map((column) => cell(row[column] ?? '')).join(','))
  return [columns.map(cell).join(','), ...lines, ''].join('\r\n')
}

function cell(value: string): string {
  const isNumber = /^-?\d+(\.\d+)?(e-?\d+)?$/.test(value)
  const safe = formulaStart.test(value) && !isNumber ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** The rows of a CSV text, by the names of its first line. Throws on a quote that never ends. */
export function csvRows(text: string): Row[] {
  const [header, ...lines] = csvCells(text.replace(/^\uFEFF/, ''))
  if (header === undefined) return []
  return lines
    .filter((cells) => cells.length > 1 || cells[0] !== '')
    .map((cells) => Object.fromEntries(header.map((name, at) => [name, cells[at] ?? ''])))
}

function csvCells(text: string): string[][] {
  const separator = separatorOf(text)
  const lines: string[][] = []
  let cells: string[] = []
  for (let at = 0; at < text.length;) {
    const [value, end] = text[at] === '"' ? quoted(text, at) : plain(text, at, separator)
    cells.push(value)
    at = end
    if (text[at] === separator) {
      at += 1
      if (at === text.length) cells.push('')
      continue
    }
    at += text.startsWith('\r\n', at) ? 2 : 1
    lines.push(cells)
    cells = []
  }
  if (cells.length > 0) lines.push(cells)
  return lines
}

function plain(text: string, from: number, separator: string): [string, number] {
  let end = from
  while (end < text.length && !`${separator}\r\n`.includes(text[end]!)) end += 1
  return [text.slice(from, end), end]
}

function quoted(text: string, from: number): [string, number] {
  let value = ''
  for (let at = from + 1; at < text.length;) {
    const quote = text.indexOf('"', at)
    if (quote < 0) break
    value += text.slice(at, quote)
    if (text[quote + 1] !== '"') return [value, quote + 1]
    value += '"'
    at = quote + 2
  }
  throw new Error('a quote in the file never ends')
}

/** Spreadsheets of many countries separate by a semicolon, and some programs by a tab. */
function separatorOf(text: string): string {
  const line = text.slice(0, text.search(/[\r\n]|$/))
  const counts = [',', ';', '\t'].map((sign) => [sign, line.split(sign).length] as const)
  return counts.reduce((best, one) => (one[1] > best[1] ? one : best))[0]
}

/** Objects as JSON lines. */
export function jsonLines(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('')
}
