// The runs of the local model store: all of them with what links them to each other and to model
// versions, one of them by the start of its name, and the removal of one. What a folder says is
// read-run.ts.
import { randomUUID } from 'node:crypto'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isReadOnlyStore } from '../../models/store/read-only-store.ts'
import { listVersions } from '../../models/store/version-store.ts'
import { WinnowError, errorMessage } from '../../schemas/errors.ts'
import { readRun } from './read-run.ts'
import {
  nameIn,
  type DamagedRun,
  type ListedRun,
  type RecordedRun,
  type TrackedRun,
} from './tracked-run.ts'

/** The prefix of folders that are being deleted. */
const removedPrefix = '.removed-'

/**
 * All runs, newest first. One that cannot be read is listed as damaged. `read` is for callers that
 * list again and again (remembered-runs.ts).
 */
export async function readRuns(
  storeDir: string,
  { read = readRun }: { readonly read?: typeof readRun } = {},
): Promise<ListedRun[]> {
  const runsDir = join(storeDir, 'runs')
  const found: (RecordedRun | Omit<DamagedRun, 'versions'>)[] = []
  for (const name of await runFolders(runsDir)) {
    found.push(await readFolder(join(runsDir, name), read))
  }
  const versionsOf = await versionsByRun(storeDir)
  const recorded = found.filter((one) => one.state !== 'damaged')
  const tuneOf = new Map(recorded.map(({ run, trainingRun }) => [trainingRun, run]))
  const byRun = new Map(recorded.map((one) => [one.run, one]))
  return found
    .map((one): ListedRun => {
      const versions = versionsOf.get(one.run) ?? []
      if (one.state === 'damaged') return { ...one, versions }
      return linked({ ...one, versions, tune: tuneOf.get(one.run) ?? null }, byRun)
    })
    .sort((a, b) => runOrder(b).localeCompare(runOrder(a), 'en'))
}

/**
 * Reads one run without a look at the others. `tune` is the one whose winner it trained, if any.
 *
 * @throws Error as readRun does.
 */
export async function readOneRun(
  storeDir: string,
  run: string,
  { tune = null }: { readonly tune?: string | null } = {},
): Promise<TrackedRun> {
  const runsDir = join(storeDir, 'runs')
  const recorded = await readRun(join(runsDir, run))
  const versions = (await versionsByRun(storeDir, recorded.name)).get(run) ?? []
  const { trainingRun } = recorded
  const training = trainingRun === null ? [] : [await readRun(join(runsDir, trainingRun))]
  const byRun = new Map(training.map((one) => [one.run, one]))
  return linked({ ...recorded, tune, versions }, byRun)
}

/**
 * Finds the run whose name starts with `prefix`; a whole name is enough even where others go on.
 *
 * @throws WinnowError `not_found`, or `usage` where several start like it, naming them.
 */
export function findRun(runs: readonly ListedRun[], prefix: string): ListedRun {
  const found = prefix === '' ? [] : runs.filter(({ run }) => run.startsWith(prefix))
  const whole = found.find(({ run }) => run === prefix)
  const [first, second] = found
  if (whole !== undefined) return whole
  if (first === undefined) {
    const hint = runs.length === 0 ? 'There are no runs yet.' : '`winnow runs list` lists them.'
    throw new WinnowError('not_found', `There is no run '${prefix}'. ${hint}`)
  }
  if (second === undefined) return first
  const names = found.slice(0, candidatesShownMax).map(({ run }) => run)
  const more = found.length > names.length ? `, and ${found.length - names.length} more` : ''
  throw new WinnowError(
    'usage',
    `'${prefix}' is the start of ${found.length} runs: ${names.join(', ')}${more}. Give more of the name.`,
    { details: { candidates: names } },
  )
}

const candidatesShownMax = 10

/** A run whose folder could be read. Throws WinnowError `usage` for a damaged one. */
export function readableRun(run: ListedRun): TrackedRun {
  if (run.state !== 'damaged') return run
  throw new WinnowError('usage', `The run ${run.run} is damaged: ${run.reason}.`)
}

/** A file of a run, with its size in bytes. */
export type RunFile = { readonly path: string; readonly bytes: number }

