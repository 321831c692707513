// Divides labelled texts for validation: stratified by label, fixed by a seed, and never with the
// same text on both sides. It only decides on indices; it holds no texts and no embeddings.
import { stratifiedSetParts } from './iterative-stratification.ts'
import { seededRandom } from './seeded-random.ts'
import { isMultiLabel, labelsOfExample, type Example } from '../files/source-row.ts'

/** A division into two parts, as ascending indices into the examples. */
export type Split = {
  readonly train: Int32Array
  readonly validation: Int32Array
  /** Labels with too few different texts to give one away: all of them stay in `train`. */
  readonly unsplitLabels: readonly { readonly label: string; readonly examples: number }[]
  /** Examples whose text, apart from case and white space, or nearly so, came before. */
  readonly duplicates: number
}

/** Two texts are the same when they differ only in case, white space or Unicode composition. */
export function duplicateKey(text: string): string {
  return text.normalize('NFC').toLowerCase().replace(/\s+/gu, ' ').trim()
}

/**
 * Gives `fraction` of each label's examples to validation, chosen by the seed. Duplicates go to
 * the same side as their first occurrence, even when their labels disagree.
 */
export function stratifiedSplit(
  examples: readonly Example[],
  options: { fraction: number; seed: number },
): Split {
  if (isMultiLabel(examples)) return splitOfSets(examples, options)
  const { byLabel, duplicates } = groupsByLabel(examples)
  const random = seededRandom(options.seed)
  const inValidation = new Uint8Array(examples.length)
  const unsplitLabels: { label: string; examples: number }[] = []
  for (const [label, groups] of byLabel) {
    const count = groups.reduce((sum, group) => sum + group.length, 0)
    // At least one group stays in train, otherwise the label could not be learned.
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

/**
 * The fold, 0 to `folds` - 1, of each example: labels spread evenly, duplicates in one fold.
 */
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
  // Continuing the round from one label to the next keeps the folds' sizes equal.
  let next = 0
  for (const groups of byLabel.values()) {
    for (const group of random.shuffle(groups)) {
      for (const index of group) foldOf[index] = next
      next = (next + 1) % options.folds
    }
  }
  return foldOf
}

/** As `stratifiedSplit`, where each example has a set of labels. */
function splitOfSets(
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

/** Indices grouped by near or equal text; a group counts to the label of its first example. */
function groupsByLabel(examples: readonly Example[]): {
  byLabel: Map<string, number[][]>
  duplicates: number
} {
  const groupOf = new Map<string | number, number[]>()
  const byLabel = new Map<string, number[][]>()
  let duplicates = 0
  for (const [index, { text, label, group: near }] of examples.entries()) {
    // Near duplicates have been found already and hold the equal texts too.
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
