// Sends one run of the store that no process works on.
import type { Config } from '../../configs/schema.ts'
import type { Mlflow } from '../../infra/mlflow/mlflow.ts'
import { withStoreLock } from '../../models/store/store-lock.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { readProgress } from './progress-log.ts'
import { artifactsToSend, tooLargeText } from './run-artifacts.ts'
import { openSession, syncRun, type SyncOutcome } from './sync-runs.ts'
import { syncLockPath, wasBegun } from './sync-state.ts'
import type { ListedRun } from './tracked-run.ts'

/**
 * Sends what the server lacks of a run. `left` means that the run is damaged, that another process
 * sends it, or that it is unfinished and never was on the server: it may be under way.
 *
 * @throws WinnowError `tracking_unavailable`, `tracking_refused`.
 */
export async function syncStoredRun(
  mlflow: Mlflow,
  options: {
    readonly run: ListedRun
    readonly storeDir: string
    readonly config: Config['tracking']['mlflow']
  },
): Promise<SyncOutcome | 'left'> {
  const { run, storeDir, config } = options
  if (run.state === 'damaged') return 'left'
  if (run.state === 'unfinished' && !(await wasBegun(run.dir))) return 'left'
  try {
    return await withStoreLock({ path: syncLockPath(run.dir), waitMsMax: 0 }, async () => {
      const progress = await readProgress(run.dir)
      const found = await artifactsToSend(run, { storeDir, progress, config })
      const session = await openSession(mlflow, run)
      const { artifacts } = found
      const whole = { run, artifacts, progress, isRunning: false }
      const outcome = await syncRun(mlflow, session, whole)
      if (outcome.kind === 'unchanged') return outcome
      return { ...outcome, artifactProblem: outcome.artifactProblem ?? tooLargeText(found) }
    })
  } catch (error) {
    const isHeld = error instanceof WinnowError && error.code === 'deadline_exceeded'
    if (isHeld) return 'left'
    throw error
  }
}
