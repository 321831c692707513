// Trains one fold and judges it, for `cv` and for the comparison of `train --method auto`.
import { scoresOf, type JudgedFold } from './fold-scores.ts'
import type { FoldOutcome, FoldTrainer } from './fold-training.ts'
import type { Fold } from './folds.ts'

/**
 * Trains on all examples but those of the fold, and tests on them.
 *
 * @throws WinnowError `cancelled`, and what training throws.
 */
export async function judgeFold(
  trainer: FoldTrainer,
  fold: Fold,
  watch: Parameters<FoldTrainer['trainFold']>[1],
): Promise<{ judged: JudgedFold; outcome: FoldOutcome }> {
  const began = performance.now()
  const outcome = await trainer.trainFold(fold, watch)
  const judged = {
    repeat: fold.repeat,
    fold: fold.fold,
    trained: fold.train.length,
    tested: fold.test.length,
    seconds: (performance.now() - began) / 1_000,
    metrics: scoresOf(outcome.evaluation),
    chosen: outcome.chosen,
  }
  return { judged, outcome }
}
