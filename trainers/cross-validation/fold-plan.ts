// What a run says of its folds, and how another run can tell whether it has the same.
import { hash } from 'node:crypto'
import type { DataManifest } from '../data/dataset.ts'
import type { Fold, FoldOptions } from './folds.ts'

/** Which folds there were; two runs with one hash can be compared fold by fold. */
export type FoldPlan = Required<Pick<FoldOptions, 'folds' | 'seed' | 'repeats' | 'byTime'>> & {
  readonly group: string | null
  /** Of the data set and of the examples in each fold. */
  readonly sha256: string
}

/** Describes the folds of a data set. */
export function describePlan(
  plan: readonly Fold[],
  options: FoldOptions & { readonly manifest: DataManifest },
): FoldPlan {
  const { folds, repeats = 1, seed, group = null, byTime = false } = options
  const parts = plan.map(({ train, test }) => [[...train], [...test]])
  const content = JSON.stringify([options.manifest.sha256, parts])
  return { folds, repeats, seed, group, byTime, sha256: hash('sha256', content) }
}
