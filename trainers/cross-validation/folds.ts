// Which examples each fold trains on and which it tests: stratified k-fold, repeated if asked. What
// must stay together is fold-groups.ts, folds in order of time are rolling-folds.ts. It decides on
// indices only, by the seed alone.
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { stratifiedSetParts } from '../data/iterative-stratification.ts'
import { seededRandom } from '../../models/runtime/seeded-random.ts'
import { stratifiedFolds } from '../data/split.ts'
import { isMultiLabel, type Example } from '../files/source-row.ts'
import { attributeGroups, textGroups } from './fold-groups.ts'
import { rollingFolds } from './rolling-folds.ts'

/** One training and its test, as ascending indices into the examples. */
export type Fold = {
  /** Both from 1. */
  readonly repeat: number
  readonly fold: number
  /** Decides what is random in training this fold; the same for all folds of a repeat. */
  readonly seed: number
  readonly train: Int32Array
  readonly test: Int32Array
}

export type FoldOptions = {
  readonly folds: number
  /** Rounds of folds, each from a seed of its own. Default 1. */
  readonly repeats?: number | undefined
  readonly seed: number
  /** An attribute whose values stay in one fold. */
  readonly group?: string | undefined
  /** Train on the past and test on the block of time that follows. */
  readonly byTime?: boolean | undefined
}

/**
 * The folds of all repeats, in order. Near duplicates, and the values of `group`, are in one fold.
 * The first repeat is the same whatever the number of repeats.
 *
 * @throws WinnowError `usage` for options that contradict each other or ask for more folds than
 * there are groups; `dataset_invalid` where a fold would have nothing to learn or to test.
 */
export function planFolds(examples: readonly Example[], options: FoldOptions): Fold[] {
  const { folds, repeats = 1, seed, group, byTime = false } = options
  checkFoldOptions(options)
  const groupOf = group === undefined ? textGroups(examples) : attributeGroups(examples, group)
  requireGroups(groupOf, options)
  const planned = byTime
    ? rollingFolds(examples, { folds, groupOf }).map((part, at) => ({
        repeat: 1,
        fold: at + 1,
        seed,
        ...part,
      }))
    : repeatSeeds(seed, repeats).flatMap((own, at) =>
        shuffledFolds(examples, { folds, group, groupOf, seed: own, repeat: at + 1 }),
      )
  for (const fold of planned) requireLabels(examples, fold)
  return planned
}

/**
 * Checks what can be known without data.
 *
 * @throws WinnowError `usage` for options that contradict each other.
 */
export function checkFoldOptions({
  repeats = 1,
  byTime = false,
}: Pick<FoldOptions, 'repeats' | 'byTime'>): void {
  if (!byTime || repeats === 1) return
  throw new WinnowError(
    'usage',
    '--repeats has no meaning with --by-time: there is one order of time. Leave it out.',
  )
}

/** The seed itself, then numbers drawn from it. */
function repeatSeeds(seed: number, repeats: number): number[] {
  const random = seededRandom(seed)
  return Array.from({ length: repeats }, (_, repeat) => (repeat === 0 ? seed : random.uint32()))
}

function shuffledFolds(
  examples: readonly Example[],
  options: {
    folds: number
    group: string | undefined
    groupOf: Int32Array
    seed: number
    repeat: number
  },
): Fold[] {
  const { folds, group, groupOf, seed, repeat } = options
  const foldOf =
    group === undefined
      ? stratifiedFolds(examples, { folds, seed })
      : stratifiedSetParts(examples, {
          groups: membersOf(groupOf),
          shares: Array.from({ length: folds }, () => 1 / folds),
          seed,
          order: 'largest-first',
        })
  const indices = Int32Array.from(examples.keys())
  return Array.from({ length: folds }, (_, fold) => ({
    repeat,
    fold: fold + 1,
    seed,
    train: indices.filter((index) => foldOf[index] !== fold),
    test: indices.filter((index) => foldOf[index] === fold),
  }))
}

/** The indices of each group. */
function membersOf(groupOf: Int32Array): number[][] {
  const members = new Map<number, number[]>()
  for (const [index, group] of groupOf.entries()) {
    const known = members.get(group)
    if (known === undefined) members.set(group, [index])
    else known.push(index)
  }
  return [...members.values()]
}

function requireGroups(groupOf: Int32Array, { folds, group }: FoldOptions): void {
  const groups = new Set(groupOf).size
  if (groups >= folds) return
  const found = counted(groups, 'group')
  const kept =
    group === undefined
      ? 'texts that differ by more than near duplicates do'
      : `texts that share neither ${JSON.stringify(group)} nor their content`
  throw new WinnowError(
    'usage',
    `--folds ${folds} is too many: the data has ${found} of ${kept}. Give at most ${groups}.`,
    { details: { folds, groups } },
  )
}

/** A fold needs something to test, and two labels to learn (one, where labels are sets). */
function requireLabels(examples: readonly Example[], { repeat, fold, train, test }: Fold): void {
  const which = `fold ${fold}${repeat > 1 ? ` of repeat ${repeat}` : ''}`
  const invalid = (problem: string): WinnowError =>
    new WinnowError(
      'dataset_invalid',
      `${which} ${problem}; give fewer --folds or more examples.`,
      {
        details: { repeat, fold },
      },
    )
  if (test.length === 0) throw invalid('has no examples to test')
  if (train.length === 0) throw invalid('has no examples to train on')
  if (isMultiLabel(examples)) return
  const labels = new Set(Array.from(train, (index) => examples[index]!.label))
  if (labels.size > 1) return
  throw invalid(`would train on one label alone, ${JSON.stringify([...labels][0])}`)
}
