// Decides which texts share a training batch, and in which order batches come. Texts in a batch
// have nearly the same length, so that there is little padding. It sees lengths and labels, not
// texts.
import { seededRandom, type SeededRandom } from '../../models/runtime/seeded-random.ts'
import { stepSeed } from './step-inputs.ts'

/** The bounds on a batch. */
export type BatchLimits = {
  /** Texts per batch. */
  readonly texts: number
  /** Padded tokens per batch, which bounds the memory of a step. */
  readonly tokensMax: number
}

/**
 * Texts are sorted by length within this many batches, which gives 2 % padding on short queries.
 */
const sortedBatches = 32

/** The batches of an epoch, which counts from 1; they depend on the run's seed only. */
export function epochBatches(
  lengths: Int32Array,
  limits: BatchLimits,
  run: { seed: number; epoch: number },
): Int32Array[] {
  return shuffledBatches(lengths, limits, seededRandom(stepSeed(run.seed + 1, run.epoch)))
}

/** All texts in shuffled batches, as indices; each text is in exactly one. */
export function shuffledBatches(
  lengths: Int32Array,
  limits: BatchLimits,
  random: SeededRandom,
): Int32Array[] {
  const order = random.shuffle(Int32Array.from(lengths, (_, index) => index))
  const batches: Int32Array[] = []
  const span = limits.texts * sortedBatches
  for (let first = 0; first < order.length; first += span) {
    batches.push(...sortedIntoBatches(order.subarray(first, first + span), lengths, limits))
  }
  return random.shuffle(batches)
}

/** All texts in batches of similar length, longest first; sorts `order` in place. */
export function sortedIntoBatches(
  order: Int32Array,
  lengths: Int32Array,
  limits: BatchLimits,
): Int32Array[] {
  const sorted = order.sort((a, b) => lengths[b]! - lengths[a]! || a - b)
  const batches: Int32Array[] = []
  for (let first = 0; first < sorted.length;) {
    const fitting = Math.floor(limits.tokensMax / lengths[sorted[first]!]!)
    const count = Math.max(1, Math.min(limits.texts, fitting))
    batches.push(sorted.slice(first, first + count))
    first += count
  }
  return batches
}

/**
 * The least number of texts of one label that `labelBatches` keeps together, if there are so many.
 */
const groupSize = 4

/**
 * The batches of an epoch, which counts from 1, for the contrastive loss. Groups of texts with the
 * same label stay together, so that nearly every text has others of its label in its batch. Each
 * text is in exactly one batch.
 */
export function labelBatches(
  texts: { truth: Int32Array; lengths: Int32Array },
  limits: BatchLimits,
  run: { seed: number; epoch: number },
): Int32Array[] {
  const { truth, lengths } = texts
  const random = seededRandom(stepSeed(run.seed + 1, run.epoch))
  const order = random.shuffle(Int32Array.from(lengths, (_, index) => index))
  const groups = [...Map.groupBy(order, (index) => truth[index]!).values()].flatMap(groupsOf)
  const batches: number[][] = [[]]
  let longest = 0
  for (const index of random.shuffle(groups).flat()) {
    const batch = batches.at(-1)!
    longest = Math.max(longest, lengths[index]!)
    const count = batch.length + 1
    if (count === 1 || (count <= limits.texts && count * longest <= limits.tokensMax)) {
      batch.push(index)
    } else {
      batches.push([index])
      longest = lengths[index]!
    }
  }
  return batches.map((batch) => Int32Array.from(batch))
}

/** Divides the texts of a label into groups of at least `groupSize`, if there are so many. */
function groupsOf(indices: readonly number[]): number[][] {
  const count = Math.max(1, Math.floor(indices.length / groupSize))
  return Array.from({ length: count }, (_, group) => indices.filter((_, i) => i % count === group))
}
