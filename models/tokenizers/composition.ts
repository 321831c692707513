// Unicode normalization form C in linear time. The runtime's `normalize` sorts combining marks by
// insertion: 1 MB of two alternating marks took 18 to 56 s (Node 24). This file sorts long runs of
// marks first; the runtime does the rest.
import type { Work } from '../runtime/sliced-work.ts'

/** A run of marks too long for the runtime; no script stacks this many. */
const longRun = /\p{M}(?<!\p{M}.)\p{M}{63,}/gsu
/** Marks between two yields; a few milliseconds. */
const stepMarks = 16_384

/** The text in normalization form C (UAX #15). */
export function* composing(text: string): Work<string> {
  const ordered = yield* orderingMarks(text)
  return ordered.normalize('NFC')
}

/** Decomposes long runs of marks and sorts them in canonical order; the rest does not change. */
export function* orderingMarks(text: string): Work<string> {
  let ordered = ''
  let from = 0
  for (const { 0: run, index } of text.matchAll(longRun)) {
    ordered += text.slice(from, index) + (yield* orderMarks(run))
    from = index + run.length
  }
  if (from === 0) return text
  yield
  return ordered + text.slice(from)
}

/** The canonical decomposition of a run of marks, in canonical order. */
function* orderMarks(run: string): Work<string> {
  const parts = new Map<string, readonly string[]>()
  const decomposed: string[] = []
  let seen = 0
  for (const mark of run) {
    let marks = parts.get(mark)
    if (marks === undefined) parts.set(mark, (marks = Array.from(mark.normalize('NFD'))))
    for (const one of marks) decomposed.push(one)
    if (++seen % stepMarks === 0) yield
  }
  const places = placesInOrder(new Set(decomposed))
  yield
  let ordered = ''
  let stacks = new Map<number, string>()
  const flush = (): void => {
    for (const place of [...stacks.keys()].sort((a, b) => a - b)) ordered += stacks.get(place)!
    stacks = new Map()
  }
  for (const [index, mark] of decomposed.entries()) {
    const place = places.get(mark)!
    if (place !== 0) stacks.set(place, (stacks.get(place) ?? '') + mark)
    else {
      if (stacks.size > 0) flush()
      ordered += mark
    }
    if (index % stepMarks === 0) yield
  }
  flush()
  return ordered
}

/** A sort key per mark: 0 if no mark may move across it, else increasing with combining class. */
function placesInOrder(marks: ReadonlySet<string>): Map<string, number> {
  const places = new Map<string, number>()
  const moving = [...marks].filter(
    (mark) => movesAcross('\u0345', mark) || movesAcross(mark, '\u0334'),
  )
  for (const mark of marks) places.set(mark, 0)
  moving.sort((a, b) => (movesAcross(a, b) ? 1 : movesAcross(b, a) ? -1 : 0))
  for (const [index, mark] of moving.entries()) {
    const before = moving[index - 1]
    const isHigher = before === undefined || movesAcross(mark, before)
    places.set(mark, (before === undefined ? 0 : places.get(before)!) + (isHigher ? 1 : 0))
  }
  return places
}

/** Whether the second mark sorts before the first, because its combining class is lower. */
function movesAcross(first: string, second: string): boolean {
  return `a${first}${second}`.normalize('NFD') === `a${second}${first}`
}
