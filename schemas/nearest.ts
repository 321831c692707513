// The nearest known names to a mistyped one, for "did you mean" sentences.

/** The candidate that is nearest to `name`, or undefined when none is near; see nearestFew. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  return nearestFew(name, candidates, 1)[0]
}

/**
 * At most `most` candidates that are near, the nearest first; case does not count. One edit is
 * allowed for every three letters of `name`: names of one or two letters are all so close that a
 * guess would mislead.
 */
export function nearestFew(name: string, candidates: Iterable<string>, most: number): string[] {
  const wanted = name.toLowerCase()
  const editsMax = Math.floor(wanted.length / 3)
  if (editsMax === 0) return []
  const near: { candidate: string; edits: number }[] = []
  for (const candidate of candidates) {
    const edits = editsBetween(wanted, candidate.toLowerCase(), editsMax)
    if (edits <= editsMax) near.push({ candidate, edits })
  }
  near.sort((a, b) => a.edits - b.edits || (a.candidate < b.candidate ? -1 : 1))
  return near.slice(0, most).map(({ candidate }) => candidate)
}

/** A name inside the other, of at least this many letters, counts as one edit. */
const insideLettersMin = 3

/**
 * The distance of Damerau and Levenshtein (optimal string alignment: two letters that changed
 * places are one edit), or Infinity when it is over `editsMax`. Of each row only the cells that can
 * stay within the limit are computed.
 */
function editsBetween(a: string, b: string, editsMax: number): number {
  if (a === b) return 0
  if (b.length >= insideLettersMin && (b.includes(a) || a.includes(b))) return 1
  // The distance is at least the difference in length, which rules out most candidates at once.
  if (Math.abs(a.length - b.length) > editsMax) return Infinity
  const over = editsMax + 1
  let before = new Uint16Array(b.length + 1).fill(over)
  let previous = new Uint16Array(b.length + 1).map((_, j) => j)
  let row = new Uint16Array(b.length + 1)
  for (let i = 1; i <= a.length; i++) {
    const [from, to] = [Math.max(1, i - editsMax), Math.min(b.length, i + editsMax)]
    let smallest = (row[from - 1] = from === 1 ? i : over)
    for (let j = from; j <= to; j++) {
      const isSame = a[i - 1] === b[j - 1]
      let cell = Math.min(previous[j - 1]! + (isSame ? 0 : 1), previous[j]! + 1, row[j - 1]! + 1)
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (isSwapped) cell = Math.min(cell, before[j - 2]! + 1)
      row[j] = cell
      smallest = Math.min(smallest, cell)
    }
    if (to < b.length) row[to + 1] = over
    // A swap looks back two rows and can save one edit.
    if (smallest > over) return Infinity
    ;[before, previous, row] = [previous, row, before]
  }
  const edits = previous[b.length]!
  return edits <= editsMax ? edits : Infinity
}
