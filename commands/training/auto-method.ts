// `winnow train --method auto`: which method and base to train, by a comparison in the time that is
// given. It owns the progress line and the bases to try; the comparison is trainers/selection/.
import { knownBase, listBases, type Base } from '../../models/bases/base-store.ts'
import type { Dataset } from '../../trainers/data/dataset.ts'
import type { SelectionRecord } from '../../trainers/runs/selection-record.ts'
import { candidateName, type BaseShape } from '../../trainers/selection/candidate.ts'
import { openCandidate } from '../../trainers/selection/open-candidate.ts'
import { selectMethod, type SelectionProgress } from '../../trainers/selection/select-method.ts'
import { selectionText } from '../../trainers/selection/selection-text.ts'
import { pullBase } from '../base-pull.ts'
import type { CommandContext } from '../command-context.ts'
import { durationText } from '../terminal.ts'
import { trainingProgressText } from './training-progress.ts'

/** What `train --method auto` takes if no --time is given. */
export const autoSecondsDefault = 30 * 60

/** What the choice depends on. */
export type AutoMethodOptions = {
  readonly train: Dataset
  /** The base of --base; undefined to try all that are known. */
  readonly base: string | undefined
  /** The base to fall back to. */
  readonly baseDefault: string
  readonly secondsMax: number
  /** What of that is gone. */
  readonly secondsSpent: number
  readonly seed: number
  readonly maxTokens: number | undefined
  readonly workers: number
  readonly signal: AbortSignal
}

/** Compares methods and bases, says what it chose and why, and gives that. */
export async function chooseMethod(
  context: CommandContext,
  options: AutoMethodOptions,
): Promise<SelectionRecord> {
  const { terminal, paths } = context
  const { train, seed, secondsMax, secondsSpent, maxTokens, workers, signal } = options
  const opened = new Map<string, Promise<Base>>()
  const openBase = (name: string, stop: AbortSignal): Promise<Base> => {
    const known = opened.get(name) ?? pullBase(name, context, stop)
    opened.set(name, known)
    return known
  }
  const selection = await selectMethod({
    train,
    seed,
    secondsMax,
    secondsSpent,
    signal,
    bases: await basesToTry(options, paths.store),
    open: (candidate, shared) =>
      openCandidate(candidate, { ...shared, storeDir: paths.store, maxTokens, workers, openBase }),
    onProgress: (progress) => terminal.progress(progressText(progress)),
  })
  terminal.progressDone()
  terminal.say(selectionText(selection, terminal.style))
  terminal.say()
  return selection
}

/** The base that was asked for, or those in the store, the default first. */
async function basesToTry(
  { base, baseDefault }: AutoMethodOptions,
  storeDir: string,
): Promise<BaseShape[]> {
  const names = [base ?? baseDefault]
  if (base === undefined) {
    for (const { name, state } of await listBases({ storeDir })) {
      if (state === 'present') names.push(name)
    }
  }
  const shapes = await Promise.all(names.map((name) => knownBase({ name, storeDir })))
  return [...new Map(shapes.map((shape) => [shape.name, shape])).values()]
}

function progressText(progress: SelectionProgress): string {
  const { number, candidates, candidate, fold, folds, secondsLeft, training } = progress
  const name = candidateName({ method: candidate.method, base: candidate.base.name })
  const place = fold === undefined ? name : `${name}, fold ${fold} of ${folds}`
  const left = durationText(1_000 * Math.max(0, Math.round(secondsLeft)))
  const text = trainingProgressText(training)
  return `candidate ${number} of ${candidates} (${place}), ${left} left in all: ${text}`
}
