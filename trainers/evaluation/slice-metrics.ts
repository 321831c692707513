// Accuracy in parts of the examples: by length of the text, and by each attribute that examples
// carry. It decides on the parts; the measures are metrics.ts.
import { scoresOfRows, type RowOutcomes } from './metrics.ts'

/** What slices are made of. */
export type SlicedExample = {
  readonly text: string
  readonly attributes?: Readonly<Record<string, string>> | undefined
}

/** How the examples of one part fared. */
export type Slice = {
  /** `length`, or the name of an attribute after `attribute:`. */
  readonly by: string
  /** Such as `12 to 40 characters`, or the attribute's value. */
  readonly value: string
  readonly examples: number
  readonly accuracy: number
  readonly macroF1: number
  readonly logLoss: number
  /** 95 % interval of the accuracy (Wilson 1927), good for few examples too. */
  readonly interval: { readonly low: number; readonly high: number }
}

const lengthParts = 5
const attributesMax = 10
/**
 * The rarer values of an attribute are left out; one with a value for each example says nothing.
 */
const valuesMax = 20
const sliceExamplesMin = 5
const normalQuantile = 1.959963984540054

/** Slices that hold at least 5 examples and not all of them. */
export function sliceScores(outcomes: RowOutcomes, examples: readonly SlicedExample[]): Slice[] {
  const parts = [...partsByLength(examples), ...partsByAttribute(examples)]
  return parts
    .filter(({ rows }) => rows.length >= sliceExamplesMin && rows.length < examples.length)
    .map(({ by, value, rows }) => {
      const { accuracy, macroF1, logLoss } = scoresOfRows(outcomes, Int32Array.from(rows))
      const interval = wilsonInterval(accuracy, rows.length)
      return { by, value, examples: rows.length, accuracy, macroF1, logLoss, interval }
    })
}

/** The Wilson score interval of a share among `count` cases. */
export function wilsonInterval(share: number, count: number): { low: number; high: number } {
  const square = normalQuantile ** 2 / count
  const centre = (share + square / 2) / (1 + square)
  const spread = (share * (1 - share)) / count + square / (4 * count)
  const half = (normalQuantile * Math.sqrt(spread)) / (1 + square)
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) }
}

type Part = { readonly by: string; readonly value: string; readonly rows: readonly number[] }

/** Up to five parts of about equal size; texts of one length stay together. */
function partsByLength(examples: readonly SlicedExample[]): Part[] {
  const lengths = examples.map(({ text }) => text.length)
  const order = lengths.map((_, row) => row).sort((a, b) => lengths[a]! - lengths[b]!)
  const parts: Part[] = []
  let from = 0
  for (let part = 1; part <= lengthParts && from < order.length; part++) {
    let to = Math.max(from + 1, Math.round((part * order.length) / lengthParts))
    while (to < order.length && lengths[order[to]!] === lengths[order[to - 1]!]) to++
    const [shortest, longest] = [lengths[order[from]!]!, lengths[order[to - 1]!]!]
    const range = shortest === longest ? `${shortest}` : `${shortest} to ${longest}`
    parts.push({ by: 'length', value: `${range} characters`, rows: order.slice(from, to) })
    from = to
  }
  return parts
}

function partsByAttribute(examples: readonly SlicedExample[]): Part[] {
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
