// Parses the sets of code points in the JSON tables of this folder: '41-5a 61', hexadecimal, both
// ends included.

/** The first and last code point of each range. */
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
 * Calls `visit` with each code point of a table of replacements, and the text that replaces it. A
 * key of the table is the distance to the replacement, or the replacement itself if it has more
 * than one character.
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
