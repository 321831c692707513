// Applies the data rules, which turn labelled texts into training examples: duplicates, near
// duplicates, texts that are held out elsewhere, and rare labels. They are applied once, before
// embedding and splitting; split.ts keeps the groups together.
import { hash as hashOf } from 'node:crypto'
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { describeExamples, type DataManifest, type Dataset } from './dataset.ts'
import { nearDuplicateGroups } from './near-duplicates.ts'
import type { DataRules, RuleFindings } from './rule-findings.ts'
import { labelsOfExample, withLabels, type Example } from '../files/source-row.ts'
import { duplicateKey } from './split.ts'

/** The default rules: drop exact duplicates, keep near duplicates together, keep every label. */
export const defaultDataRules: DataRules = {
  duplicates: 'drop',
  nearDuplicates: 0.9,
  minExamples: 1,
}

/** The data sets of one training run. */
export type DataParts = {
  readonly train: Dataset
  readonly validation?: Dataset | undefined
  readonly test?: Dataset | undefined
}

/**
 * Applies the rules. Training examples get all of them. Validation loses only the texts that it
 * shares with test, and test loses none; both lose the labels that training dropped.
 *
 * Training examples are returned in an order by content, so that the order and format of the source
 * do not matter, and with the group of their near duplicates. The manifest has the findings.
 *
 * @throws WinnowError `dataset_invalid` if nothing is left to train on.
 */
export function applyDataRules(parts: DataParts, rules: DataRules): DataParts {
  const test = parts.test
  const validation =
    parts.validation === undefined
      ? undefined
      : withoutHeldOut(parts.validation, [test], rules).dataset
  const { dataset, heldOut } = withoutHeldOut(parts.train, [test, validation], rules)
  const { examples, duplicates, conflicts } = withoutDuplicates(dataset.examples, rules)
  const counts = labelCounts(examples)
  const dropped = [...counts].filter(([, count]) => count < rules.minExamples)
  const names = new Set(dropped.map(([name]) => name))
  const kept = withoutLabels(examples, names)
  const { grouped, nearDuplicates } = withGroups(inContentOrder(kept), rules)
  const { manifest } = parts.train
  const findings: RuleFindings = {
    rules,
    emptyTexts: manifest.emptyTexts ?? 0,
    duplicates,
    conflicts,
    nearDuplicates,
    heldOut,
    singleExampleLabels: [...labelCounts(grouped)]
      .flatMap(([label, count]) => (count === 1 ? [label] : []))
      .sort(),
    droppedLabels: Object.fromEntries(dropped),
    removed: manifest.examples - grouped.length,
  }
  if (grouped.length === 0) throw nothingLeft(manifest, findings)
  const train = described(manifest, grouped)
  const known = (set: Dataset | undefined): Dataset | undefined =>
    set === undefined || dropped.length === 0
      ? set
      : described(set.manifest, withoutLabels(set.examples, names))
  return {
    train: { ...train, manifest: { ...train.manifest, rules: findings } },
    validation: known(validation),
    test: known(test),
  }
}

/** The error when no example is left; it says how many each rule removed. */
function nothingLeft({ source, examples }: DataManifest, findings: RuleFindings): WinnowError {
  const { rules, heldOut, droppedLabels } = findings
  const inDropped = Object.values(droppedLabels).reduce((sum, count) => sum + count, 0)
  const repeated = rules.duplicates === 'drop' ? findings.duplicates : 0
  const inConflict = examples - heldOut.exact - heldOut.near - repeated - inDropped
  const reasons: [number, string][] = [
    [heldOut.exact, 'also in the test or validation data (use other texts there)'],
    [
      heldOut.near,
      'nearly the same as one in the test or validation data (--near-duplicates off keeps them)',
    ],
    [inConflict, 'the same as others under another label (--duplicates keep keeps them)'],
    [repeated, 'the same as another with its label'],
    [
      inDropped,
      `of labels with fewer than ${counted(rules.minExamples, 'example')} (set a lower --min-examples)`,
    ],
  ]
  const told = reasons.flatMap(([count, why]) =>
    count > 0 ? [`${counted(count, 'text')} ${count === 1 ? 'is' : 'are'} ${why}`] : [],
  )
  const message =
    `${source}: the data rules leave none of ${counted(examples, 'example')} to train on: ` +
    `${told.join('; ')}.`
  return new WinnowError('dataset_invalid', message, { details: { ...findings } })
}

function described(manifest: DataManifest, examples: readonly Example[]): Dataset {
  const read = manifest.read ?? { examples: manifest.examples, sha256: manifest.sha256 }
  return {
    examples,
    manifest: { ...manifest, ...describeExamples(manifest.source, examples), read },
  }
}

