// The rules by which a promoted version has failed, as pure functions of figures of the stream.
// infra/readers/guard-figures.ts reads the figures; serving/guard-watch.ts acts.
import type { Config } from '../../configs/schema.ts'

/** The figures of a champion since its promotion, against the champion before it. */
export type GuardFigures = {
  /** Rows of the champion. */
  readonly events: number
  /** Events that its stage could not answer. */
  readonly errors: number
  /** 95th percentile of waiting for a batch and running it. */
  readonly latencyP95Ms: number
  /** How often each label was given, now and in the time before the promotion. */
  readonly labels: readonly {
    readonly label: string
    readonly now: number
    readonly before: number
  }[]
  /** Events that both champions classified, one as a shadow, and on how many they disagree. */
  readonly pairs: number
  readonly disagreeing: number
}

export type GuardName = 'errors' | 'latency' | 'label-shift' | 'disagreement'

export type GuardVerdict = { readonly guard: GuardName; readonly because: string }

type Limits = Config['guards']

/** Whether any guard is on. */
export function isGuarded(limits: Limits): boolean {
  const { errorShareMax, latencyP95MsMax, labelShiftMax, disagreementMax } = limits
  return [errorShareMax, latencyP95MsMax, labelShiftMax, disagreementMax].some(
    (limit) => limit !== undefined,
  )
}

/** The first guard that trips; none judges fewer than `eventsMin` events. */
export function trippedGuard(limits: Limits, figures: GuardFigures): GuardVerdict | undefined {
  const { eventsMin, errorShareMax, latencyP95MsMax, labelShiftMax, disagreementMax } = limits
  const { events, errors, latencyP95Ms, labels, pairs, disagreeing } = figures
  const answered = events + errors
  const share = errors / answered
  if (errorShareMax !== undefined && answered >= eventsMin && share > errorShareMax) {
    return { guard: 'errors', because: `no answer on ${shown(share)} of ${answered} events` }
  }
  if (latencyP95MsMax !== undefined && events >= eventsMin && latencyP95Ms > latencyP95MsMax) {
    return { guard: 'latency', because: `p95 ${latencyP95Ms.toFixed(0)} ms of ${events} events` }
  }
  const before = labels.reduce((sum, label) => sum + label.before, 0)
  const now = labels.reduce((sum, label) => sum + label.now, 0)
  if (labelShiftMax !== undefined && Math.min(now, before) >= eventsMin) {
    const shift = totalVariation(labels.map((label) => [label.now / now, label.before / before]))
    if (shift > labelShiftMax) {
      return { guard: 'label-shift', because: `labels moved by ${shown(shift)} in ${now} events` }
    }
  }
  if (
    disagreementMax !== undefined &&
    pairs >= eventsMin &&
    disagreeing / pairs > disagreementMax
  ) {
    const because = `another answer on ${shown(disagreeing / pairs)} of ${pairs} events`
    return { guard: 'disagreement', because }
  }
  return undefined
}

/**
 * The total variation distance: half the sum of the absolute differences between two distributions.
 */
function totalVariation(shares: readonly (readonly [number, number])[]): number {
  return shares.reduce((sum, [one, other]) => sum + Math.abs(one - other), 0) / 2
}

function shown(share: number): string {
  return `${(share * 100).toFixed(2)} %`
}
