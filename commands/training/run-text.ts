// Tracked runs as text for a terminal: the table of runs, one run, and two side by side.
import { comparisonLines } from '../../trainers/cross-validation/cv-report.ts'
import { setHeadlineNames } from '../../trainers/report/multi-label-report.ts'
import { formatFigure, headlineNames } from '../../trainers/report/report-tables.ts'
import type { RunComparison } from '../../trainers/tracking/compare-runs.ts'
import type { RunFile } from '../../trainers/tracking/run-store.ts'
import {
  dataParts,
  type DamagedRun,
  type ListedRun,
  type RunStep,
  type TrackedRun,
} from '../../trainers/tracking/tracked-run.ts'
import {
  agreementLines,
  metricText,
  settingsText,
  titleOf,
  valueText,
} from '../../trainers/tracking/run-words.ts'
import { bytesText, countText, durationText, tableText, type Terminal } from '../terminal.ts'

type Style = Terminal['style']

/** The table of runs; `metric` is shown instead of the one that each run is judged by. */
export function runsTable(runs: readonly ListedRun[], metric: string | undefined): string {
  return tableText(
    ['run', 'kind', 'name', 'method', 'started', 'examples', 'metric', 'model'],
    runs.map((run) => {
      if (run.state === 'damaged') {
        return [run.run, '', run.name, '', '', '', '', `damaged: ${run.reason}`]
      }
      const name = metric ?? run.mainMetric
      const found = run.metrics[name]
      const title = titleOf(run.task, name)
      const examples = run.data.train?.examples
      return [
        run.run,
        run.kind,
        run.name,
        run.method,
        timeText(run.started),
        typeof examples === 'number' ? countText(examples) : '',
        found === undefined ? '' : `${title.name} ${metricText(found, title)}`,
        modelText(run),
      ]
    }),
  )
}

