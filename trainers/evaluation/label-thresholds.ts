// From which probability on each label of a multi-label model applies: chosen by F1 on predictions
// of examples that the model was not fitted on. Applying thresholds is
// models/inference/label-set.ts.

/** Predictions of sets of labels. */
export type SetPredictions = {
  /** uint8 [rows, labels], 1 where the label applies. */
  readonly targets: Uint8Array
  /** float32 [rows, labels]; each label's by itself. */
  readonly probabilities: Float32Array
  readonly labels: number
}

/** The threshold of a label with too few examples to choose one. */
export const defaultThreshold = 0.5
/** With fewer examples of a label, the best threshold is that of chance. */
const examplesMin = 10

/**
 * The threshold of each label with the highest F1, half-way between the two probabilities that it
 * parts; 0.5 for a label with fewer than 10 examples.
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
  for (const [place, { probability, applies }] of pairs.entries()) {
    hits += applies
    const next = pairs[place + 1]?.probability ?? 0
    if (next === probability) continue
    const f1 = (2 * hits) / (place + 1 + positives)
    if (f1 > best.f1) best = { f1, threshold: (probability + next) / 2 }
  }
  return best.threshold
}
