// The method `auto` of training: which method and base to train, by a comparison in the time that
// is given. It owns the bases to try; the comparison is trainers/selection/.
import { knownBase, listBases, type Base } from '../models/bases/base-store.ts'
import { trainingLabels, type Dataset } from '../trainers/data/dataset.ts'
import type { SelectionRecord } from '../trainers/runs/selection-record.ts'
import type { BaseShape } from '../trainers/selection/candidate.ts'
import { openCandidate } from '../trainers/selection/open-candidate.ts'
import { selectMethod, type SelectionProgress } from '../trainers/selection/select-method.ts'
import { measureSecondsPerStep } from '../trainers/selection/training-speed.ts'
import type { Context, LongWork } from './context.ts'
import { fetchBase, type DownloadProgress } from './fetch-base.ts'
import { methodDefaults } from './training/training-options.ts'

/** How far a comparison is; `chosen` ends it. */
export type ChoiceProgress =
  | DownloadProgress
  | { readonly kind: 'measuring' }
  | ({ readonly kind: 'comparing' } & SelectionProgress)
  | { readonly kind: 'chosen'; readonly selection: SelectionRecord }

/** The time for everything if none is given. */
export const autoMsDefault = 30 * 60_000

/** What the choice depends on. */
export type ChooseMethodOptions = LongWork<ChoiceProgress> & {
  readonly train: Dataset
  /** The only base to try. Default: all that are known. */
  readonly base?: string | undefined
  /** For the comparison and the training that follows. */
  readonly secondsMax: number
  /** What of that is gone. */
  readonly secondsSpent: number
  readonly seed: number
  readonly maxTokens?: number | undefined
  readonly workers: number
}

/**
 * Compares methods and bases, and says which to train and why.
 *
 * @throws WinnowError `dataset_invalid`, `cancelled`, and what training throws.
 */
export async function chooseMethod(
  context: Context,
  options: ChooseMethodOptions,
): Promise<SelectionRecord> {
  const { train, seed, maxTokens, workers, signal, onProgress } = options
  const storeDir = context.paths.store
  const bases = await basesToTry(options, storeDir)
  const openBase = baseOpener(context, options)
  const selection = await selectMethod({
    ...options,
    bases,
    open: (candidate, shared) =>
      openCandidate(candidate, { ...shared, storeDir, maxTokens, workers, openBase }),
    measureStep: async () => {
      onProgress?.({ kind: 'measuring' })
      const base = await openBase(bases[0]!.name, signal)
      const labels = trainingLabels(train)
      const measured = { train, labels, base, storeDir, seed, maxTokens, workers, signal }
      return measureSecondsPerStep(measured)
    },
    onProgress: (progress) => onProgress?.({ kind: 'comparing', ...progress }),
  })
  onProgress?.({ kind: 'chosen', selection })
  return selection
}

/** Opens each base once. */
function baseOpener(
  context: Context,
  { onProgress }: ChooseMethodOptions,
): (name: string, signal: AbortSignal | undefined) => Promise<Base> {
  const opened = new Map<string, Promise<Base>>()
  return (name, signal) => {
    const base =
      opened.get(name) ??
      fetchBase(name, { context, signal, onProgress }).catch((error: unknown) => {
        // Another candidate may still have the time to fetch it.
        if (signal?.aborted === true) opened.delete(name)
        throw error
      })
    opened.set(name, base)
    return base
  }
}

/** The base that was asked for, or those that auto compares, the default first. */
async function basesToTry(
  { base, maxTokens = 0 }: ChooseMethodOptions,
  storeDir: string,
): Promise<BaseShape[]> {
  const first = await knownBase({ name: base ?? methodDefaults.base, storeDir })
  const listed = await listBases({ storeDir })
  const isFirst = ({ name }: { readonly name: string }): boolean => name === first.name
  const tried =
    base === undefined
      ? listed.toSorted((a, b) => Number(isFirst(b)) - Number(isFirst(a)))
      : listed.filter(isFirst)
  const shapes = await Promise.all(
    tried.map(async ({ name, state }) => {
      const { layers, hidden, positions, compared } = await knownBase({ name, storeDir })
      // Every training fetches the default, so that it counts as stored.
      const isStored = state === 'present' || name === first.name
      const isTried = isStored || compared !== 'stored'
      return { name, layers, hidden, positions, isStored, isTried }
    }),
  )
  return shapes.filter(({ positions, isTried }) => isTried && positions >= maxTokens)
}
