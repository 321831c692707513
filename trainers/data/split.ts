// Splits labelled texts for validation: stratified by label, reproducible by seed, and never with
// the same text on both sides. It decides on indices only.
import { stratifiedSetParts } from './iterative-stratification.ts'
import { seededRandom } from '../../models/runtime/seeded-random.ts'
import { isMultiLabel, labelsOfExample, type Example } from '../files/source-row.ts'

/** A split into two parts, as ascending indices of the examples. */
export type Split = {
  readonly train: Int32Array
  readonly validation: Int32Array
  /** Labels with too few distinct texts to split; all their examples stay in `train`. */
  readonly unsplitLabels: readonly { readonly label: string; readonly examples: number }[]
  /** The number of examples whose text is a duplicate or near duplicate of an earlier one. */
  readonly duplicates: number
}

/** The key of a text. Texts that differ only in case, white space or composition have the same. */
export function duplicateKey(text: string): string {
  return text.normalize('NFC').toLowerCase().replace(/\s+/gu, ' ').trim()
}

/**
 * Holds out `fraction` of each label's examples for validation, chosen by the seed. Duplicates go
 * to the side of their first occurrence, even if their labels differ.
 */
export function stratifiedSplit(
  examples: readonly Example[],
  options: { fraction: number; seed: number },
): Split {
  if (isMultiLabel(examples)) return multiLabelSplit(examples, options)
  const { byLabel, duplicates } = groupsByLabel(examples)
  const random = seededRandom(options.seed)
  const inValidation = new Uint8Array(examples.length)
  const unsplitLabels: { label: string; examples: number }[] = []
  for (const [label, groups] of byLabel) {
    const count = groups.reduce((sum, group) => sum + group.length, 0)
    // At least one group stays in train; otherwise the label could not be learned.
    const wanted = Math.round(count * options.fraction)
    let taken = 0
    for (const group of random.shuffle(groups).slice(1)) {
      if (taken + group.length > wanted) continue
      taken += group.length
      for (const index of group) inValidation[index] = 1
    }
    if (taken === 0) unsplitLabels.push({ label, examples: count })
  }
  const indices = Int32Array.from(examples, (_, index) => index)
  return {
    train: indices.filter((index) => inValidation[index] === 0),
    validation: indices.filter((index) => inValidation[index] === 1),
    unsplitLabels,
    duplicates,
  }
}

/** The fold of each example, from 0: labels are spread evenly, duplicates share a fold. */
export function stratifiedFolds(
  examples: readonly Example[],
  options: { folds: number; seed: number },
): Int32Array {
  const { byLabel } = groupsByLabel(examples)
  if (isMultiLabel(examples)) {
    const { folds, seed } = options
    const shares = Array.from({ length: folds }, () => 1 / folds)
    return stratifiedSetParts(examples, { groups: [...byLabel.values()].flat(), shares, seed })
  }
  const random = seededRandom(options.seed)
  const foldOf = new Int32Array(examples.length)
  // Each label continues the round-robin of the previous one, which keeps the folds equal in size.
  let next = 0
  for (const groups of byLabel.values()) {
    for (const group of random.shuffle(groups)) {
      for (const index of group) foldOf[index] = next
      next = (next + 1) % options.folds
    }
  }
  return foldOf
}

/** `stratifiedSplit` for multi-label examples. */
function multiLabelSplit(
  examples: readonly Example[],
  { fraction, seed }: { fraction: number; seed: number },
): Split {
  const { byLabel, duplicates } = groupsByLabel(examples)
  const groups = [...byLabel.values()].flat()
  const partOf = stratifiedSetParts(examples, { groups, shares: [1 - fraction, fraction], seed })
  const indices = Int32Array.from(examples, (_, index) => index)
  const counts = new Map<string, { examples: number; validation: number }>()
  for (const [index, example] of examples.entries()) {
    for (const label of labelsOfExample(example)) {
      const count = counts.get(label) ?? { examples: 0, validation: 0 }
      count.examples++
      count.validation += partOf[index]!
      counts.set(label, count)
    }
  }
  return {
    train: indices.filter((index) => partOf[index] === 0),
    validation: indices.filter((index) => partOf[index] === 1),
    unsplitLabels: [...counts].flatMap(([label, count]) =>
      count.validation === 0 ? [{ label, examples: count.examples }] : [],
    ),
    duplicates,
  }
}

/** Groups the indices of equal or similar texts; a group belongs to its first example's label. */
function groupsByLabel(examples: readonly Example[]): {
  byLabel: Map<string, number[][]>
  duplicates: number
} {
  const groupOf = new Map<string | number, number[]>()
  const byLabel = new Map<string, number[][]>()
  let duplicates = 0
  for (const [index, { text, label, group: near }] of examples.entries()) {
    // Groups of near duplicates, if they are known, also contain the equal texts.
    const key = near === undefined ? duplicateKey(text) : near
    const known = groupOf.get(key)
    if (known !== undefined) {
      known.push(index)
      duplicates++
      continue
    }
    const group = [index]
    groupOf.set(key, group)
    const groups = byLabel.get(label)
    if (groups === undefined) byLabel.set(label, [group])
    else groups.push(group)
  }
  return { byLabel, duplicates }
}
