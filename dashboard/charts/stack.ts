// Series on top of each other, for stacked charts.

/** One line or layer of a chart. */
export type Series = {
  readonly name: string
  /** The CSS custom property of its colour. */
  readonly colour: string
  readonly values: readonly (number | null)[]
}

/** Each series plus all before it, at each place. */
export function stacked(series: readonly Series[]): number[][] {
  const sums: number[][] = []
  for (const { values } of series) {
    const below = sums.at(-1)
    sums.push(values.map((value, at) => (value ?? 0) + (below?.[at] ?? 0)))
  }
  return sums
}

/**
 * The series of the labels with the most events, and one for all others together. `labelsMax` is
 * how many labels get a series of their own.
 */
export function labelSeries(
  buckets: readonly { readonly labels: Readonly<Record<string, number>> }[],
  options: { labelsMax: number; perSecond: number; colourOf: (label: string) => string },
): Series[] {
  const totals = new Map<string, number>()
  for (const { labels } of buckets) {
    for (const [label, events] of Object.entries(labels)) {
      totals.set(label, (totals.get(label) ?? 0) + events)
    }
  }
  const ranked = [...totals].sort((a, b) => b[1] - a[1]).map(([label]) => label)
  const shown = ranked.slice(0, options.labelsMax)
  const series = shown.map((label) => ({
    name: label,
    colour: options.colourOf(label),
    values: buckets.map(({ labels }) => (labels[label] ?? 0) / options.perSecond),
  }))
  const rest = ranked.slice(options.labelsMax)
  if (rest.length === 0) return series
  const sumOfRest = (labels: Readonly<Record<string, number>>) =>
    rest.reduce((sum, label) => sum + (labels[label] ?? 0), 0)
  return [
    ...series,
    {
      name: `${rest.length} other labels`,
      colour: '--label-other',
      values: buckets.map(({ labels }) => sumOfRest(labels) / options.perSecond),
    },
  ]
}
