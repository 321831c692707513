// The nearest known name to a mistyped one, for "did you mean" sentences.

/**
 * The candidate with the smallest edit distance to `name`, or undefined when none is close
 * (more than a third of the letters differ). Levenshtein distance, two rows.
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
    const distance = editDistance(wanted, lower)
    if (distance <= distanceMax) close.push({ candidate, distance })
  }
  close.sort((a, b) => a.distance - b.distance)
  return close.slice(0, most).map(({ candidate }) => candidate)
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(substitution, previous[j]! + 1, row[j - 1]! + 1))
    }
    previous = row
  }
  return previous[b.length]!
}
