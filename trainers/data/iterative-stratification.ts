// Divides texts with sets of labels so that each part has its share of every label: iterative
// stratification (Sechidis, Tsoumakas and Vlahavas 2011, ECML PKDD). Which examples must stay
// together is decided in split.ts.
import { seededRandom } from './seeded-random.ts'
import { labelsOfExample, type Example } from '../files/source-row.ts'

/**
 * The part of each example. Labels are dealt out rarest first, each group of examples to the part
 * that lacks most of the label, then to the one that lacks most examples; groups without a label
 * come last.
 */
export function stratifiedSetParts(
  examples: readonly Example[],
  options: {
    /** Indices of examples that must not part. */
    groups: readonly (readonly number[])[]
    /** The share of each part; they sum to 1. */
    shares: readonly number[]
    seed: number
    /** Groups of different sizes fit better with the largest first. Default `drawn`. */
    order?: 'drawn' | 'largest-first'
  },
): Int32Array {
  const { shares, seed, order = 'drawn' } = options
  const groups = seededRandom(seed).shuffle([...options.groups])
  if (order === 'largest-first') groups.sort((a, b) => b.length - a.length)
  const labelsOf = groups.map((group) => countsIn(group, examples))
  const byLabel = groupsOfLabels(labelsOf)
  const lacking = new Map(
    [...byLabel].map(([label, own]) => {
      const total = own.reduce((sum, at) => sum + labelsOf[at]!.get(label)!, 0)
      return [label, shares.map((share) => share * total)]
    }),
  )
  const lackingExamples = shares.map((share) => share * examples.length)
  const partOf = new Int32Array(examples.length)
  const dealt = new Uint8Array(groups.length)
  const deal = (at: number, part: number): void => {
    dealt[at] = 1
    for (const index of groups[at]!) partOf[index] = part
    lackingExamples[part]! -= groups[at]!.length
    for (const [label, count] of labelsOf[at]!) lacking.get(label)![part]! -= count
  }
  while (byLabel.size > 0) {
    const rarest = rarestLabel(byLabel, dealt)
    for (const at of byLabel.get(rarest)!) {
      if (dealt[at] === 0) deal(at, neediest(lacking.get(rarest)!, lackingExamples))
    }
    byLabel.delete(rarest)
  }
  for (const at of groups.keys()) {
    if (dealt[at] === 0) deal(at, neediest(lackingExamples, lackingExamples))
  }
  return partOf
}

/** How many examples of a group have each label. */
function countsIn(group: readonly number[], examples: readonly Example[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const index of group) {
    for (const label of labelsOfExample(examples[index]!)) {
      counts.set(label, (counts.get(label) ?? 0) + 1)
    }
  }
  return counts
}

function groupsOfLabels(labelsOf: readonly ReadonlyMap<string, number>[]): Map<string, number[]> {
  const byLabel = new Map<string, number[]>()
  for (const [at, counts] of labelsOf.entries()) {
    for (const label of counts.keys()) {
      const own = byLabel.get(label)
      if (own === undefined) byLabel.set(label, [at])
      else own.push(at)
    }
  }
  return byLabel
}

/** The label with the fewest groups left to deal out. */
function rarestLabel(byLabel: Map<string, number[]>, dealt: Uint8Array): string {
  let rarest = ''
  let fewest = Infinity
  for (const [label, own] of byLabel) {
    const left = own.filter((at) => dealt[at] === 0)
    byLabel.set(label, left)
    if (left.length >= fewest) continue
    rarest = label
    fewest = left.length
  }
  return rarest
}

/** The part that lacks most; among equals the one that lacks most of the second, then the first. */
function neediest(first: readonly number[], second: readonly number[]): number {
  let best = 0
  for (let part = 1; part < first.length; part++) {
    const gap = first[part]! - first[best]!
    // Shares of whole numbers carry rounding errors.
    const isTie = Math.abs(gap) < 1e-9
    if (isTie ? second[part]! > second[best]! + 1e-9 : gap > 0) best = part
  }
  return best
}
