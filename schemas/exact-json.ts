// JSON whose whole numbers keep all their digits. JavaScript's own numbers round beyond 2^53, so
// two ids or labels could become one.

/**
 * Matches where a number could lose digits: 16 digits in a row. A match inside a string only costs
 * time.
 */
const longNumber = /(?:^|[:[,\s])-?\d{16}/

const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown }

type ParseContext = { readonly source?: string }
/** The reviver of JSON.parse with its third argument (ES2026; Node.js 21 and later have it). */
type Reviver = (key: string, value: unknown, context?: ParseContext) => unknown

/**
 * JSON.parse, except that whole numbers that a JavaScript number would round become bigints. A
 * number with a fraction or an exponent is always a number; see `wholeNumberText` for numbers that
 * stand for a name.
 *
 * @throws SyntaxError as JSON.parse does.
 *
 * @example
 * parseExactJson('[9007199254740993, 7]') // [9007199254740993n, 7]
 */
export function parseExactJson(text: string): unknown {
  if (!longNumber.test(text)) return JSON.parse(text) as unknown
  const keepDigits: Reviver = (_key, value, context) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
    const source = context?.source
    return source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value
  }
  return JSON.parse(text, keepDigits) as unknown
}

/**
 * JSON.stringify on one line, except that a bigint is written as a number with all its digits.
 *
 * @example
 * exactJsonText({ id: 9007199254740993n }) // '{"id":9007199254740993}'
 */
export function exactJsonText(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'bigint' ? rawJSON(String(part)) : part,
  )
}

/**
 * JSON.parse for a document that is only passed on: a number that JavaScript would write
 * differently keeps its text. `exactJsonText` writes that text back; the value has no other use.
 *
 * @throws SyntaxError as JSON.parse does.
 *
 * @example
 * exactJsonText(parseForPassing('{"price":12345678901234567890.10}')) // the same text
 */
export function parseForPassing(text: string): unknown {
  const keepNumbers: Reviver = (_key, value, context) =>
    typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
      ? rawJSON(context.source)
      : value
  return JSON.parse(text, keepNumbers) as unknown
}

/**
 * The value of decimal digits: a bigint if a number would round it.
 */
export function wholeNumber(digits: string): number | bigint {
  const value = Number(digits)
  return Number.isSafeInteger(value) ? value : BigInt(digits)
}

/**
 * The decimal digits of a number that stands for a name, such as an id or a label. Undefined for
 * everything else, and for a number that may have been rounded already.
 */
export function wholeNumberText(value: unknown): string | undefined {
  return typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : undefined
}
