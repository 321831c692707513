// The files of an unfinished run: what it was started with, so that it can resume after a kill, and
// the path of its checkpoint. run-record.ts is the record of a finished run.
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readIfThere, writeWhole } from '../../models/runtime/whole-file.ts'
import { WinnowError } from '../../schemas/errors.ts'

/** What a run was started with. */
export type RunStart = {
  readonly formatVersion: 1
  readonly run: string
  /** The name of the model. */
  readonly name: string
  /** RFC 3339, UTC. */
  readonly started: string
  /** The hashes of the run's inputs, by the name that is shown if one differs. */
  readonly identity: Readonly<Record<string, string>>
  /** What the caller needs to request the same run again, as JSON. */
  readonly request: Readonly<Record<string, unknown>>
}

const startFile = 'start.json'

/** The path of a run's checkpoint. */
export function checkpointPath(storeDir: string, run: string): string {
  return join(storeDir, 'runs', run, 'checkpoint')
}

/** Whether the run has written a checkpoint. */
export function hasCheckpoint(storeDir: string, run: string): boolean {
  return existsSync(checkpointPath(storeDir, run))
}

/** Creates the run's folder with the file that it can resume from. */
export async function writeRunStart(storeDir: string, start: RunStart): Promise<void> {
  const dir = join(storeDir, 'runs', start.run)
  await mkdir(dir, { recursive: true })
  await writeWhole(join(dir, startFile), `${JSON.stringify(start, null, 2)}\n`)
}

/** Removes the checkpoint, which only an unfinished run needs. */
export async function removeCheckpoint(storeDir: string, run: string): Promise<void> {
  const path = checkpointPath(storeDir, run)
  await rm(path, { force: true })
  await rm(`${path}.part`, { force: true })
}

/**
 * Finds an unfinished run: the one with the given name, or the latest of a model.
 *
 * @throws WinnowError `resume_refused` if there is none, or the named run is finished.
 */
export async function findUnfinishedRun(
  storeDir: string,
  which: { readonly run: string } | { readonly name: string },
): Promise<RunStart> {
  const names = await readdir(join(storeDir, 'runs')).catch(() => [])
  const candidates = 'run' in which ? names.filter((run) => run === which.run) : names
  // Run names sort by time.
  for (const run of candidates.sort().reverse()) {
    const start = await readRunStart(storeDir, run)
    if (start === undefined || ('name' in which && start.name !== which.name)) continue
    const finished = existsSync(join(storeDir, 'runs', run, 'run.json'))
    if (!finished) return start
    if ('run' in which) {
      const message = `The run ${run} is finished; there is nothing to resume.`
      throw new WinnowError('resume_refused', message, { details: { run } })
    }
  }
  const what = 'run' in which ? `named ${which.run}` : `of the model ${which.name}`
  const message = `There is no unfinished run ${what} in ${join(storeDir, 'runs')}.`
  throw new WinnowError('resume_refused', message, { details: { ...which } })
}

async function readRunStart(storeDir: string, run: string): Promise<RunStart | undefined> {
  const text = await readIfThere(join(storeDir, 'runs', run, startFile))
  // writeRunStart wrote the file atomically.
  return text === undefined ? undefined : (JSON.parse(text) as RunStart)
}
