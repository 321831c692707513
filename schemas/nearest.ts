// The nearest known name to a mistyped one, for "did you mean" sentences.

/**
 * The candidate with the smallest edit distance to `name`, or undefined when none is close
 * (more than a third of the letters differ). It is Levenshtein's distance.
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  return nearestFew(name, candidates, 1)[0]
}

/** At most `most` candidates that are close in the same sense, the nearest first. */
export function nearestFew(name: string, candidates: Iterable<string>, most: number): string[] {
  const wanted = name.toLowerCase()
  const distanceMax = Math.max(1, Math.floor(wanted.length / 3))
  const close: { candidate: string; distance: number }[] = []
  for (const candidate of candidates) {
    const lower = candidate.toLowerCase()
    // A distance is at least the difference in length, so that most candidates cost nothing.
    if (Math.abs(lower.length - wanted.length) > distanceMax) continue
    const distance = editDistance(wanted, lower, distanceMax)
    if (distance <= distanceMax) close.push({ candidate, distance })
  }
  close.sort((a, b) => a.distance - b.distance)
  return close.slice(0, most).map(({ candidate }) => candidate)
}

/** Levenshtein's distance, or Infinity when it is over `distanceMax`; two rows, and of each the cells that count. */
function editDistance(a: string, b: string, distanceMax: number): number {
  let previous = new Uint16Array(b.length + 1).map((_, j) => j)
  let row = new Uint16Array(b.length + 1)
  for (let i = 1; i <= a.length; i++) {
    // Cells further from the diagonal are over the limit, whatever stands in them.
    const [from, to] = [Math.max(1, i - distanceMax), Math.min(b.length, i + distanceMax)]
    let smallest = (row[from - 1] = from === 1 ? i : distanceMax + 1)
    const letter = a.charCodeAt(i - 1)
    for (let j = from; j <= to; j++) {
      const substitution = previous[j - 1]! + (letter === b.charCodeAt(j - 1) ? 0 : 1)
      const cell = Math.min(substitution, previous[j]! + 1, row[j - 1]! + 1)
      row[j] = cell
      if (cell < smallest) smallest = cell
    }
    if (to < b.length) row[to + 1] = distanceMax + 1
    if (smallest > distanceMax) return Infinity
    ;[previous, row] = [row, previous]
  }
  return previous[b.length]! <= distanceMax ? previous[b.length]! : Infinity
}
