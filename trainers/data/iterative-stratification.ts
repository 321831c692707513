// Divides multi-label texts so that each part has its share of every label, by iterative
// stratification (Sechidis, Tsoumakas and Vlahavas 2011, ECML PKDD). split.ts decides which
// examples must stay together.
import { seededRandom } from '../../models/runtime/seeded-random.ts'
import { labelsOfExample, type Example } from '../files/source-row.ts'

/**
 * The part of each example: int32 [examples]. It assigns groups label by label, rarest label first.
 * A group goes to the part that needs the most examples of the label, and in a tie to the part that
 * needs the most examples. Groups without a label come last.
 */
export function stratifiedSetParts(
  examples: readonly Example[],
  options: {
    /** The indices of examples that must stay together. */
    groups: readonly (readonly number[])[]
    /** The fraction of each part; they sum to 1. */
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
  const needed = new Map(
    [...byLabel].map(([label, own]) => {
      const total = own.reduce((sum, at) => sum + labelsOf[at]!.get(label)!, 0)
      return [label, shares.map((share) => share * total)]
    }),
  )
  const neededExamples = shares.map((share) => share * examples.length)
  const partOf = new Int32Array(examples.length)
  const assigned = new Uint8Array(groups.length)
  const assign = (at: number, part: number): void => {
    assigned[at] = 1
    for (const index of groups[at]!) partOf[index] = part
    neededExamples[part]! -= groups[at]!.length
    for (const [label, count] of labelsOf[at]!) needed.get(label)![part]! -= count
  }
  while (byLabel.size > 0) {
    const rarest = rarestLabel(byLabel, assigned)
    for (const at of byLabel.get(rarest)!) {
      if (assigned[at] === 0) assign(at, neediest(needed.get(rarest)!, neededExamples))
    }
    byLabel.delete(rarest)
  }
  for (const at of groups.keys()) {
    if (assigned[at] === 0) assign(at, neediest(neededExamples, neededExamples))
  }
  return partOf
}

/** The number of examples in a group that have each label. */
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

/** The label with the fewest unassigned groups. */
function rarestLabel(byLabel: Map<string, number[]>, assigned: Uint8Array): string {
  let rarest = ''
  let fewest = Infinity
  for (const [label, own] of byLabel) {
    const left = own.filter((at) => assigned[at] === 0)
    byLabel.set(label, left)
    if (left.length >= fewest) continue
    rarest = label
    fewest = left.length
  }
  return rarest
}

/** The part with the largest need in `first`, then in `second`, then the first part. */
function neediest(first: readonly number[], second: readonly number[]): number {
  let best = 0
  for (let part = 1; part < first.length; part++) {
    const gap = first[part]! - first[best]!
    // Fractions of integers have rounding errors.
    const isTie = Math.abs(gap) < 1e-9
    if (isTie ? second[part]! > second[best]! + 1e-9 : gap > 0) best = part
  }
  return best
}
