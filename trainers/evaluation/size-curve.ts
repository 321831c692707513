// The size curve of a data set: how good a head is with a part of the examples, and what it says
// about more of them. The fits are head/head-size-curve.ts.

/** A score over several fits with the same number of examples. */
export type SizeScore = {
  readonly mean: number
  /** The lowest and the highest of the fits. */
  readonly low: number
  readonly high: number
}

/** The scores with one number of training examples. */
export type SizePoint = {
  readonly examples: number
  readonly accuracy: SizeScore
  readonly macroF1: SizeScore
}

/** The scores by number of examples, ascending; each point has about twice those of the last. */
export type SizeCurve = {
  readonly points: readonly SizePoint[]
  /** The texts that all fits are measured on, such as `test texts`. */
  readonly measuredOn: string
}

/** A smaller gain of accuracy by the last doubling says that more labels hardly help. */
const gainMin = 0.005

/** What the end of the curve says about more labels, as one or two sentences. */
export function sizeCurveText({ points }: SizeCurve): string {
  const [before, last] = points.slice(-2)
  if (before === undefined || last === undefined) return ''
  const gain = last.accuracy.mean - before.accuracy.mean
  const spread = (last.accuracy.high - last.accuracy.low) / 2
  const doubling =
    `From ${before.examples.toLocaleString('en-US')} to ${last.examples.toLocaleString('en-US')} ` +
    `training examples, accuracy ${gain < 0 ? 'fell' : 'rose'} by ${(100 * Math.abs(gain)).toFixed(1)} points.`
  if (gain < gainMin) return `${doubling} More labels of the same kind will hardly help.`
  const doubt = spread > gain ? ' The fits vary by more than that, so this is a rough guide.' : ''
  return `${doubling} More labels are likely to help.${doubt}`
}
