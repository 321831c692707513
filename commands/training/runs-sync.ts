// `winnow runs sync`: sends to the MLflow server of tracking.mlflow.url what it lacks of runs and
// registered models.
import type { Command } from 'commander'
import { createMlflow, type Mlflow } from '../../infra/mlflow/mlflow.ts'
import { modelNames } from '../../models/store/version-files.ts'
import { counted } from '../../schemas/counted.ts'
import { errorMessage, WinnowError } from '../../schemas/errors.ts'
import { syncModel } from '../../trainers/tracking/registered-models.ts'
import { findRun, readRuns } from '../../trainers/tracking/run-store.ts'
import { syncStoredRun } from '../../trainers/tracking/sync-stored-run.ts'
import type { ListedRun } from '../../trainers/tracking/tracked-run.ts'
import { openContext, type CommandContext, type SharedOptions } from '../command-context.ts'
import { addCommand } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { logLine } from '../terminal.ts'

/** Adds `runs sync`. */
export function addSyncCommand(runs: Command): void {
  addCommand(runs, {
    name: 'sync [run]',
    summary: 'send runs and models to MLflow',
    description:
      'Sends to the MLflow server of tracking.mlflow.url what it does not have yet: of all runs, or of one,\n' +
      'parameters, metrics, tags and artifacts, with a nested run for each fold and trial; and of models the\n' +
      'versions and the aliases champion and challenger. Runs are sent while they go on as well, so that a\n' +
      'sync is needed only for runs from before, and after the server was away. Nothing is sent twice.',
    examples: [
      'winnow runs sync --set tracking.mlflow.url=http://127.0.0.1:5000',
      'winnow runs sync 20260131T120501-mail-1f9c2e --json',
    ],
  }).action(async (name: string | undefined, options: SharedOptions) => {
    const context = await openContext(options)
    const { terminal, paths } = context
    const { url, ...connection } = context.config.tracking.mlflow
    if (url === undefined) {
      const message =
        'There is no MLflow server to send runs to: set tracking.mlflow.url (WINNOW_TRACKING_MLFLOW_URL).'
      throw new WinnowError('usage', message)
    }
    const mlflow = createMlflow({ ...connection, url })
    const all = await readRuns(paths.store)
    const chosen = name === undefined ? all : [findRun(all, name)]
    const runsDone = await untilStopped((signal) =>
      syncRuns(context, { mlflow, runs: chosen, signal }),
    )
    const models = name === undefined ? await syncModels(mlflow, paths.store) : []
    const done = { ...runsDone, models }
    terminal.progressDone()
    terminal.say(doneText(done, mlflow.url))
    terminal.document({ url: mlflow.url, ...done })
    requireAllSent(done)
  })
}

/** What a sync did, by the names of runs. */
type Done = {
  readonly sent: string[]
  /** The server had all of them. */
  readonly unchanged: string[]
  /** Unfinished or damaged, or another process sends them. */
  readonly left: string[]
  readonly failed: { readonly run: string; readonly reason: string }[]
}

async function syncRuns(
  { terminal, config, paths }: CommandContext,
  { mlflow, runs, signal }: { mlflow: Mlflow; runs: readonly ListedRun[]; signal: AbortSignal },
): Promise<Done> {
  const done: Done = { sent: [], unchanged: [], left: [], failed: [] }
  // Oldest first, so that a server that lists by the time of arrival has the newest on top.
  for (const run of runs.toReversed()) {
    if (signal.aborted) throw new WinnowError('cancelled', 'The sync was cancelled; repeat it.')
    terminal.progress(`sending ${run.run}`)
    const outcome = await syncStoredRun(mlflow, {
      run,
      storeDir: paths.store,
      config: config.tracking.mlflow,
    }).catch((error: unknown) => {
      // A run that the server refuses, for example because it was deleted there.
      if (!(error instanceof WinnowError) || error.code !== 'tracking_refused') throw error
      done.failed.push({ run: run.run, reason: errorMessage(error) })
      return undefined
    })
    if (outcome === undefined) continue
    if (outcome === 'left') {
      done.left.push(run.run)
      continue
    }
    done[outcome.kind].push(run.run)
    if (outcome.artifactProblem !== undefined) logLine(`${run.run}: ${outcome.artifactProblem}`)
  }
  return done
}

/** A refusal of everything says more than a list of runs. */
function requireAllSent({ failed, sent, unchanged }: Done): void {
  const [first] = failed
  if (first === undefined) return
  const isNone = sent.length + unchanged.length === 0
  const which = isNone ? 'No run was sent' : `${counted(failed.length, 'run')} could not be sent`
  throw new WinnowError('tracking_refused', `${which}. ${first.run}: ${first.reason}`)
}

/** Registers models after the runs, so that versions can name them. */
async function syncModels(mlflow: Mlflow, storeDir: string): Promise<string[]> {
  const changed: string[] = []
  for (const name of await modelNames(storeDir)) {
    if ((await syncModel(mlflow, { storeDir, name })) === 'sent') changed.push(name)
  }
  return changed
}

function doneText(
  { sent, unchanged, left, failed, models }: Done & { readonly models: readonly string[] },
  url: string,
): string {
  const parts = [`${counted(sent.length, 'run')} sent to ${url}`]
  if (unchanged.length > 0) parts.push(`${unchanged.length} sent before`)
  if (left.length > 0) parts.push(`${left.length} unfinished or damaged left out`)
  if (failed.length > 0) parts.push(`${failed.length} refused`)
  if (models.length > 0)
    parts.push(`${counted(models.length, 'model')} registered: ${models.join(', ')}`)
  return parts.join(', ')
}
