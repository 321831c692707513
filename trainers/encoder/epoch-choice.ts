// Which epoch of a fine-tuning run is kept, and when a run ends early. fine-tuning.ts measures the
// epochs and stores the weights.
import type { EpochReport } from '../evaluation/epoch-report.ts'

/** On fewer validation texts, scores hardly tell epochs apart, and the last one is kept. */
const textsMin = 50

/**
 * Whether the last epoch replaces the one that was kept, after validation on `texts` texts. It does
 * if its macro-F1 is within one standard error of the highest so far. The highest of several noisy
 * scores is partly luck, and the last epoch had the lowest learning rates. This is the
 * one-standard-error rule of Breiman et al. (1984, Classification and Regression Trees), measured
 * in bench/RESULTS.md, "Early stopping".
 */
export function isLastKept(epochs: readonly EpochReport[], texts: number): boolean {
  if (texts < textsMin) return true
  const highest = highestOf(epochs)
  const standardError = Math.sqrt((highest * (1 - highest)) / texts)
  return epochs.at(-1)!.macroF1 >= highest - standardError
}

/** Whether the last `patienceEpochs` epochs did not reach the macro-F1 of those before. */
export function isOutOfPatience(epochs: readonly EpochReport[], patienceEpochs: number): boolean {
  const highest = highestOf(epochs)
  const place = epochs.findLastIndex(({ macroF1 }) => macroF1 === highest)
  return epochs.length - (place + 1) >= patienceEpochs
}

function highestOf(epochs: readonly EpochReport[]): number {
  return epochs.reduce((highest, { macroF1 }) => Math.max(highest, macroF1), 0)
}
