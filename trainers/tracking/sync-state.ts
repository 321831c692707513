// What of a run an MLflow server has, as mlflow.json in the run's folder. With it, a later sync
// sends the rest and nothing twice. If the file is lost, the server is asked which runs it has.
import { access, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { readIfThere } from '../../models/runtime/whole-file.ts'

/** The name of the file in a run's folder. */
export const syncStateFile = 'mlflow.json'

/** The lock of the process that sends the run. */
export function syncLockPath(dir: string): string {
  return join(dir, 'mlflow.lock')
}

/** Whether the run was ever sent to a server, or was going to be. */
export function wasBegun(dir: string): Promise<boolean> {
  return access(join(dir, syncStateFile)).then(
    () => true,
    () => false,
  )
}

const sentRunSchema = z.object({
  runId: z.string(),
  artifactUri: z.string(),
  /** Hashes of the parameters and tags that were sent. */
  params: z.string(),
  tags: z.string(),
  datasets: z.string(),
  /** The steps of each metric that were sent; of a curve that only grows, the last one. */
  metrics: z.record(z.string(), z.union([z.number(), z.array(z.number())])),
  status: z.string(),
})

const syncStateSchema = z.object({
  formatVersion: z.literal(2),
  /** Of the server; on another one, everything is new. */
  url: z.string(),
  experimentId: z.string().optional(),
  /** The run itself under its name, folds and trials as `RUN#STEP`. */
  runs: z.record(z.string(), sentRunSchema),
  /** The artifacts that were uploaded: by path, what tells a changed one. */
  artifacts: z.record(z.string(), z.string()),
})

/** A run, fold or trial on the server. */
export type SentRun = z.output<typeof sentRunSchema>

/** What the server has of a run with its folds or trials. */
export type SyncState = z.output<typeof syncStateSchema>

/** The state of a run with a server; empty if nothing was sent to it. */
export async function readSyncState(dir: string, url: string): Promise<SyncState> {
  const text = await readIfThere(join(dir, syncStateFile))
  const state = text === undefined ? undefined : stateIn(text)
  if (state?.url === url) return state
  return { formatVersion: 2, url, runs: {}, artifacts: {} }
}

/**
 * Writes the state; the caller is the only one that syncs the run. It does not wait for the disk,
 * because the server knows the same if the machine crashes.
 */
export async function writeSyncState(dir: string, state: SyncState): Promise<void> {
  const path = join(dir, syncStateFile)
  await writeFile(`${path}.new`, `${JSON.stringify(state, null, 2)}\n`)
  await rename(`${path}.new`, path)
}

function stateIn(text: string): SyncState | undefined {
  try {
    return syncStateSchema.parse(JSON.parse(text))
  } catch {
    return undefined // Damaged, or of an earlier release: the server is asked instead.
  }
}
