// Writes the row of training_runs for every training run, published or not. The run itself is
// already on disk: an unreachable ClickHouse costs the row and a line that says so.
import { defaultClickhouseUrl, type Config } from '../configs/schema.ts'
import { createAnalytics } from '../infra/clickhouse/clickhouse.ts'
import { insertTrainingRun } from '../infra/sinks/release-rows.ts'
import { readManifest } from '../models/store/version-files.ts'
import { WinnowError, errorMessage } from '../schemas/errors.ts'
import { readRunRecord } from '../trainers/runs/run-record.ts'
import type { CommandContext } from './command-context.ts'
import { logLine } from './terminal.ts'

const waitMsMax = 3_000

/** Writes the row of a finished run, once however often it is called; never fails. */
export async function recordTrainingRun(
  { config, paths }: CommandContext,
  trained: { readonly run: string; readonly modelDir: string },
): Promise<void> {
  const requestMsMax = Math.min(waitMsMax, config.clickhouse.requestMsMax)
  const analytics = createAnalytics({ ...config.clickhouse, requestMsMax })
  try {
    const record = await readRunRecord(paths.store, trained.run)
    if (record === undefined) return
    await insertTrainingRun(analytics, record, await readManifest(trained.modelDir))
  } catch (error) {
    if (isUnused(config, error)) return
    logLine(
      `the run has no row in training_runs (${errorMessage(error)}); all of it is in ` +
        `${paths.store}/runs/${trained.run}/run.json`,
    )
  } finally {
    await analytics.close()
  }
}

/** Whether no ClickHouse is in use: none is configured, and the embedded one is stopped. */
function isUnused({ clickhouse }: Config, error: unknown): boolean {
  const isAway = error instanceof WinnowError && error.code === 'analytics_unavailable'
  return isAway && clickhouse.url === defaultClickhouseUrl
}
