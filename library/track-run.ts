// Follows a run of train, cv or tune while it goes on: writes its course into the run's folder and
// sends it to the MLflow server of tracking.mlflow.url. No failure of tracking reaches the
// training, which waits for it only at the end, and no longer than tracking.mlflow.endMsMax.
import { rm, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../configs/schema.ts'
import { createMlflow, type Mlflow } from '../infra/mlflow/mlflow.ts'
import { deadHolderMs, takeStoreLock } from '../models/store/store-lock.ts'
import { errorMessage, WinnowError } from '../schemas/errors.ts'
import type { TrainingProgress } from '../trainers/cross-validation/fold-training.ts'
import type { RunBegun } from '../trainers/runs/run-record.ts'
import { followRun, type RunFollower } from '../trainers/tracking/follow-run.ts'
import {
  openProgressLog,
  progressFile,
  type EndedStep,
  type ProgressLog,
} from '../trainers/tracking/progress-log.ts'
import { artifactsToSend, tooLargeText } from '../trainers/tracking/run-artifacts.ts'
import { readOneRun } from '../trainers/tracking/run-store.ts'
import { syncLockPath, syncStateFile } from '../trainers/tracking/sync-state.ts'
import { openSession, syncRun, type SyncSession } from '../trainers/tracking/sync-runs.ts'
import type { RunKind } from '../trainers/tracking/tracked-run.ts'
import type { Context } from './context.ts'

/** What a command tells of its run; none of it waits or throws. */
export type RunTracker = {
  readonly begin: (begun: RunBegun) => void
  /** Progress of the training, or of the one in a fold or trial. */
  readonly training: (progress: TrainingProgress, within?: string) => void
  /** A fold or trial begins or ends. */
  readonly beginStep: (step: string) => void
  readonly endStep: (step: string, ended?: Omit<EndedStep, 'at' | 'step'>) => void
  /** A file that the run wrote outside of its folder. */
  readonly wroteFile: (path: string) => void
}

/** Tracks what `work` does. The run is over when `work` is, and failed if it throws. */
export async function trackRun<Result>(
  context: Context,
  { kind, tune }: { readonly kind: RunKind; readonly tune?: string | undefined },
  work: (tracker: RunTracker) => Promise<Result>,
): Promise<Result> {
  const tracked = createTracked(context, { kind, tune })
  let result: Result
  try {
    result = await work(tracked.tracker)
  } catch (error) {
    await tracked.end(error)
    throw error
  }
  await tracked.end()
  return result
}

/** How many points of a training are kept: of a run by itself, and within a fold or trial. */
const pointsOfTraining = 250
const pointsWithin = 50

type Tracked = {
  readonly tracker: RunTracker
  /** Never throws. */
  readonly end: (error?: unknown) => Promise<void>
}

function createTracked(
  context: Context,
  { kind, tune }: { readonly kind: RunKind; readonly tune?: string | undefined },
): Tracked {
  const { url, ...connection } = context.config.tracking.mlflow
  let log: ProgressLog | undefined
  let sending: Sending | undefined
  const add: ProgressLog['add'] = (line) => {
    log?.add(line)
    sending?.follower.changed()
  }
  const tracker: RunTracker = {
    begin(begun) {
      if (log !== undefined) return
      const dir = join(context.paths.store, 'runs', begun.run)
      try {
        const folder = url === undefined ? 'awaited' : 'created'
        log = openProgressLog(dir, { ...begun, kind }, { folder })
      } catch (error) {
        context.note(`the course of ${begun.run} is not written down: ${errorMessage(error)}`)
        return
      }
      if (url === undefined) return
      sending = startSending(context, { ...connection, url, run: begun.run, tune, dir, log })
      sending.follower.changed()
    },
    training(progress, within) {
      const point = pointOf(progress, within === undefined ? pointsOfTraining : pointsWithin)
      if (point !== undefined) add({ event: 'point', within, ...point })
    },
    beginStep: (step) => add({ event: 'begun', step }),
    endStep: (step, ended) => add({ event: 'ended', step, ...ended }),
    wroteFile: (path) => add({ event: 'file', path }),
  }
  return {
    tracker,
    async end(error) {
      if (log === undefined) return
      if (error !== undefined) {
        const isCancelled = error instanceof WinnowError && error.code === 'cancelled'
        const state = isCancelled ? 'cancelled' : 'failed'
        log.add({ event: 'stopped', state, error: errorMessage(error) })
      }
      await log.flush()
      const isSent = (await sending?.end()) ?? true
      if (error !== undefined && isSent && log.progress.start !== undefined) {
        await removeRemnant(join(context.paths.store, 'runs', log.progress.start.run))
      }
    },
  }
}

/** What a training tells at a step, if this is one of the steps that are kept. */
function pointOf(
  progress: TrainingProgress,
  pointsMax: number,
): { series: 'step' | 'epoch'; step: number; metrics: Record<string, number> } | undefined {
  if (progress.kind === 'epoch') {
    const { epoch, ...scores } = progress
    const metrics = Object.entries(scores).filter(
      (entry): entry is [string, number] => typeof entry[1] === 'number',
    )
    return { series: 'epoch', step: epoch, metrics: Object.fromEntries(metrics) }
  }
  if (progress.kind !== 'step') return undefined
  const { step, steps, loss, tokensPerSecond } = progress
  const isKept = step === 1 || step === steps || step % Math.ceil(steps / pointsMax) === 0
  return isKept ? { series: 'step', step, metrics: { loss, tokensPerSecond } } : undefined
}

type Sending = {
  readonly follower: RunFollower
  /** Whether the server has everything. */
  readonly end: () => Promise<boolean>
}

type SendingOptions = Config['tracking']['mlflow'] & {
  readonly url: string
  readonly run: string
  readonly tune: string | undefined
  readonly dir: string
  readonly log: ProgressLog
}

function startSending(
  context: Context,
  { run: name, tune, dir, log, ...server }: SendingOptions,
): Sending {
  let release: (() => Promise<void>) | undefined
  let session: SyncSession | undefined
  let mlflow: Mlflow | undefined
  let isOver = false
  let page = ''
  let problem: string | undefined
  const sync = async (signal: AbortSignal): Promise<void> => {
    release ??= await lockSync(dir, signal)
    mlflow ??= createMlflow(server, { tries: 1, signal })
    const run = await readOneRun(context.paths.store, name, { tune })
    session ??= await openSession(mlflow, run)
    const { progress } = log
    const found = isOver
      ? await artifactsToSend(run, { storeDir: context.paths.store, progress, config: server })
      : { artifacts: [], tooLarge: [] }
    const { artifacts } = found
    const course = { progress, isRunning: !isOver }
    const outcome = await syncRun(mlflow, session, { ...course, run, artifacts })
    page = outcome.page
    problem = outcome.artifactProblem ?? tooLargeText(found) ?? problem
  }
  const follower = followRun({ sync })
  return {
    follower,
    async end() {
      isOver = true
      const ended = await follower.close({ withinMs: server.endMsMax })
      await release?.().catch(() => undefined)
      if (ended.kind === 'sent') {
        // The page of a tune names the run of its winner.
        if (tune === undefined) context.note(`MLflow: ${page}`)
        if (problem !== undefined) context.note(`MLflow: ${problem}`)
        return true
      }
      context.note(
        `MLflow does not have all of ${name} yet (${ended.reason}); ` +
          '`winnow runs sync` sends the rest',
      )
      return false
    },
  }
}

/** Makes this process the one that sends the run; waits for one that was killed. */
async function lockSync(dir: string, signal: AbortSignal): Promise<() => Promise<void>> {
  const path = syncLockPath(dir)
  const release = await takeStoreLock({ path, waitMsMax: deadHolderMs, signal })
  if (!signal.aborted) return release
  await release()
  throw new WinnowError('cancelled', 'The run is over.')
}

/** Removes the folder of a run that stopped with nothing to resume, once the server knows. */
async function removeRemnant(dir: string): Promise<void> {
  const own = new Set([progressFile, syncStateFile])
  const files = await readdir(dir).catch(() => ['gone'])
  if (files.every((file) => own.has(file))) await rm(dir, { recursive: true, force: true })
}
