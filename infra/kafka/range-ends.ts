// Parses the two ends of a topic range as people write them. topic-range.ts resolves them to
// offsets.
import { WinnowError } from '../../schemas/errors.ts'
import { parseInstant } from '../../schemas/rfc3339.ts'

/** An end of a range; `open` means no limit on that side. */
export type RangeEnd =
  | { readonly kind: 'open' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'offsets'; readonly byPartition: ReadonlyMap<number, number> }
  | { readonly kind: 'time'; readonly ms: number }

/** Numbers from here on are epoch milliseconds (March 1973 or later); smaller ones are offsets. */
const timeMsMin = 100_000_000_000

/**
 * Parses an end: empty (no limit), one offset for every partition, `P=OFFSET,P=OFFSET` for some
 * partitions, or a time (RFC 3339, a date, or epoch milliseconds of 12 or more digits). A start may
 * be `earliest`, an end `latest`.
 *
 * @throws WinnowError `usage`.
 */
export function parseRangeEnd(written: string | undefined, name: 'start' | 'end'): RangeEnd {
  const text = written?.trim() ?? ''
  if (text === '' || text === (name === 'start' ? 'earliest' : 'latest')) return { kind: 'open' }
  if (/^\d{1,15}$/.test(text)) {
    const number = Number(text)
    return number < timeMsMin ? { kind: 'offset', offset: number } : { kind: 'time', ms: number }
  }
  if (/^\d+=\d+(,\d+=\d+)*$/.test(text)) {
    const pairs = text.split(',').map((pair) => pair.split('=').map(Number) as [number, number])
    return { kind: 'offsets', byPartition: new Map(pairs) }
  }
  const ms = parseInstant(text)
  if (ms !== undefined) return { kind: 'time', ms }
  const message =
    `${text} cannot be the ${name} of a range: give an offset, P=OFFSET,P=OFFSET for partitions, ` +
    'or a time such as 2026-01-31T12:00:00Z.'
  throw new WinnowError('usage', message)
}

/**
 * Throws `usage` if the start is certainly after the end. Offsets cannot be compared with times.
 */
export function requireOrder(from: RangeEnd, to: RangeEnd): void {
  if (from.kind === 'time' && to.kind === 'time' && from.ms > to.ms) {
    const [start, end] = [from.ms, to.ms].map((ms) => new Date(ms).toISOString())
    throw new WinnowError('usage', `The range starts at ${start}, after its end at ${end}.`)
  }
  for (const partition of partitionsOf(from, to)) {
    const [start, end] = [offsetOf(from, partition), offsetOf(to, partition)]
    if (start === undefined || end === undefined || start <= end) continue
    const where = partition === undefined ? '' : ` of partition ${partition}`
    const message = `The range${where} starts at offset ${start}, after its end at offset ${end}.`
    throw new WinnowError('usage', message)
  }
}

/** The partitions that an end names; undefined stands for all of them. */
function partitionsOf(...ends: RangeEnd[]): (number | undefined)[] {
  const named = ends.flatMap((end) => (end.kind === 'offsets' ? [...end.byPartition.keys()] : []))
  return named.length === 0 ? [undefined] : named
}

function offsetOf(end: RangeEnd, partition: number | undefined): number | undefined {
  if (end.kind === 'offset') return end.offset
  if (end.kind !== 'offsets' || partition === undefined) return undefined
  return end.byPartition.get(partition)
}
