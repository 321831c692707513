// How fast work goes on and how long it still takes, for progress lines. It owns the arithmetic and
// the words for rate and time; what the work is called is the command's.
import { countText, durationText } from './terminal.ts'

/** Below so many seconds a rate says nothing. */
const measuredSecondsMin = 0.5

/** Rate and time left, such as `1,240 per second, 12.3 s left`; empty while too little is known. */
export type WorkRate = (progress: { done: number; total: number }) => string

/**
 * Begins to measure. What is done at the first call came from elsewhere, such as a cache, and does
 * not count.
 */
export function measureRate(
  options: {
    /** Writes the units of a second. Default: a whole number and `per second`. */
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

/** The time that is left; nothing for one that nobody can tell. */
export function timeLeftText(seconds: number): string {
  if (!Number.isFinite(seconds)) return ''
  return `${durationText(1_000 * Math.round(seconds))} left`
}

/** Parts of a progress line that have something to say, with commas between. */
export function joinedParts(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(', ')
}