/** One run with everything that its folder says. */
export function runText(run: ListedRun, files: readonly RunFile[], style: Style): string {
  const filed = section(
    'Files',
    files.map(({ path, bytes }) => `${path}  ${bytesText(bytes)}`),
    style,
  )
  if (run.state === 'damaged') return [damagedText(run, style), filed].join('\n\n')
  const parts = [
    factsText(run, style),
    section('Data', dataLines(run), style),
    section('Parameters', parameterLines(run), style),
    section('Metrics', metricLines(run), style),
    section('Environment', run.environment === null ? [] : factLines(run.environment), style),
    section(stepTitles[run.steps.of], stepLines(run), style),
    filed,
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

/** Two runs side by side: what differs, the metrics, and the test of two cross-validations. */
export function runComparisonText(
  comparison: RunComparison,
  { task, style }: { task: TrackedRun['task']; style: Style },
): string {
  const { first, second, test } = comparison
  const titles = task === 'multi-label' ? setHeadlineNames : headlineNames
  const parameters = comparison.parameters.map((pair) => [
    pair.name,
    valueText(pair.first),
    valueText(pair.second),
  ])
  const metrics = comparison.metrics.map((pair) => {
    const title = titleOf(task, pair.name)
    const figure = (value: number | null): string =>
      value === null ? '-' : formatFigure(value, title.unit)
    const sign = (pair.difference ?? 0) > 0 ? '+' : ''
    return [title.name, figure(pair.first), figure(pair.second), sign + figure(pair.difference)]
  })
  const parts = [
    [`first   ${first}`, `second  ${second}`].join('\n'),
    section(
      'Parameters that differ',
      parameters.length === 0
        ? ['none']
        : tableText(['parameter', 'first', 'second'], parameters).split('\n'),
      style,
    ),
    section('Data', agreementLines(comparison), style),
    section(
      'Metrics',
      metrics.length === 0
        ? ['none']
        : tableText(['metric', 'first', 'second', 'difference'], metrics).split('\n'),
      style,
    ),
    test === null ? '' : comparisonLines({ comparison: test }, titles).join('\n'),
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

const stepTitles = { epoch: 'Epochs', fold: 'Folds', trial: 'Trials' } as const

function damagedText({ run, reason, versions }: DamagedRun, style: Style): string {
  const named = versions.length === 0 ? undefined : versions.join(', ')
  return factLines({ run: style('bold', run), state: 'damaged', reason, versions: named }).join(
    '\n',
  )
}

function factsText(run: TrackedRun, style: Style): string {
  return factLines({
    run: style('bold', run.run),
    state: run.state,
    kind: run.kind,
    name: run.name,
    method: run.method,
    started: timeText(run.started),
    took: run.seconds === null ? undefined : durationText(run.seconds * 1_000),
    model: modelText(run) || undefined,
    'trained by': run.trainingRun ?? undefined,
    'winner of': run.tune ?? undefined,
    'measured on': run.measuredOn ?? undefined,
  }).join('\n')
}

function dataLines({ data }: TrackedRun): string[] {
  return dataParts.flatMap((part) => {
    const given = data[part]
    if (given === undefined) return []
    const { source, examples, labels, sha256 } = given
    const facts = [
      `${part}: ${source}`,
      examples === null ? '' : `${countText(examples)} examples`,
      labels === null ? '' : `${countText(labels)} labels`,
      sha256 === null ? '' : `SHA-256 ${sha256}`,
    ]
    return [facts.filter((fact) => fact !== '').join(', ')]
  })
}

/** Of the space of a tune, the names; JSON has the ranges as well. */
function parameterLines({ parameters }: TrackedRun): string[] {
  const { space, ...others } = parameters
  if (!Array.isArray(space)) return factLines(parameters)
  const names = (space as { name: unknown }[]).map(({ name }) => String(name))
  return factLines({ ...others, space: names.join(', ') })
}

function metricLines({ metrics, task }: TrackedRun): string[] {
  return factLines(
    Object.fromEntries(
      Object.entries(metrics).map(([name, metric]) => {
        const title = titleOf(task, name)
        return [title.name, metricText(metric, title)]
      }),
    ),
  )
}

/** Columns of the table of steps, after the metric that the run is judged by. */
const stepMetrics = ['accuracy', 'macroF1', 'logLoss', 'ece', 'trainLoss'] as const

function stepLines({ steps, mainMetric, task }: TrackedRun): string[] {
  const { of, rows, best } = steps
  if (rows.length === 0) return []
  const names = [...new Set([mainMetric, ...stepMetrics])].filter((name) =>
    rows.some(({ metrics }) => metrics[name] !== undefined),
  )
  const columns = names.map((name): [string, (row: RunStep) => string] => {
    const { name: title, unit } = titleOf(task, name)
    const figure = (value: number | undefined): string =>
      value === undefined ? '' : formatFigure(value, unit)
    return [title, ({ metrics }) => figure(metrics[name])]
  })
  columns.unshift([of, ({ step }) => (step === best ? `${step} (best)` : step)])
  if (rows.some(({ seconds }) => seconds !== null)) {
    columns.push(['took', ({ seconds }) => (seconds === null ? '' : durationText(seconds * 1_000))])
  }
  if (rows.some((row) => noteText(row) !== '')) columns.push(['with', noteText])
  const heading = columns.map(([title]) => title)
  return tableText(
    heading,
    rows.map((row) => columns.map(([, cell]) => cell(row))),
  ).split('\n')
}

/** How the step ended if not well, what it was tried with, and why it failed. */
function noteText({ state, parameters, error }: RunStep): string {
  const parts = [state === 'complete' ? '' : state, settingsText(parameters), error ?? '']
  return parts.filter((part) => part !== '').join(': ')
}

function section(title: string, lines: readonly string[], style: Style): string {
  return lines.length === 0 ? '' : [style('bold', title), ...lines].join('\n')
}

function factLines(facts: Readonly<Record<string, unknown>>): string[] {
  const shown = Object.entries(facts).filter(([, value]) => value !== undefined)
  const width = Math.max(...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${valueText(value)}`)
}

/** The versions that name the run; for a tune, the model that it made. */
function modelText({ state, kind, model, versions }: TrackedRun): string {
  if (state === 'unfinished') return 'unfinished'
  if (versions.length > 0) return versions.join(', ')
  if (model === null) return ''
  return kind === 'tune' ? model : `${model} (removed)`
}

function timeText(started: string): string {
  return started.slice(0, 16).replace('T', ' ')
}
