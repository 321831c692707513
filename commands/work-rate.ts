// Measures the rate and time left of work, for progress lines. The command names the work.
import { countText, durationText } from './terminal.ts'

/** Before this time a rate is not reliable. */
const measuredSecondsMin = 0.5

/** Rate and time left, such as `1,240 per second, 12.3 s left`; empty while too little is known. */
export type WorkRate = (progress: { done: number; total: number }) => string

/**
 * Starts to measure. What is done at the first call came from elsewhere, such as a cache, and does
 * not count.
 */
export function measureRate(
  options: {
    /** Formats the rate. Default: a whole number and `per second`. */
    readonly rateText?: (perSecond: number) => string
    readonly now?: () => number
  } = {},
): WorkRate {
  const {
    rateText = (perSecond: number) => `${countText(perSecond)} per second`,
    now = () => performance.now(),
  } = options
  let first: { done: number; ms: number } | undefined
  return ({ done, total }) => {
    first ??= { done, ms: now() }
    const seconds = (now() - first.ms) / 1_000
    const perSecond = (done - first.done) / seconds
    if (seconds < measuredSecondsMin || !(perSecond > 0)) return ''
    return `${rateText(perSecond)}, ${timeLeftText((total - done) / perSecond)}`
  }
}

/** The time left; empty if it is unknown. */
export function timeLeftText(seconds: number): string {
  if (!Number.isFinite(seconds)) return ''
  return `${durationText(1_000 * Math.round(seconds))} left`
}

/** Joins the non-empty parts of a progress line with commas. */
export function joinedParts(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(', ')
}
