// Splits delimited text into records: RFC 4180 with quotes, or without special treatment of quotes.
// The caller decides what the fields mean, and which error a problem becomes.
import { counted } from '../counted.ts'

/** One non-blank record, which begins on line `number` and ends on line `lastNumber`. */
export type CsvRecord = {
  readonly number: number
  readonly lastNumber: number
  readonly fields: readonly string[]
}

/** How the fields of a table are written. */
export type CsvSyntax = {
  /** One character. */
  readonly delimiter: string
  /** `csv`: fields may be quoted. `none`: quotes are ordinary characters. */
  readonly quotes: 'csv' | 'none'
  /** The number of lines before the text. */
  readonly lineOffset: number
  /** Most characters and most fields of a record. */
  readonly charactersMax: number
  readonly fieldsMax?: number
  /** The error for a problem with the record that begins on this line. */
  readonly error: (line: number, problem: string) => Error
}

/** The position of the reader: before a field, in one, or after a quote that may have ended it. */
type State = 'start' | 'plain' | 'quoted' | 'behind quote'

/**
 * Splits text that arrives in chunks. In a field that does not begin with a quote, a quote is an
 * ordinary character. `\n` and `\r` outside of quotes end a record.
 */
export class CsvReader {
  readonly #syntax: CsvSyntax
  readonly #delimiter: string
  readonly #isQuoting: boolean
  readonly #fieldEnd: RegExp
  #state: State = 'start'
  #fields: string[] = []
  #field = ''
  /** The number of lines that have been read. */
  #lines: number
  #recordLine: number
  #size = 0

  constructor(syntax: CsvSyntax) {
    const { delimiter, quotes, lineOffset } = syntax
    this.#syntax = syntax
    this.#delimiter = delimiter
    this.#isQuoting = quotes === 'csv'
    this.#fieldEnd = new RegExp(`[${delimiter.replace(/[\\\]^-]/, '\\$&')}\\n\\r]`, 'g')
    this.#lines = lineOffset
    this.#recordLine = lineOffset + 1
  }

  /**
   * Takes the next chunk and yields the records that end in it.
   *
   * @throws what the syntax names as its error.
   */
  *push(text: string): Generator<CsvRecord, void, undefined> {
    for (let at = 0; at < text.length;) {
      if (this.#state === 'start') at = this.#startField(text, at)
      if (this.#state === 'quoted') {
        at = this.#readQuoted(text, at)
        continue
      }
      if (this.#state === 'plain') at = this.#readPlain(text, at)
      if (at === text.length) break
      const end = text[at++]!
      if (this.#state === 'behind quote' && this.#isEscapedQuote(end)) continue
      this.#endField()
      if (end === this.#delimiter) continue
      this.#lines++
      const record = this.#endRecord()
      if (record !== undefined) yield record
    }
    const { charactersMax } = this.#syntax
    if (this.#size > charactersMax) {
      const limit = counted(charactersMax, 'character')
      throw this.#error(`the row is longer than ${limit}; is a quote never closed?`)
    }
  }

  /** Yields the last record if no line end follows it. */
  *end(): Generator<CsvRecord, void, undefined> {
    if (this.#state === 'quoted') {
      throw this.#error(`a quote is opened and never closed.`)
    }
    this.#endField()
    const record = this.#endRecord()
    if (record !== undefined) yield record
  }

  #startField(text: string, at: number): number {
    this.#state = this.#isQuoting && text[at] === '"' ? 'quoted' : 'plain'
    return this.#state === 'quoted' ? at + 1 : at
  }

  /** Reads to the end of an unquoted field, and returns its position. */
  #readPlain(text: string, at: number): number {
    this.#fieldEnd.lastIndex = at
    const end = this.#fieldEnd.exec(text)?.index ?? text.length
    this.#append(text.slice(at, end))
    return end
  }

  /** Reads past the next quote, and returns the position after it. */
  #readQuoted(text: string, at: number): number {
    const quoteAt = text.indexOf('"', at)
    const end = quoteAt === -1 ? text.length : quoteAt
    const part = text.slice(at, end)
    for (let lf = part.indexOf('\n'); lf !== -1; lf = part.indexOf('\n', lf + 1)) this.#lines++
    this.#append(part)
    if (quoteAt === -1) return end
    this.#state = 'behind quote'
    return end + 1
  }

  #append(part: string): void {
    this.#field += part
    this.#size += part.length
  }

  /** Whether the quote before this character is the first half of an escaped quote. */
  #isEscapedQuote(next: string): boolean {
    if (next === '"') {
      this.#field += '"'
      this.#state = 'quoted'
      return true
    }
    if (next === this.#delimiter || next === '\n' || next === '\r') return false
    throw this.#error(`the row is not valid CSV: text follows a closing quote.`)
  }

  #endField(): void {
    if (this.#isQuoting && this.#state === 'plain' && /^ +"/.test(this.#field)) {
      throw this.#error(`the row is not valid CSV: a space stands before an opening quote.`)
    }
    if (this.#fields.length === this.#syntax.fieldsMax) {
      throw this.#error(`the row has more than ${counted(this.#syntax.fieldsMax, 'field')}.`)
    }
    this.#fields.push(this.#field)
    this.#field = ''
    this.#state = 'start'
  }

  #endRecord(): CsvRecord | undefined {
    const number = this.#recordLine
    const fields = this.#fields
    this.#recordLine = this.#lines + 1
    this.#fields = []
    this.#size = 0
    const isBlank = fields.every((field) => field.trim() === '')
    return isBlank ? undefined : { number, lastNumber: this.#lines, fields }
  }

  #error(problem: string): Error {
    return this.#syntax.error(this.#recordLine, problem)
  }
}
