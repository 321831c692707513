// A tracked run as MLflow has it: one run with all metrics, and for each fold or trial a run below
// it. It decides on names and numbers; infra/mlflow/ sends them.
import type { MlflowEntries, MlflowMetric } from '../../infra/mlflow/mlflow.ts'
import type { RunFile } from './run-store.ts'
import { dataParts, type RunStep, type TrackedRun } from './tracked-run.ts'

/** A run to send. */
export type MlflowRun = MlflowEntries & {
  /** The value of the tag `winnow.run`, by which a run that was sent is found again. */
  readonly id: string
  readonly name: string
  readonly startMs: number
  readonly endMs: number
  readonly status: 'FINISHED' | 'FAILED'
}

/** The tag by which a run that was sent is found again. */
export const idTag = 'winnow.run'

/** The run, and those of its folds or trials. */
export function mlflowRuns(
  run: TrackedRun,
  files: readonly RunFile[],
): { parent: MlflowRun; children: MlflowRun[] } {
  const { steps } = run
  const startMs = Date.parse(run.started)
  const endMs = startMs + Math.round((run.seconds ?? 0) * 1_000)
  const final = Object.entries(run.metrics).flatMap(([name, { value, interval }]) => {
    const values = { [name]: value }
    if (interval !== null) {
      values[`${name}.low`] = interval.low
      values[`${name}.high`] = interval.high
    }
    return metricsAt(values, { timestamp: endMs, step: 0 })
  })
  const bySteps = steps.rows.flatMap(({ metrics }, at) => {
    // Folds and epochs count from 1, trials from 0.
    const step = steps.of === 'trial' ? at : at + 1
    return metricsAt(metrics, { timestamp: startMs + at, step }, `${steps.of}/`)
  })
  const parent: MlflowRun = {
    id: run.run,
    name: run.run,
    startMs,
    endMs,
    status: 'FINISHED',
    params: texts({ method: run.method, ...run.parameters }),
    metrics: [...final, ...bySteps],
    tags: tagsOf(run, files),
  }
  return { parent, children: run.kind === 'train' ? [] : childrenOf(run, startMs) }
}

function childrenOf(run: TrackedRun, startMs: number): MlflowRun[] {
  const { of, rows, best } = run.steps
  let beganMs = startMs
  return rows.map((row: RunStep) => {
    const { step, state, seconds, parameters, metrics, error } = row
    const endMs = beganMs + Math.round((seconds ?? 0) * 1_000)
    const child: MlflowRun = {
      id: `${run.run}#${step}`,
      name: `${of} ${step}`,
      startMs: beganMs,
      endMs,
      status: state === 'failed' ? 'FAILED' : 'FINISHED',
      params: texts(parameters),
      metrics: metricsAt(metrics, { timestamp: endMs, step: 0 }),
      tags: texts({
        [idTag]: `${run.run}#${step}`,
        'winnow.kind': of,
        'winnow.state': state,
        'winnow.best': step === best ? 'true' : undefined,
        'winnow.error': error,
      }),
    }
    beganMs = endMs
    return child
  })
}

function tagsOf(run: TrackedRun, files: readonly RunFile[]): Record<string, string> {
  const data = dataParts.flatMap((part): [string, unknown][] => {
    const { source, examples, sha256 } = run.data[part] ?? {}
    const name = `winnow.data.${part}`
    return [
      [name, source],
      [`${name}.examples`, examples ?? undefined],
      [`${name}.sha256`, sha256 ?? undefined],
    ]
  })
  const environment = Object.entries(run.environment ?? {})
  return texts({
    [idTag]: run.run,
    'mlflow.source.name': `winnow ${run.kind}`,
    'mlflow.source.type': 'LOCAL',
    'winnow.kind': run.kind,
    'winnow.model': run.model ?? undefined,
    'winnow.versions': run.versions.length === 0 ? undefined : run.versions.join(', '),
    'winnow.trainingRun': run.trainingRun ?? undefined,
    'winnow.tune': run.tune ?? undefined,
    'winnow.measuredOn': run.measuredOn ?? undefined,
    'winnow.files': files.map(({ path }) => path).join('\n'),
    ...Object.fromEntries(data),
    ...Object.fromEntries(environment.map(([name, value]) => [`winnow.env.${name}`, value])),
  })
}

function metricsAt(
  values: Readonly<Record<string, number>>,
  at: { readonly timestamp: number; readonly step: number },
  prefix = '',
): MlflowMetric[] {
  return Object.entries(values)
    .filter(([, value]) => Number.isFinite(value))
    .map(([name, value]) => ({ key: `${prefix}${name}`, value, ...at }))
}

/** The values that are there, as text. */
function texts(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  )
}
