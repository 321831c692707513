// Chooses the thresholds of a multi-label model by F1 on held-out predictions.
// models/inference/label-set.ts applies them.

/** Predictions of a multi-label model, with the truth. */
export type SetPredictions = {
  /** uint8 [rows, labels], 1 where the label applies. */
  readonly targets: Uint8Array
  /** float32 [rows, labels], independent per label. */
  readonly probabilities: Float32Array
  readonly labels: number
}

/** The threshold of a label with too few examples to choose one. */
export const defaultThreshold = 0.5
/** With fewer examples of a label, the threshold with the best F1 is a matter of chance. */
const examplesMin = 10

/**
 * For each label, the threshold with the highest F1, halfway between the two adjacent
 * probabilities; 0.5 for a label with fewer than 10 examples.
 */
export function chooseThresholds({ targets, probabilities, labels }: SetPredictions): number[] {
  const rows = targets.length / labels
  return Array.from({ length: labels }, (_, label) => {
    const pairs = Array.from({ length: rows }, (_row, row) => ({
      probability: probabilities[row * labels + label]!,
      applies: targets[row * labels + label]!,
    }))
    return bestThreshold(pairs)
  })
}

function bestThreshold(pairs: { probability: number; applies: number }[]): number {
  const positives = pairs.reduce((sum, { applies }) => sum + applies, 0)
  if (positives < examplesMin) return defaultThreshold
  pairs.sort((a, b) => b.probability - a.probability)
  let hits = 0
  let best = { f1: -1, threshold: defaultThreshold }
  for (const [index, { probability, applies }] of pairs.entries()) {
    hits += applies
    const next = pairs[index + 1]?.probability ?? 0
    if (next === probability) continue
    const f1 = (2 * hits) / (index + 1 + positives)
    if (f1 > best.f1) best = { f1, threshold: (probability + next) / 2 }
  }
  return best.threshold
}
