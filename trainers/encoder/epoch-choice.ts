// Which epoch of a fine-tuning run is kept, and when a run ends early. fine-tuning.ts measures the
// epochs and stores the weights.
import type { EpochReport } from '../evaluation/epoch-report.ts'

/**
 * Macro-F1 values within this many standard errors of the highest count as equally good. It is a
 * half because all epochs are scored on the same texts, so that their differences vary less than
 * each score does. Measured in bench/RESULTS.md, "Early stopping".
 */
const tieDeviations = 0.5

/**
 * Whether the last epoch replaces the one that was kept, after validation on `texts` texts. Of
 * equally good epochs, the latest is kept, because its learning rates were the lowest. This is the
 * one-standard-error rule (Breiman et al. 1984, Classification and Regression Trees) with a smaller
 * tolerance.
 */
export function isLastKept(epochs: readonly EpochReport[], texts: number): boolean {
  const highest = highestOf(epochs)
  const standardError = Math.sqrt((highest * (1 - highest)) / texts)
  return epochs.at(-1)!.macroF1 >= highest - tieDeviations * standardError
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
