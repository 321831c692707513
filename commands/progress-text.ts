// Formats the progress of a command: count, total, rate, time left.
import { counted } from '../schemas/counted.ts'
import { countText, durationText } from './terminal.ts'
import { joinedParts } from './work-rate.ts'

/**
 * A progress line: `1,200 of 5,000 events, 340 per second, 11.2 s left`. Leaves out what is not
 * known yet.
 */
export function progressText(progress: {
  readonly done: number
  readonly total: number | undefined
  /** What is counted, in the singular. */
  readonly noun: string
  readonly elapsedMs: number
  /** Further text after the count. */
  readonly also?: string
}): string {
  const { done, total, noun, elapsedMs, also = '' } = progress
  const rate = elapsedMs > 0 ? (done / elapsedMs) * 1_000 : 0
  const count =
    total === undefined ? counted(done, noun) : `${countText(done)} of ${counted(total, noun)}`
  const leftMs = total === undefined || rate === 0 ? undefined : ((total - done) / rate) * 1_000
  return joinedParts(
    count,
    also,
    rate === 0 ? '' : `${countText(rate)} per second`,
    leftMs === undefined ? '' : `${durationText(Math.max(0, leftMs))} left`,
  )
}
