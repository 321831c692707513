// Writes model_releases and training_runs: what happened to a model version, and how it was
// trained.
import type { Analytics } from '../clickhouse/clickhouse.ts'
import { seconds } from './classification-rows.ts'

/** Something that happened to a version. */
export type Release = {
  readonly kind: 'publish' | 'promote' | 'swap' | 'refusal' | 'rollback' | 'challenge' | 'shadow'
  readonly model: { readonly name: string; readonly version: string }
  /** A person, the name of an API key, or host and process. */
  readonly by: string
  readonly reason: string
}

/** A finished training run, or a cross-validation, as its record describes it. */
export type FinishedRun = {
  readonly run: string
  /** Default `train`. */
  readonly kind?: 'train' | 'cv' | undefined
  readonly method: string
  readonly started: string
  readonly seconds: number
  readonly parameters: Readonly<Record<string, unknown>>
  readonly dataManifest: object
  readonly evaluation: object
}

/** Adds a row of model_releases with the current time. */
export function insertRelease(analytics: Analytics, release: Release): Promise<void> {
  const { kind, model, by, reason } = release
  const at = seconds(Date.now())
  return analytics.insert('model_releases', {
    columns: ['at', 'kind', 'model', 'version', 'by', 'reason'],
    values: [[at, kind, model.name, model.version, by, reason]],
    token: `${kind}-${model.name}@${model.version}-${by}-${at}`,
  })
}

/**
 * Adds the row of a run; repeated calls add nothing. `version` is the number where the run was
 * trained. A publication may assign another number, and its manifest still names the run.
 */
export async function insertTrainingRun(
  analytics: Analytics,
  run: FinishedRun,
  model: { readonly name: string; readonly version: string; readonly graphSha256: string },
): Promise<void> {
  const [known] = await analytics.rows<{ n: number }>(
    'SELECT count() AS n FROM training_runs WHERE run = {run: String}',
    { run: run.run },
  )
  if (known!.n > 0) return
  const parameters = Object.entries(run.parameters).filter(([, value]) => value !== undefined)
  const metrics = Object.entries(run.evaluation).filter(([, value]) => typeof value === 'number')
  await analytics.insert('training_runs', {
    columns: [
      ...(['run', 'at', 'kind', 'model', 'version', 'method', 'parameters', 'metrics'] as const),
      'data_manifest',
      'artifact_hash',
      'seconds',
    ],
    values: [
      [
        run.run,
        seconds(Date.parse(run.started)),
        run.kind ?? 'train',
        model.name,
        model.version,
        run.method,
        Object.fromEntries(parameters.map(([name, value]) => [name, textOf(value)])),
        Object.fromEntries(metrics),
        JSON.stringify(run.dataManifest),
        model.graphSha256,
        run.seconds,
      ],
    ],
    token: `run-${run.run}`,
  })
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
