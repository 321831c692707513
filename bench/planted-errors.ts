// Plants wrong labels by a seeded rule, so that a search for wrong labels can be measured against
// them. The rule looks at labels and embeddings only, never at a model's probabilities.
import { seededRandom } from '../models/runtime/seeded-random.ts'

/** `uniform`: any other label. `confusable`: one of the three labels that resemble it most. */
export const errorKinds = ['uniform', 'confusable'] as const
export type ErrorKind = (typeof errorKinds)[number]

export type PlantingRule = {
  readonly kind: ErrorKind
  /** The share of examples that get a wrong label. */
  readonly rate: number
  readonly seed: number
  /** For each label, the others with the most similar first; see `similarLabels`. */
  readonly similar: readonly (readonly number[])[]
}

/** Uint8 [examples], 1 where the label or the set was changed. */
export type Changed = Uint8Array

const confusableLabels = 3

/** Gives `rate` of the examples another label. */
export function plantErrors(
  truth: Int32Array,
  { kind, rate, seed, similar }: PlantingRule,
): { given: Int32Array; changed: Changed } {
  const random = seededRandom(seed)
  const given = truth.slice()
  const changed = new Uint8Array(truth.length)
  for (const example of drawn(truth.length, rate, random)) {
    const others = similar[truth[example]!]!
    const among = kind === 'uniform' ? others.length : Math.min(confusableLabels, others.length)
    given[example] = others[random.below(among)]!
    changed[example] = 1
  }
  return { given, changed }
}

/**
 * Changes the label sets of `rate` of the examples, uint8 [examples, labels]. `uniform` takes one
 * label away or adds any other, with equal chances; `confusable` replaces one of the labels by one
 * that resembles it.
 */
export function plantSetErrors(
  targets: Uint8Array,
  { kind, rate, seed, similar }: PlantingRule,
): { given: Uint8Array; changed: Changed } {
  const labels = similar.length
  const examples = targets.length / labels
  const random = seededRandom(seed)
  const given = targets.slice()
  const changed = new Uint8Array(examples)
  const flip = (example: number, label: number): void => {
    const at = example * labels + label
    given[at] = 1 - given[at]!
    changed[example] = 1
  }
  for (const example of drawn(examples, rate, random)) {
    const row = [...targets.subarray(example * labels, (example + 1) * labels).entries()]
    const own = row.flatMap(([label, applies]) => (applies === 1 ? [label] : []))
    const absent = (label: number): boolean => row[label]![1] === 0
    const one = own[random.below(Math.max(1, own.length))]
    if (kind === 'confusable' && one !== undefined) {
      const others = similar[one]!.filter(absent).slice(0, confusableLabels)
      flip(example, one)
      if (others.length > 0) flip(example, others[random.below(others.length)]!)
    } else if (one !== undefined && random.below(2) === 0) flip(example, one)
    else {
      const others = row.flatMap(([label]) => (absent(label) ? [label] : []))
      flip(example, others[random.below(others.length)] ?? own[0]!)
    }
  }
  return { given, changed }
}

function drawn(
  examples: number,
  rate: number,
  random: ReturnType<typeof seededRandom>,
): Int32Array {
  const order = random.shuffle(Int32Array.from({ length: examples }, (_, index) => index))
  return order.subarray(0, Math.round(rate * examples))
}

/**
 * For each label, the other labels by the cosine of their mean embeddings, the most similar first.
 * `applies` says which labels an example has.
 */
export function similarLabels(
  features: { rows: Float32Array; width: number },
  { labels, applies }: { labels: number; applies: (example: number, label: number) => boolean },
): number[][] {
  const { rows, width } = features
  const examples = rows.length / width
  const means = Array.from({ length: labels }, (_, label) => {
    const mean = new Float64Array(width)
    for (let example = 0; example < examples; example++) {
      if (!applies(example, label)) continue
      for (let i = 0; i < width; i++) mean[i]! += rows[example * width + i]!
    }
    const length = Math.hypot(...mean)
    return mean.map((value) => value / (length || 1))
  })
  return means.map((mean, label) => {
    const cosines = means.map((other) => mean.reduce((sum, value, i) => sum + value * other[i]!, 0))
    const others = [...means.keys()].filter((other) => other !== label)
    return others.sort((a, b) => cosines[b]! - cosines[a]! || a - b)
  })
}
