// Writes model_releases and training_runs: what happened to a model version, and how it was
// trained and found.
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

/** A finished run, fold or trial, as its record describes it. */
export type FinishedRun = {
  readonly run: string
  /** Default `train`. */
  readonly kind?: 'train' | 'cv' | 'fold' | 'tune' | 'trial' | undefined
  /** Of a fold or trial: the run that it is part of. */
  readonly parent?: string | undefined
  /** Default `complete`. */
  readonly state?: 'complete' | 'pruned' | 'failed' | undefined
  readonly method: string
  readonly started: string
  readonly seconds: number
  readonly parameters: Readonly<Record<string, unknown>>
  readonly dataManifest: object
  /** Its numbers are the metrics. */
  readonly evaluation: object
  /** Metrics by step, as JSON. */
  readonly steps?: readonly object[] | undefined
  /** Releases and machine. */
  readonly environment?: object | undefined
}

/** The version that a run made; empty texts if it made none. */
export type RunModel = {
  readonly name: string
  readonly version: string
  readonly graphSha256: string
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
 * Adds the rows of a run with its folds or trials; repeated calls add nothing. `version` is the
 * number where the run was trained. A publication may assign another number, and its manifest still
 * names the run.
 */
export async function insertTrainingRun(
  analytics: Analytics,
  run: FinishedRun,
  { model, parts = [] }: { readonly model: RunModel; readonly parts?: readonly FinishedRun[] },
): Promise<void> {
  const known = await analytics.rows<{ run: string }>(
    'SELECT run FROM training_runs WHERE run = {run: String} OR parent = {run: String}',
    { run: run.run },
  )
  const written = new Set(known.map((row) => row.run))
  const rows = [run, ...parts].filter((one) => !written.has(one.run))
  if (rows.length === 0) return
  const made = { name: model.name, version: '', graphSha256: '' }
  await analytics.insert('training_runs', {
    columns: runColumns,
    values: rows.map((one) => rowOf(one, one === run ? model : made)),
    token: `run-${run.run}-${written.size}`,
  })
}

const runColumns = [
  ...(['run', 'at', 'kind', 'model', 'version', 'method', 'parameters', 'metrics'] as const),
  'data_manifest',
  'artifact_hash',
  'seconds',
  ...(['parent', 'state', 'steps', 'environment'] as const),
] as const

function rowOf(run: FinishedRun, model: RunModel): unknown[] {
  const metrics = Object.entries(run.evaluation).filter(([, value]) => typeof value === 'number')
  return [
    run.run,
    seconds(Date.parse(run.started)),
    run.kind ?? 'train',
    model.name,
    model.version,
    run.method,
    textsOf(run.parameters),
    Object.fromEntries(metrics),
    JSON.stringify(run.dataManifest),
    model.graphSha256,
    run.seconds,
    run.parent ?? '',
    run.state ?? 'complete',
    JSON.stringify(run.steps ?? []),
    textsOf(run.environment ?? {}),
  ]
}

function textsOf(values: object): Record<string, string> {
  const there = Object.entries(values).filter(([, value]) => value !== undefined && value !== null)
  return Object.fromEntries(there.map(([name, value]) => [name, textOf(value)]))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
