// Writes the rows of training_runs for every run with its folds and trials. The run itself is
// already on disk: an unreachable ClickHouse costs the row and a line that says so.
import { defaultClickhouseUrl, type Config } from '../configs/schema.ts'
import { createAnalytics, type Analytics } from '../infra/clickhouse/clickhouse.ts'
import { insertTrainingRun } from '../infra/sinks/release-rows.ts'
import { readManifest } from '../models/store/version-files.ts'
import { WinnowError, errorMessage } from '../schemas/errors.ts'
import type { CrossValidated } from '../trainers/cross-validation/cv-record.ts'
import { readRunRecord } from '../trainers/runs/run-record.ts'
import { readProgress } from '../trainers/tracking/progress-log.ts'
import { cvRows, trainingRow, tuneRows } from '../trainers/tracking/run-rows.ts'
import { readOneRun } from '../trainers/tracking/run-store.ts'
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
    const model = await readManifest(trained.modelDir)
    await insertTrainingRun(analytics, trainingRow(record), { model })
  })
}

/** Writes the rows of a cross-validation and its folds; never fails. */
export async function recordCvRun(
  context: Context,
  cv: CrossValidated & { readonly name: string },
): Promise<void> {
  await insertRow(context, `runs/${cv.run}/cv.json`, async (analytics) => {
    const { run, parts } = cvRows(cv, { progress: await readProgress(cv.runDir) })
    // It made no version.
    const model = { name: cv.name, version: '', graphSha256: '' }
    await insertTrainingRun(analytics, run, { model, parts })
  })
}

/** Writes the rows of a tune and its trials; never fails. */
export async function recordTuneRun(
  context: Context,
  tune: { readonly run: string; readonly name: string; readonly trained: TrainedVersion },
): Promise<void> {
  await insertRow(context, `runs/${tune.run}/trials.jsonl`, async (analytics) => {
    const { dataManifest, modelDir } = tune.trained
    const tracked = await readOneRun(context.paths.store, tune.run)
    const progress = await readProgress(tracked.dir)
    const { run, parts } = tuneRows(tracked, { progress, dataManifest })
    const model = await readManifest(modelDir)
    await insertTrainingRun(analytics, run, { model, parts })
  })
}

type TrainedVersion = { readonly modelDir: string; readonly dataManifest: object }

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