/** Leaves out texts that equal or resemble a text in one of `others`. */
function withoutHeldOut(
  dataset: Dataset,
  others: readonly (Dataset | undefined)[],
  { nearDuplicates: threshold }: DataRules,
): { dataset: Dataset; heldOut: RuleFindings['heldOut'] } {
  const held = others.flatMap(
    (other) => other?.examples.map(({ text }) => duplicateKey(text)) ?? [],
  )
  const heldOut = { exact: 0, near: 0 }
  if (held.length === 0) return { dataset, heldOut }
  const exact = new Set(held)
  const keys = dataset.examples.map(({ text }) => duplicateKey(text))
  const groups =
    threshold === undefined ? undefined : nearDuplicateGroups([...held, ...keys], { threshold })
  const examples = dataset.examples.filter((_, index) => {
    const isExact = exact.has(keys[index]!)
    // A group is named by its first text, and held-out texts come first.
    const isNear = !isExact && groups !== undefined && groups[held.length + index]! < held.length
    if (isExact) heldOut.exact++
    if (isNear) heldOut.near++
    return !isExact && !isNear
  })
  return { dataset: described(dataset.manifest, examples), heldOut }
}

function withoutDuplicates(
  examples: readonly Example[],
  rules: DataRules,
): { examples: readonly Example[]; duplicates: number; conflicts: RuleFindings['conflicts'] } {
  const byText = new Map<string, Example[]>()
  for (const example of examples) {
    const key = duplicateKey(example.text)
    const known = byText.get(key)
    if (known === undefined) byText.set(key, [example])
    else known.push(example)
  }
  const conflicts = { texts: 0, examples: 0 }
  let duplicates = 0
  const kept: Example[] = []
  for (const equal of byText.values()) {
    const counts = new Map<string, number>()
    for (const { label } of equal) counts.set(label, (counts.get(label) ?? 0) + 1)
    if (counts.size === 1) {
      duplicates += equal.length - 1
      kept.push(equal[0]!)
      continue
    }
    conflicts.texts++
    conflicts.examples += equal.length
    const [majority] = [...counts].find(([, count]) => count > equal.length / 2) ?? []
    const chosen = equal.find(({ label }) => label === majority)
    if (chosen !== undefined) kept.push(chosen)
  }
  return { examples: rules.duplicates === 'drop' ? kept : examples, duplicates, conflicts }
}

function withGroups(
  examples: readonly Example[],
  { nearDuplicates: threshold }: DataRules,
): { grouped: readonly Example[]; nearDuplicates: RuleFindings['nearDuplicates'] } {
  if (threshold === undefined) {
    return { grouped: examples, nearDuplicates: { examples: 0, groups: 0 } }
  }
  const keys = examples.map(({ text }) => duplicateKey(text))
  const groups = nearDuplicateGroups(keys, { threshold })
  // Texts that differ only in case and white space are duplicates, not near duplicates.
  const texts = new Map<number, Set<string>>()
  for (const [index, group] of groups.entries()) {
    const known = texts.get(group)
    if (known === undefined) texts.set(group, new Set([keys[index]!]))
    else known.add(keys[index]!)
  }
  const near = { examples: 0, groups: 0 }
  for (const { size } of texts.values()) {
    if (size === 1) continue
    near.examples += size
    near.groups++
  }
  const grouped = examples.map((example, index) => ({ ...example, group: groups[index]! }))
  return { grouped, nearDuplicates: near }
}

/** Sorts by a hash of text and label, because parallel partitions arrive in a varying order. */
function inContentOrder(examples: readonly Example[]): readonly Example[] {
  const keyed = examples.map((example) => ({
    key: hashOf('sha256', JSON.stringify([example.text, example.label])),
    example,
  }))
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return keyed.map(({ example }) => example)
}

/** Removes examples of dropped labels; a multi-label example only loses the label. */
function withoutLabels(
  examples: readonly Example[],
  dropped: ReadonlySet<string>,
): readonly Example[] {
  return examples.flatMap((example) => {
    const own = labelsOfExample(example)
    if (!own.some((label) => dropped.has(label))) return [example]
    if (example.labels === undefined) return []
    return [
      withLabels(
        example,
        example.labels.filter((label) => !dropped.has(label)),
      ),
    ]
  })
}

function labelCounts(examples: readonly Example[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const example of examples) {
    for (const label of labelsOfExample(example)) counts.set(label, (counts.get(label) ?? 0) + 1)
  }
  return counts
}
