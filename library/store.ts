// The model store for programs: versions of models, and the runs that made them. models/store/ and
// trainers/tracking/ read the files; the commands `models` and `runs` show the same.
import type { ModelVersion } from '../models/store/version-files.ts'
import { listVersions, openVersion, type VersionListing } from '../models/store/version-store.ts'
import { WinnowError } from '../schemas/errors.ts'
import { compareRuns, type RunComparison } from '../trainers/tracking/compare-runs.ts'
import { findRun, readableRun, readRuns } from '../trainers/tracking/run-store.ts'
import type { ListedRun, RunKind, TrackedRun } from '../trainers/tracking/tracked-run.ts'
import { resolveContext, type WinnowOptions } from './context.ts'

/** The model store in a folder. It holds nothing open, so there is nothing to close. */
export type ModelStore = {
  /** The folder. */
  readonly dir: string
  /** The versions of all models, or of one, by name, oldest first; files are not checked. */
  versions(filter?: { readonly name?: string }): Promise<VersionListing[]>
  /**
   * The version that `ref` means (NAME, NAME@VERSION or NAME@champion), after checking the hashes
   * of its files. Throws `model_not_found`, which lists what exists, or `model_corrupt`.
   */
  version(ref: string): Promise<ModelVersion>
  /** The runs of train, cv and tune, newest first. */
  runs(filter?: { readonly name?: string; readonly kind?: RunKind }): Promise<ListedRun[]>
  /** One run, by its name or the start of it. Throws `not_found`; `usage` if several start so. */
  run(name: string): Promise<ListedRun>
  /** The second run beside the first. Throws as `run`, and `usage` for a damaged run. */
  compareRuns(first: string, second: string): Promise<RunComparison>
}

/**
 * Opens the model store.
 *
 * @example
 * const store = await openStore()
 * for (const { run, metrics } of await store.runs({ name: 'tickets' })) console.log(run, metrics)
 */
export async function openStore(options: WinnowOptions = {}): Promise<ModelStore> {
  const { paths } = await resolveContext(options)
  const dir = paths.store
  return {
    dir,
    versions: ({ name } = {}) => listVersions({ storeDir: dir, name }),
    version: (ref) => openVersion({ ref, storeDir: dir }),
    runs: async (filter = {}) => (await readRuns(dir)).filter((run) => matches(run, filter)),
    run: async (name) => findRun(await readRuns(dir), name),
    compareRuns: async (first, second) => (await comparedRuns(dir, first, second)).comparison,
  }
}

/** Whether a run has the name and the kind that are asked for. */
export function matches(
  run: ListedRun,
  { name, kind }: { readonly name?: string | undefined; readonly kind?: RunKind | undefined },
): boolean {
  return (
    (name === undefined || run.name === name) &&
    (kind === undefined || (run.state !== 'damaged' && run.kind === kind))
  )
}

/** Two runs by their names, compared, with the first for what is shown of it. */
export async function comparedRuns(
  storeDir: string,
  firstName: string,
  secondName: string,
): Promise<{ comparison: RunComparison; first: TrackedRun }> {
  const all = await readRuns(storeDir)
  const first = readableRun(findRun(all, firstName))
  const second = readableRun(findRun(all, secondName))
  if (first.run === second.run) {
    throw new WinnowError('usage', `Both are the run ${first.run}; name two runs.`)
  }
  return { comparison: await compareRuns(storeDir, { first, second }), first }
}
