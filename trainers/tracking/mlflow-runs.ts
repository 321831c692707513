// A tracked run as MLflow has it: one run with all metrics, and for each fold or trial a run below
// it. It decides on names and numbers; infra/mlflow/ sends them. The same run gives the same
// entries while it goes on and when it is over, so that nothing is sent twice.
import type {
  MlflowDataset,
  MlflowEntries,
  MlflowMetric,
  MlflowStatus,
} from '../../infra/mlflow/mlflow.ts'
import type { ProgressPoint, RunProgress } from './progress-log.ts'
import { dataParts, type RunStep, type TrackedRun } from './tracked-run.ts'

/** A run to send. */
export type MlflowRun = MlflowEntries & {
  /** The value of the tag `winnow.run`, by which a run that was sent is found again. */
  readonly id: string
  readonly name: string
  readonly startMs: number
  /** Undefined while the run goes on. */
  readonly endMs: number | undefined
  readonly status: MlflowStatus
  readonly datasets: readonly MlflowDataset[]
}

/** The tag by which a run that was sent is found again. */
export const idTag = 'winnow.run'

/** What is known of a run besides its record. */
export type RunCourse = {
  readonly progress: RunProgress | undefined
  /** Whether a process is working on it. */
  readonly isRunning: boolean
}

/** The run, and those of its folds or trials. */
export function mlflowRuns(
  run: TrackedRun,
  course: RunCourse,
): { parent: MlflowRun; children: MlflowRun[] } {
  const startMs = Date.parse(run.started)
  const endMs = endOf(run, course)
  const parent: MlflowRun = {
    id: run.run,
    name: run.run,
    startMs,
    endMs,
    status: statusOf(run, course),
    params: texts({ method: run.method, ...run.parameters }),
    metrics: [
      ...stepMetrics(run, { startMs, progress: course.progress }),
      ...(run.state === 'finished' ? finalMetrics(run, endMs ?? startMs) : []),
    ],
    tags: { ...tagsOf(run), ...texts({ 'winnow.error': course.progress?.stopped?.error }) },
    datasets: datasetsOf(run),
  }
  return { parent, children: run.kind === 'train' ? [] : childrenOf(run, course) }
}

function statusOf({ state }: TrackedRun, { isRunning, progress }: RunCourse): MlflowStatus {
  if (state === 'finished') return 'FINISHED'
  if (progress?.stopped?.state === 'failed') return 'FAILED'
  return isRunning && progress?.stopped === undefined ? 'RUNNING' : 'KILLED'
}

function endOf(run: TrackedRun, { isRunning, progress }: RunCourse): number | undefined {
  const startMs = Date.parse(run.started)
  const lastMs = progress?.lastAt ?? startMs
  if (run.state === 'finished') {
    // A resumed run took longer than its last part.
    return Math.max(startMs + Math.round((run.seconds ?? 0) * 1_000), lastMs)
  }
  if (progress?.stopped !== undefined) return progress.stopped.at
  return isRunning ? undefined : lastMs
}

/** Scores with their intervals, which MLflow knows as metrics of their own. */
function finalMetrics(run: TrackedRun, timestamp: number): MlflowMetric[] {
  return Object.entries(run.metrics).flatMap(([name, { value, interval }]) => {
    const values = { [name]: value }
    if (interval !== null) {
      values[`${name}.low`] = interval.low
      values[`${name}.high`] = interval.high
    }
    return metricsAt(values, { timestamp, step: 0 })
  })
}

/** Curves: batches of a training, its epochs, and the folds or trials of the others. */
function stepMetrics(
  run: TrackedRun,
  { startMs, progress }: { startMs: number; progress: RunProgress | undefined },
): MlflowMetric[] {
  const { of, rows } = run.steps
  const timeOf = timesOf(of, progress)
  const metricsOf = ({ step, metrics }: RunStep, at: number): MlflowMetric[] => {
    // Folds and epochs count from 1, trials from 0; repeated folds are counted on.
    const place = of === 'fold' ? at + 1 : Number(step)
    const timestamp = timeOf(step) ?? (progress?.lastAt ?? startMs) + at
    return metricsAt(metrics, { timestamp, step: place }, `${of}/`)
  }
  const bySteps = rows.flatMap((row, at) => (row.state === 'running' ? [] : metricsOf(row, at)))
  const best = run.kind === 'tune' ? bestSoFar(run, bySteps) : []
  const batches = (progress?.points ?? []).filter(
    ({ series, within }) => series === 'step' && within === undefined,
  )
  return [...batches.flatMap(pointMetrics), ...inOrder([...bySteps, ...best])]
}

/** When a fold, trial or epoch ended. */
function timesOf(
  of: TrackedRun['steps']['of'],
  progress: RunProgress | undefined,
): (step: string) => number | undefined {
  if (of !== 'epoch') return (step) => progress?.ended.get(step)?.at
  const epochs = (progress?.points ?? []).filter(
    ({ series, within }) => series === 'epoch' && within === undefined,
  )
  const times = new Map(epochs.map(({ step, at }) => [String(step), at]))
  return (step) => times.get(step)
}

