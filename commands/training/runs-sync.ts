// `winnow runs sync`: sends finished runs to the MLflow server of tracking.mlflow.url.
import type { Command } from 'commander'
import { createMlflow } from '../../infra/mlflow/mlflow.ts'
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { findRun, readRuns } from '../../trainers/tracking/run-store.ts'
import { syncRun } from '../../trainers/tracking/sync-runs.ts'
import type { ListedRun } from '../../trainers/tracking/tracked-run.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import { addCommand } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'

/** Adds `runs sync`. */
export function addSyncCommand(runs: Command): void {
  addCommand(runs, {
    name: 'sync [run]',
    summary: 'send finished runs to MLflow',
    description:
      'Sends all finished runs, or one, to the MLflow server of tracking.mlflow.url: parameters, metrics and\n' +
      'the list of files, with a nested run for each fold and trial. The experiment has the name of the\n' +
      'model. What was sent before is not sent again, so that a sync that was stopped can be repeated.',
    examples: [
      'winnow runs sync --set tracking.mlflow.url=http://127.0.0.1:5000',
      'winnow runs sync 20260131T120501-mail-1f9c2e --json',
    ],
  }).action(async (name: string | undefined, options: SharedOptions) => {
    const { config, terminal, paths } = await openContext(options)
    const { url, ...connection } = config.tracking.mlflow
    if (url === undefined) {
      const message =
        'There is no MLflow server to send runs to: set tracking.mlflow.url (WINNOW_TRACKING_MLFLOW_URL).'
      throw new WinnowError('usage', message)
    }
    const mlflow = createMlflow({ ...connection, url })
    const all = await readRuns(paths.store)
    const chosen = name === undefined ? all : [findRun(all, name)]
    const sent: string[] = []
    const unchanged: string[] = []
    const left = chosen.filter(({ state }) => state !== 'finished')
    await untilStopped(async (signal) => {
      for (const run of oldestFirst(chosen)) {
        if (run.state !== 'finished') continue
        if (signal.aborted) throw new WinnowError('cancelled', 'The sync was cancelled; repeat it.')
        terminal.progress(`sending ${run.run}`)
        const { kind } = await syncRun(mlflow, run)
        if (kind === 'sent') sent.push(run.run)
        else unchanged.push(run.run)
      }
    })
    terminal.progressDone()
    const parts = [`${counted(sent.length, 'run')} sent to ${mlflow.url}`]
    if (unchanged.length > 0) parts.push(`${unchanged.length} sent before`)
    if (left.length > 0) parts.push(`${left.length} unfinished or damaged left out`)
    terminal.say(parts.join(', '))
    terminal.document({ url: mlflow.url, sent, unchanged, left: left.map(({ run }) => run) })
  })
}

/** So that a server that lists by the time of arrival has the newest on top. */
function oldestFirst(runs: readonly ListedRun[]): ListedRun[] {
  return runs.toReversed()
}
