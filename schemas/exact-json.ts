// JSON whose whole numbers keep all their digits. JavaScript's own numbers round beyond 2^53, so
// that two ids or labels would become one. What a number means is for those who read it.

/**
 * Where a number could lose digits: 16 of them in a row. Texts may match as well, which costs time
 * only.
 */
const longNumber = /(?:^|[:[,\s])-?\d{16}/

const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown }

type ParseContext = { readonly source?: string }
/** The reviver of JSON.parse with its third argument (ES2026; Node.js 21 and later have it). */
type Reviver = (key: string, value: unknown, context?: ParseContext) => unknown

/**
 * JSON.parse, except that a whole number that a JavaScript number would round is a bigint. A number
 * with a fraction or an exponent is always a number; see `wholeNumberText` for those that stand for
 * a name.
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
 * JSON.parse for a document that is only passed on: a number that JavaScript would write in another
 * way is kept as it stands, whatever its kind. `exactJsonText` writes such a number again; nothing
 * else can be done with it.
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
 * The whole number of decimal digits: a bigint where a number would be another one.
 */
export function wholeNumber(digits: string): number | bigint {
  const value = Number(digits)
  return Number.isSafeInteger(value) ? value : BigInt(digits)
}

/**
 * A number that stands for a name, such as an id or a label, as its decimal digits. Undefined for
 * everything that is no whole number, and for a number that may have been rounded already.
 */
export function wholeNumberText(value: unknown): string | undefined {
  return typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : undefined
}