/** The files in a run's folder, sorted by path. */
export async function runFiles(dir: string): Promise<RunFile[]> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true })
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
  const files: RunFile[] = []
  for (const path of paths.sort()) files.push({ path, bytes: (await stat(path)).size })
  return files
}

/**
 * Deletes the folder of a run. Model versions stay as they are. Without `force`, a run stays that a
 * version names or that is unfinished.
 *
 * @throws WinnowError `run_in_use`; `store_refused` for a read-only store.
 */
export async function removeRun(
  run: ListedRun,
  { force }: { force: boolean },
): Promise<{ bytesFreed: number }> {
  const reason = keptBecause(run)
  if (reason !== undefined && !force) {
    throw new WinnowError('run_in_use', `${run.run} stays: ${reason}`, {
      details: { run: run.run, versions: run.versions },
    })
  }
  const files = await runFiles(run.dir)
  const runsDir = join(run.dir, '..')
  try {
    // From here on, no reader finds it, even if this process is killed.
    await rename(run.dir, join(runsDir, `${removedPrefix}${basename(run.dir)}-${randomUUID()}`))
  } catch (error) {
    if (!isReadOnlyStore(error)) throw error
    throw new WinnowError(
      'store_refused',
      `${runsDir} is read-only for this process, so nothing was removed. ` +
        'Run the command where the store is writable.',
      { cause: error, details: { runsDir } },
    )
  }
  await sweep(runsDir)
  return { bytesFreed: files.reduce((sum, { bytes }) => sum + bytes, 0) }
}

function keptBecause(run: ListedRun): string | undefined {
  if (run.versions.length > 0) {
    return (
      `it made ${run.versions.join(', ')}. Without it, \`winnow evaluate\` cannot tell whether texts ` +
      'took part in training. To remove it all the same, add --force; the version stays.'
    )
  }
  if (run.state !== 'unfinished') return undefined
  return (
    `it is unfinished, so it may be running, and --resume can continue it. To remove it all the ` +
    'same, add --force.'
  )
}

/** Deletes removed folders, including those that a killed process left. */
async function sweep(runsDir: string): Promise<void> {
  for (const folder of await readdir(runsDir)) {
    if (folder.startsWith(removedPrefix)) {
      await rm(join(runsDir, folder), { recursive: true, force: true })
    }
  }
}

/** The folders of runs; links and hidden folders are none. */
async function runFolders(runsDir: string): Promise<string[]> {
  try {
    const entries = await readdir(runsDir, { withFileTypes: true })
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

async function readFolder(
  dir: string,
  read: typeof readRun,
): Promise<RecordedRun | Omit<DamagedRun, 'versions'>> {
  try {
    return await read(dir)
  } catch (error) {
    // One damaged run must not hide the others, so it is listed as damaged.
    const run = basename(dir)
    return { run, dir, state: 'damaged', name: nameIn(run), reason: errorMessage(error) }
  }
}

/** The versions that name each run; of one model only, if it is given. */
async function versionsByRun(storeDir: string, name?: string): Promise<Map<string, string[]>> {
  const byRun = new Map<string, string[]>()
  for (const one of await listVersions({ storeDir, name })) {
    const run = one.state === 'readable' ? one.manifest.trainingRun : null
    if (run !== null) byRun.set(run, [...(byRun.get(run) ?? []), `${one.name}@${one.version}`])
  }
  return byRun
}

/** A tune has the data of the training of its winner, and the time of it as well. */
function linked(run: TrackedRun, byRun: ReadonlyMap<string, RecordedRun>): TrackedRun {
  const training = run.trainingRun === null ? undefined : byRun.get(run.trainingRun)
  if (training === undefined) return run
  const seconds = (run.seconds ?? 0) + (training.seconds ?? 0)
  return { ...run, data: training.data, task: training.task, seconds }
}

/** Names of runs start with the time, in a form that sorts as the recorded time without marks. */
export function runOrder(run: ListedRun): string {
  if (run.state === 'damaged') return run.run
  return `${run.started.replace(/[-:]/g, '').slice(0, 15)} ${run.run}`
}
