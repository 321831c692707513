// The scores of slices of the examples: by text length, and by each attribute of the examples. It
// decides on the slices; metrics.ts computes the scores.
import { scoresOfRows, type RowOutcomes } from './metrics.ts'

/** The properties of an example that decide its slices. */
export type SlicedExample = {
  readonly text: string
  readonly attributes?: Readonly<Record<string, string>> | undefined
}

/** The scores of one slice. */
export type Slice = {
  /** `length`, or the name of an attribute after `attribute:`. */
  readonly by: string
  /** Such as `12 to 40 characters`, or the attribute's value. */
  readonly value: string
  readonly examples: number
  readonly accuracy: number
  readonly macroF1: number
  readonly logLoss: number
  /** The 95 % interval of the accuracy (Wilson 1927), which also holds for few examples. */
  readonly interval: { readonly low: number; readonly high: number }
}

const lengthSlices = 5
const attributesMax = 10
/** Rarer values of an attribute are left out, so that an id per example makes no slices. */
const valuesMax = 20
const sliceExamplesMin = 5
const normalQuantile = 1.959963984540054

/** The scores of all slices with at least 5 examples that do not contain every example. */
export function sliceScores(outcomes: RowOutcomes, examples: readonly SlicedExample[]): Slice[] {
  const groups = [...groupsByLength(examples), ...groupsByAttribute(examples)]
  return groups
    .filter(({ rows }) => rows.length >= sliceExamplesMin && rows.length < examples.length)
    .map(({ by, value, rows }) => {
      const { accuracy, macroF1, logLoss } = scoresOfRows(outcomes, Int32Array.from(rows))
      const interval = wilsonInterval(accuracy, rows.length)
      return { by, value, examples: rows.length, accuracy, macroF1, logLoss, interval }
    })
}

/** The 95 % Wilson score interval of a fraction of `count` cases. */
export function wilsonInterval(fraction: number, count: number): { low: number; high: number } {
  const square = normalQuantile ** 2 / count
  const centre = (fraction + square / 2) / (1 + square)
  const spread = (fraction * (1 - fraction)) / count + square / (4 * count)
  const half = (normalQuantile * Math.sqrt(spread)) / (1 + square)
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) }
}

type Group = { readonly by: string; readonly value: string; readonly rows: readonly number[] }

/** Up to five groups of about equal size; texts of the same length stay together. */
function groupsByLength(examples: readonly SlicedExample[]): Group[] {
  const lengths = examples.map(({ text }) => text.length)
  const order = lengths.map((_, row) => row).sort((a, b) => lengths[a]! - lengths[b]!)
  const groups: Group[] = []
  let from = 0
  for (let group = 1; group <= lengthSlices && from < order.length; group++) {
    let to = Math.max(from + 1, Math.round((group * order.length) / lengthSlices))
    while (to < order.length && lengths[order[to]!] === lengths[order[to - 1]!]) to++
    const [shortest, longest] = [lengths[order[from]!]!, lengths[order[to - 1]!]!]
    const range = shortest === longest ? `${shortest}` : `${shortest} to ${longest}`
    groups.push({ by: 'length', value: `${range} characters`, rows: order.slice(from, to) })
    from = to
  }
  return groups
}

function groupsByAttribute(examples: readonly SlicedExample[]): Group[] {
  const rowsByValue = new Map<string, Map<string, number[]>>()
  for (const [row, { attributes }] of examples.entries()) {
    for (const [name, value] of Object.entries(attributes ?? {})) {
      const values = rowsByValue.get(name) ?? new Map<string, number[]>()
      rowsByValue.set(name, values)
      const rows = values.get(value)
      if (rows === undefined) values.set(value, [row])
      else rows.push(row)
    }
  }
  return [...rowsByValue].slice(0, attributesMax).flatMap(([name, values]) =>
    [...values]
      .sort(([, a], [, b]) => b.length - a.length)
      .slice(0, valuesMax)
      .map(([value, rows]) => ({ by: `attribute:${name}`, value, rows })),
  )
}
