// Writes the row of training_runs for every training run and cross-validation. The run itself is
// already on disk: an unreachable ClickHouse costs the row and a line that says so.
import { defaultClickhouseUrl, type Config } from '../configs/schema.ts'
import { createAnalytics, type Analytics } from '../infra/clickhouse/clickhouse.ts'
import { insertTrainingRun } from '../infra/sinks/release-rows.ts'
import { readManifest } from '../models/store/version-files.ts'
import { WinnowError, errorMessage } from '../schemas/errors.ts'
import type { CrossValidated } from '../trainers/cross-validation/cv-record.ts'
import { readRunRecord } from '../trainers/runs/run-record.ts'
import type { Context } from './context.ts'

const waitMsMax = 3_000

/** Writes the row of a finished run, once however often it is called; never fails. */
export async function recordTrainingRun(
  context: Context,
  trained: { readonly run: string; readonly modelDir: string },
): Promise<void> {
  const file = `runs/${trained.run}/run.json`
  await insertRow(context, file, async (analytics) => {
    const record = await readRunRecord(context.paths.store, trained.run)
    if (record === undefined) return
    await insertTrainingRun(analytics, record, await readManifest(trained.modelDir))
  })
}

/**
 * Writes the row of a cross-validation, whose metrics are the means over its folds; never fails.
 */
export async function recordCvRun(
  context: Context,
  cv: CrossValidated & { readonly name: string },
): Promise<void> {
  await insertRow(context, `runs/${cv.run}/cv.json`, async (analytics) => {
    const { sha256, group, ...folds } = cv.foldPlan
    const parameters = {
      ...cv.parameters,
      ...folds,
      group: group ?? undefined,
      foldsSha256: sha256,
    }
    const run = { ...cv, kind: 'cv' as const, parameters, evaluation: cv.mean }
    // It made no version.
    await insertTrainingRun(analytics, run, { name: cv.name, version: '', graphSha256: '' })
  })
}

async function insertRow(
  { config, paths, note }: Context,
  file: string,
  insert: (analytics: Analytics) => Promise<void>,
): Promise<void> {
  const requestMsMax = Math.min(waitMsMax, config.clickhouse.requestMsMax)
  const analytics = createAnalytics({ ...config.clickhouse, requestMsMax })
  try {
    await insert(analytics)
  } catch (error) {
    if (isUnused(config, error)) return
    note(
      `the run has no row in training_runs (${errorMessage(error)}); all of it is in ` +
        `${paths.store}/${file}`,
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