/** Metrics of a tune whose best value is the smallest. */
const lowerIsBetter: ReadonlySet<string> = new Set(['logLoss', 'msPerText'])

/** The history of a tune: after each trial, the best value of its metric of a complete one. */
function bestSoFar(
  { mainMetric, steps }: TrackedRun,
  trials: readonly MlflowMetric[],
): MlflowMetric[] {
  const sign = lowerIsBetter.has(mainMetric) ? -1 : 1
  const complete = new Set(
    steps.rows.filter(({ state }) => state === 'complete').map(({ step }) => Number(step)),
  )
  const values = inOrder(trials.filter(({ key }) => key === `trial/${mainMetric}`))
  let best = -Infinity
  return values.flatMap((metric, at) => {
    if (complete.has(metric.step)) best = Math.max(best, sign * metric.value)
    const history = { ...metric, key: `best/${mainMetric}`, value: sign * best, step: at }
    return best === -Infinity ? [] : [history]
  })
}

function childrenOf(run: TrackedRun, course: RunCourse): MlflowRun[] {
  const { of, rows, best } = run.steps
  const { progress } = course
  const pointsOf = Map.groupBy(progress?.points ?? [], ({ within }) => within)
  let beganMs = Date.parse(run.started)
  return rows.map((row: RunStep) => {
    const { step, state, parameters, metrics, error } = row
    const startMs = progress?.begun.get(step) ?? beganMs
    const endMs = childEnd(row, { startMs, course })
    const child: MlflowRun = {
      id: `${run.run}#${step}`,
      name: `${of} ${step}`,
      startMs,
      endMs,
      status: childStatus(row, course),
      params: texts(parameters),
      metrics: [
        ...(pointsOf.get(step) ?? []).flatMap(pointMetrics),
        ...(state === 'running' ? [] : metricsAt(metrics, { timestamp: endMs ?? 0, step: 0 })),
      ],
      tags: texts({
        [idTag]: `${run.run}#${step}`,
        'winnow.kind': of,
        'winnow.state': state,
        'winnow.best': step === best ? 'true' : undefined,
        'winnow.error': error,
      }),
      datasets: [],
    }
    beganMs = endMs ?? startMs
    return child
  })
}

function childEnd(
  { step, state, seconds }: RunStep,
  { startMs, course }: { startMs: number; course: RunCourse },
): number | undefined {
  const { progress, isRunning } = course
  if (state !== 'running') {
    return progress?.ended.get(step)?.at ?? startMs + Math.round((seconds ?? 0) * 1_000)
  }
  return isRunning ? undefined : (progress?.lastAt ?? startMs)
}

function childStatus({ state }: RunStep, { isRunning, progress }: RunCourse): MlflowStatus {
  if (state === 'failed') return 'FAILED'
  if (state !== 'running') return 'FINISHED'
  return isRunning && progress?.stopped === undefined ? 'RUNNING' : 'KILLED'
}

function tagsOf(run: TrackedRun): Record<string, string> {
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
    'mlflow.note.content': noteOf(run),
    'winnow.kind': run.kind,
    'winnow.state': run.state,
    'winnow.model': run.model ?? undefined,
    'winnow.versions': run.versions.length === 0 ? undefined : run.versions.join(', '),
    'winnow.trainingRun': run.trainingRun ?? undefined,
    'winnow.tune': run.tune ?? undefined,
    'winnow.measuredOn': run.measuredOn ?? undefined,
    'winnow.folder': run.dir,
    ...Object.fromEntries(data),
    ...Object.fromEntries(environment.map(([name, value]) => [`winnow.env.${name}`, value])),
  })
}

/** The description on the page of the run, as Markdown. */
function noteOf({ kind, method, model, measuredOn, name }: TrackedRun): string {
  const made = model === null ? '' : `, which made **${model}**`
  const measured = measuredOn === null ? '' : ` Metrics were measured on ${measuredOn}.`
  return `\`winnow ${kind}\` of ${name} with the method ${method}${made}.${measured}`
}

const contexts = { train: 'training', validation: 'validation', test: 'test' } as const

function datasetsOf({ data, kind, state }: TrackedRun): MlflowDataset[] {
  // A tune has the data sets of the training of its winner.
  if (kind === 'tune' && state !== 'finished') return []
  return dataParts.flatMap((part) => {
    const { source, examples, labels, sha256 } = data[part] ?? {}
    if (source === undefined || typeof sha256 !== 'string') return []
    return [
      {
        name: source,
        digest: sha256,
        context: contexts[part],
        source: { source },
        profile: { examples, labels, sha256 },
      },
    ]
  })
}

function pointMetrics({ series, step, at, metrics }: ProgressPoint): MlflowMetric[] {
  return metricsAt(metrics, { timestamp: at, step }, `${series}/`)
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

/** By time: trials that run side by side do not end in the order of their numbers. */
function inOrder(metrics: readonly MlflowMetric[]): MlflowMetric[] {
  return [...metrics].sort((a, b) => a.timestamp - b.timestamp || a.step - b.step)
}

/** The values that are there, as text. */
function texts(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  )
}
