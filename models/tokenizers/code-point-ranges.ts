// Sets of code points as text, as the tables beside this file hold them: '41-5a 61', hexadecimal,
// both ends included. Which sets there are is the tables' business.

/** First and last code point of each range. */
export function parseRanges(ranges: string): [number, number][] {
  if (ranges === '') return []
  return ranges.split(' ').map((range) => {
    const [first = '', last = first] = range.split('-')
    return [parseInt(first, 16), parseInt(last, 16)]
  })
}

/** Writes `kind` for each code point of the ranges. */
export function fillRanges(kinds: Uint8Array, ranges: string, kind: number): void {
  for (const [first, last] of parseRanges(ranges)) kinds.fill(kind, first, last + 1)
}

/** Calls `visit` with each code point of the ranges. */
export function eachCodePoint(ranges: string, visit: (codePoint: number) => void): void {
  for (const [first, last] of parseRanges(ranges)) {
    for (let codePoint = first; codePoint <= last; codePoint++) visit(codePoint)
  }
}

/**
 * Calls `visit` with each code point of a table of changes, and the text that it becomes. The keys
 * of the table are distances between code points, or the text itself where it is more than one
 * character.
 */
export function eachChange(
  changes: Readonly<Record<string, string>>,
  visit: (codePoint: number, changed: string) => void,
): void {
  for (const [change, ranges] of Object.entries(changes)) {
    const distance = Number(change)
    eachCodePoint(ranges, (codePoint) =>
      visit(
        codePoint,
        Number.isNaN(distance) ? change : String.fromCodePoint(codePoint + distance),
      ),
    )
  }
}
