// Unicode normalization form C at a cost in proportion to the text. The runtime's own `normalize`
// puts combining marks in order by insertion: 1 MB of two alternating marks took it 18 to 56 s
// (Node 24). It owns ordering long runs of marks beforehand; what a character becomes is the
// runtime's table.
import type { Work } from '../runtime/sliced-work.ts'

/** Runs of marks up to this length are left to the runtime; no script stacks as many. */
const longRun = /\p{M}(?<!\p{M}.)\p{M}{63,}/gsu
/** Marks that are looked at between two yields; a few milliseconds. */
const stepMarks = 16_384

/** The text in normalization form C (UAX #15). */
export function* composing(text: string): Work<string> {
  const ordered = yield* orderingMarks(text)
  return ordered.normalize('NFC')
}

/** Decomposes long runs of marks and puts them in canonical order; the rest stays as it is. */
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

/**
 * By mark: 0 where marks do not move across it, else a number that grows with its combining class.
 */
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

/** Whether the second of two marks goes before the first: its combining class is lower. */
function movesAcross(first: string, second: string): boolean {
  return `a${first}${second}`.normalize('NFD') === `a${second}${first}`
}
