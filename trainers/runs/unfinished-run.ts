// The folder of a run from its start to its end: what it was started with, so that it can go on
// after a kill, and its checkpoint, which goes when it is done. What came of it is run-record.ts.
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readIfThere, writeWhole } from '../../models/runtime/whole-file.ts'
import { WinnowError } from '../../schemas/errors.ts'

/** What a run was started with. */
export type RunStart = {
  readonly formatVersion: 1
  readonly run: string
  /** Of the model. */
  readonly name: string
  /** RFC 3339, UTC. */
  readonly started: string
  /** Hashes of all that the result depends on, by the name to show when one differs. */
  readonly identity: Readonly<Record<string, string>>
  /** What the caller needs to ask for the same run again, as JSON. */
  readonly request: Readonly<Record<string, unknown>>
}

const startFile = 'start.json'

/** Where a run's checkpoint is. */
export function checkpointPath(storeDir: string, run: string): string {
  return join(storeDir, 'runs', run, 'checkpoint')
}

/** Whether the run has got as far as a checkpoint. */
export function hasCheckpoint(storeDir: string, run: string): boolean {
  return existsSync(checkpointPath(storeDir, run))
}

/** Makes the run's folder. */
export async function writeRunStart(storeDir: string, start: RunStart): Promise<void> {
  const dir = join(storeDir, 'runs', start.run)
  await mkdir(dir, { recursive: true })
  await writeWhole(join(dir, startFile), `${JSON.stringify(start, null, 2)}\n`)
}

/** Removes what only an unfinished run needs. */
export async function removeCheckpoint(storeDir: string, run: string): Promise<void> {
  const path = checkpointPath(storeDir, run)
  await rm(path, { force: true })
  await rm(`${path}.part`, { force: true })
}

/**
 * Finds a run that has not ended: the one that is named, or the latest of a model.
 *
 * @throws WinnowError `resume_refused` when there is none, or it is finished.
 */
export async function findUnfinishedRun(
  storeDir: string,
  which: { readonly run: string } | { readonly name: string },
): Promise<RunStart> {
  const names = await readdir(join(storeDir, 'runs')).catch(() => [])
  const asked = 'run' in which ? names.filter((run) => run === which.run) : names
  // Names of runs sort by time.
  for (const run of asked.sort().reverse()) {
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
  // Written whole by writeRunStart.
  return text === undefined ? undefined : (JSON.parse(text) as RunStart)
}
