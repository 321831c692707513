// Trains the winner of a study, and publishes it once, whenever the process is killed. The name of
// its run is in the journal before it begins, and a run publishes only one version
// (publish-classifier.ts).
import { newRunName } from '../runs/run-record.ts'
import type { StudyJournal } from './journal.ts'
import type { Trial } from './study.ts'

/**
 * Trains and publishes by `train`, and writes down what came of it. `train` continues or repeats a
 * run of that name.
 */
export async function trainWinner<Trained extends { readonly model: string }>(
  journal: StudyJournal,
  best: Pick<Trial, 'number'>,
  train: (run: string) => Promise<Trained>,
): Promise<Trained> {
  const trial = best.number
  const begun = journal.training()
  const isBegun = begun !== undefined && (begun.trial ?? trial) === trial
  const trainingRun = isBegun ? begun.trainingRun : newRunName(journal.start.name, new Date())
  if (!isBegun) await journal.append({ kind: 'training', trainingRun, trial })
  const trained = await train(trainingRun)
  const { model } = trained
  await journal.append({ kind: 'winner', trial, trainingRun, model })
  return trained
}
