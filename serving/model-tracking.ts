// Keeps MLflow's registered models in step with winnow.models: each change of a model's state is
// sent in the background. A failure never fails the change of state; `winnow runs sync`
// repairs it.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../configs/schema.ts'
import { createMlflow, type Mlflow } from '../infra/mlflow/mlflow.ts'
import { modelDir, readManifest } from '../models/store/version-files.ts'
import { errorMessage } from '../schemas/errors.ts'
import type { ModelAnnouncement } from '../schemas/model-announcement.ts'
import { notePublished, syncModel } from '../trainers/tracking/registered-models.ts'
import { readOneRun } from '../trainers/tracking/run-store.ts'
import { syncStoredRun } from '../trainers/tracking/sync-stored-run.ts'

/** The tracking of models; the caller closes it. */
export type ModelTracking = {
  /** Takes a state that was announced; returns at once. */
  changed: (state: ModelAnnouncement) => void
  /** Waits for what is being sent, at most tracking.mlflow.endMsMax. */
  close: () => Promise<void>
}

/** Starts the tracking of models; without tracking.mlflow.url it does nothing. */
export function trackModels(options: {
  readonly config: Config['tracking']['mlflow']
  readonly storeDir: string
  readonly log: (line: string) => void
}): ModelTracking {
  const { config, storeDir, log } = options
  const { url, ...connection } = config
  if (url === undefined) return { changed: () => undefined, close: () => Promise.resolve() }
  const stopping = new AbortController()
  const { signal } = stopping
  const mlflow = createMlflow({ ...connection, url }, { tries: 1, signal })
  let noting: Promise<void> = Promise.resolve()
  let sending: Promise<void> = Promise.resolve()
  const send = async (state: ModelAnnouncement): Promise<void> => {
    const { name } = state
    try {
      if (signal.aborted) throw new Error('the process ends')
      await sendRunOf(mlflow, { state, storeDir, config })
      await syncModel(mlflow, { storeDir, name, signal })
    } catch (error) {
      const why = signal.aborted
        ? `no answer within ${config.endMsMax / 1_000} s`
        : errorMessage(error)
      log(`MLflow does not have the change of ${name} yet (${why}); \`winnow runs sync\` sends it`)
    }
  }
  return {
    changed(state) {
      // One after the other, so that the last state is the one that stays. A note does not wait
      // for the server, so that a later sync knows of every change.
      noting = noting
        .then(() => note(storeDir, state))
        .catch((error: unknown) => {
          log(`MLflow will not have the change of ${state.name}: ${errorMessage(error)}`)
        })
      const noted = noting
      sending = sending.then(() => noted).then(() => send(state))
    },
    async close() {
      const over = new AbortController()
      const timer = sleep(config.endMsMax, undefined, { signal: over.signal }).then(
        () => stopping.abort(),
        () => undefined,
      )
      await Promise.race([sending, timer])
      over.abort()
      // Requests end with the signal; what they leave is a file of a few bytes.
      await sending
    },
  }
}

function note(storeDir: string, { name, versions }: ModelAnnouncement): Promise<void> {
  const published = versions.map(({ version, url }): [string, string] => [version, url])
  return notePublished({ storeDir, name }, Object.fromEntries(published))
}

/** The run that made the version, so that the server can link the two. */
async function sendRunOf(
  mlflow: Mlflow,
  {
    state: { name, version },
    storeDir,
    config,
  }: {
    state: ModelAnnouncement
    storeDir: string
    config: Config['tracking']['mlflow']
  },
): Promise<void> {
  const dir = join(modelDir(storeDir, name), version)
  const run = (await readManifest(dir).catch(() => undefined))?.trainingRun ?? null
  if (run === null) return
  const tracked = await readOneRun(storeDir, run).catch(() => undefined)
  if (tracked !== undefined) await syncStoredRun(mlflow, { run: tracked, storeDir, config })
}
