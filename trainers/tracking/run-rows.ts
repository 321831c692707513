// The rows of training_runs that a run gives: its own, and one for each fold or trial.
import type { FinishedRun } from '../../infra/sinks/release-rows.ts'
import type { CrossValidated } from '../cross-validation/cv-record.ts'
import { runEnvironment } from '../runs/run-environment.ts'
import type { RunRecord } from '../runs/run-record.ts'
import type { RunProgress } from './progress-log.ts'
import type { RunStep, TrackedRun } from './tracked-run.ts'

/** A run with its folds or trials. */
export type RunRows = { readonly run: FinishedRun; readonly parts: readonly FinishedRun[] }

/** The row of a training, with its epochs, or with the values of C that it tried. */
export function trainingRow({ details, base, parameters, ...run }: RunRecord): FinishedRun {
  const steps = details['epochs'] ?? details['trials']
  return {
    ...run,
    parameters: { base, ...parameters },
    steps: Array.isArray(steps) ? (steps as object[]) : [],
  }
}

/** The rows of a cross-validation, whose metrics are the means over its folds. */
export function cvRows(
  cv: CrossValidated,
  { progress }: { readonly progress: RunProgress | undefined },
): RunRows {
  const { sha256, group, ...folds } = cv.foldPlan
  const parameters = { ...cv.parameters, ...folds, group: group ?? undefined, foldsSha256: sha256 }
  const run = {
    ...cv,
    kind: 'cv' as const,
    parameters,
    evaluation: cv.mean,
    environment: runEnvironment(),
  }
  const isRepeated = cv.folds.some(({ repeat }) => repeat > 1)
  const steps = cv.folds.map(({ repeat, fold, seconds, metrics, chosen }) => ({
    step: isRepeated ? `${repeat}/${fold}` : String(fold),
    state: 'complete' as const,
    seconds,
    metrics,
    parameters: chosen,
  }))
  return { run, parts: partsOf(run, { kind: 'fold', steps, progress }) }
}

/** The rows of a tune. Its version is that of the training of its winner. */
export function tuneRows(
  tune: TrackedRun,
  {
    progress,
    dataManifest,
  }: { readonly progress: RunProgress | undefined; readonly dataManifest: object },
): RunRows {
  const { run: name, method, started, parameters, metrics } = tune
  const run = {
    run: name,
    kind: 'tune' as const,
    method,
    started,
    seconds: tune.seconds ?? 0,
    parameters: { ...parameters, model: tune.model, trainingRun: tune.trainingRun },
    dataManifest,
    evaluation: Object.fromEntries(
      Object.entries(metrics).map(([metric, { value }]) => [metric, value]),
    ),
    environment: tune.environment ?? runEnvironment(),
  }
  return { run, parts: partsOf(run, { kind: 'trial', steps: tune.steps.rows, progress }) }
}

function partsOf(
  run: FinishedRun,
  {
    kind,
    steps,
    progress,
  }: {
    readonly kind: 'fold' | 'trial'
    readonly steps: readonly RunStep[]
    readonly progress: RunProgress | undefined
  },
): FinishedRun[] {
  const epochs = (progress?.points ?? []).filter(({ series }) => series === 'epoch')
  const epochsOf = Map.groupBy(epochs, ({ within }) => within)
  let beganMs = Date.parse(run.started)
  return steps.flatMap(({ step, state, seconds, parameters, metrics }) => {
    if (state === 'running') return []
    const began = progress?.begun.get(step) ?? beganMs
    beganMs = began + (seconds ?? 0) * 1_000
    return [
      {
        run: `${run.run}#${step}`,
        kind,
        parent: run.run,
        state,
        method: run.method,
        started: new Date(began).toISOString(),
        seconds: seconds ?? 0,
        parameters,
        dataManifest: run.dataManifest,
        evaluation: metrics,
        steps: (epochsOf.get(step) ?? []).map((point) => ({ epoch: point.step, ...point.metrics })),
        environment: run.environment,
      },
    ]
  })
}
