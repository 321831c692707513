// `winnow train --method auto`: which method and base to train, by a comparison in the time that is
// given. It owns the progress line and the bases to try; the comparison is trainers/selection/.
import { counted } from '../../schemas/counted.ts'
import { knownBase, listBases, type Base } from '../../models/bases/base-store.ts'
import { trainingLabels, type Dataset } from '../../trainers/data/dataset.ts'
import type { SelectionRecord } from '../../trainers/runs/selection-record.ts'
import { candidateName, type BaseShape } from '../../trainers/selection/candidate.ts'
import { openCandidate } from '../../trainers/selection/open-candidate.ts'
import { selectMethod, type SelectionProgress } from '../../trainers/selection/select-method.ts'
import { measureSecondsPerStep } from '../../trainers/selection/training-speed.ts'
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
    const base =
      opened.get(name) ??
      pullBase(name, context, stop).catch((error: unknown) => {
        // Another candidate may still have the time to fetch it.
        if (stop.aborted) opened.delete(name)
        throw error
      })
    opened.set(name, base)
    return base
  }
  const bases = await basesToTry(options, paths.store)
  const selection = await selectMethod({
    train,
    seed,
    secondsMax,
    secondsSpent,
    signal,
    bases,
    open: (candidate, shared) =>
      openCandidate(candidate, { ...shared, storeDir: paths.store, maxTokens, workers, openBase }),
    measureStep: async () => {
      terminal.progress('measuring the speed of training')
      const base = await openBase(bases[0]!.name, signal)
      const labels = trainingLabels(train)
      const shared = { train, labels, seed, maxTokens, workers, signal }
      return measureSecondsPerStep({ ...shared, base, storeDir: paths.store })
    },
    onProgress: (progress) => terminal.progress(progressText(progress)),
  })
  terminal.progressDone()
  terminal.say(selectionText(selection, terminal.style))
  const { finalSeconds, examples } = selection
  if (finalSeconds !== null) {
    const time = durationText(1_000 * Math.ceil(finalSeconds))
    terminal.say(`Training it on ${counted(examples, 'text')} takes about ${time}.`)
  }
  terminal.say()
  return selection
}

/** The base that was asked for, or all that are known, the default first. */
async function basesToTry(
  { base, baseDefault, maxTokens = 0 }: AutoMethodOptions,
  storeDir: string,
): Promise<BaseShape[]> {
  const wanted = await knownBase({ name: base ?? baseDefault, storeDir })
  const listed = await listBases({ storeDir })
  const isFirst = ({ name }: { name: string }): boolean => name === wanted.name
  const tried =
    base === undefined
      ? listed.toSorted((a, b) => Number(isFirst(b)) - Number(isFirst(a)))
      : listed.filter(isFirst)
  const shapes = await Promise.all(
    tried.map(async ({ name, state }) => {
      const { layers, hidden, positions } = await knownBase({ name, storeDir })
      // Every training fetches the default, so that it counts as stored.
      const isStored = state === 'present' || name === wanted.name
      return { name, layers, hidden, positions, isStored }
    }),
  )
  return shapes.filter(({ positions }) => positions >= maxTokens)
}

function progressText(progress: SelectionProgress): string {
  const { number, candidates, candidate, fold, folds, secondsLeft, training } = progress
  const name = candidateName({ method: candidate.method, base: candidate.base.name })
  const place = fold === undefined ? name : `${name}, fold ${fold} of ${folds}`
  const left = durationText(1_000 * Math.max(0, Math.round(secondsLeft)))
  const text = trainingProgressText(training)
  return `candidate ${number} of ${candidates} (${place}), ${left} left in all: ${text}`
}
