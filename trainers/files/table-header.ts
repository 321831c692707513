// Detects whether text is a table, and the delimiter of its columns. csv-rows.ts reads the rows.
import { hasField, labelsColumn, type RowColumns } from './row-columns.ts'

/**
 * `csv`: fields may be quoted (RFC 4180). `none`: quotes are ordinary characters, as in plain TSV.
 */
export const quoteRules = ['csv', 'none'] as const
export type QuoteRule = (typeof quoteRules)[number]

/** The delimiters to try if no line names one. */
const delimiters = [',', ';', '\t', '|'] as const

/** Parses Excel's first line `sep=;`, which names the delimiter; undefined if there is none. */
export function separatorLine(text: string): { delimiter: string; length: number } | undefined {
  const match = /^"?sep=([^"\r\n])"?\1*(?:\r\n|\n|\r|$)/i.exec(text)
  return match === null ? undefined : { delimiter: match[1]!, length: match[0].length }
}

/**
 * The delimiter with which the header has most of the columns of text and label; in a tie, the one
 * with which it has the most columns.
 */
export function headerDelimiter(line: string, columns: RowColumns): string {
  const wanted = [columns.text, columns.label, labelsColumn]
  const scored = delimiters.map((delimiter) => {
    const names = line.split(delimiter).map((name) => withoutQuotes(name.trim()))
    const found = wanted.filter((field) => hasField(names, field)).length
    return { delimiter, found, names: names.length }
  })
  scored.sort((a, b) => b.found - a.found || b.names - a.names)
  return scored[0]!.delimiter
}

/**
 * The delimiter of text that looks like a table: it has a `sep=` line, a header with the text
 * column, or a header of plain names above a line with as many fields. Undefined for other text.
 */
export function tableDelimiter(text: string, columns: RowColumns): string | undefined {
  const separator = separatorLine(text)
  if (separator !== undefined) return separator.delimiter
  const [header = '', first, ...rest] = text.split(/\r\n|\n|\r/, 3)
  const delimiter = headerDelimiter(header, columns)
  const names = header.split(delimiter).map(withoutQuotes)
  if (hasField(names, columns.text)) return delimiter
  const trimmed = names.map((name) => withoutQuotes(name.trim()))
  const arePlain = trimmed.every((name) => /^[\p{L}_][\p{L}\p{N}_.-]*$/u.test(name))
  if (arePlain && hasField(trimmed, columns.text)) return delimiter
  // Prose has a space after commas. Without a third line, the second may be incomplete.
  const isPlain = names.length > 1 && arePlain && names.join() === trimmed.join()
  if (!isPlain || new Set(names).size < names.length || rest.length === 0) return undefined
  const fields = first!.split(delimiter)
  return fields.length >= names.length || first!.includes('"') ? delimiter : undefined
}

function withoutQuotes(name: string): string {
  return name.replace(/^"|"$/g, '')
}
