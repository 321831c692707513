// The plots of a study: how its best value came about, which settings its trials had, how they
// learned, and, for two objectives, which trials no other one is better than.
import {
  accent,
  colours,
  countAxis,
  landscape,
  muted,
  second,
  valueAxis,
} from '../report/plot-parts.ts'
import type { Plot, PlotSpec } from '../report/report-svg.ts'
import { formatFigure } from '../report/report-tables.ts'
import type { ScoreTitle } from '../tracking/run-words.ts'
import { unitsOf, valueAtUnit, type Parameter, type SearchSpace } from '../tuning/space/space.ts'
import type { Trial } from '../tuning/study.ts'

/** A study as its plots see it. */
export type PlottedStudy = {
  readonly space: SearchSpace
  /** Trials that have ended with a value. */
  readonly trials: readonly (Trial & { readonly value: number })[]
  readonly best: number
  readonly title: ScoreTitle
  /** Whether less of the metric is better. */
  readonly isLoss: boolean
}

/** The colour of each state of a trial. */
const states = { complete: accent, pruned: muted } as const
const stateNames = Object.keys(states) as (keyof typeof states)[]

/** Each trial's value, and the best value so far. */
export function historyPlot({ trials, title, isLoss }: PlottedStudy): Plot {
  let best: number | undefined
  const line = trials.flatMap(({ number, state, value }) => {
    const isBetter = best === undefined || (isLoss ? value < best : value > best)
    if (state === 'complete' && isBetter) best = value
    return best === undefined ? [] : [{ number, value: best }]
  })
  const values = trials.map(({ number, state, value }) => ({
    number,
    value,
    name: state,
    described: `trial ${number} (${state}): ${formatFigure(value, title.unit)}`,
  }))
  const x = countAxis('number', 'trial')
  const y = valueAxis('value', { title: title.name, unit: title.unit })
  const steps = line.filter(({ value }, at) => at === 0 || value !== line[at - 1]!.value)
  const read = steps.map(
    ({ number, value }) => `${formatFigure(value, title.unit)} at trial ${number}`,
  )
  const shown = stateNames.filter((state) => trials.some((trial) => trial.state === state))
  return {
    caption: 'Optimisation history: each trial, and the best value so far',
    alternative: `Best ${title.name} so far: ${read.join(', ')}; ${trials.length} trials.`,
    spec: {
      ...landscape,
      layer: [
        {
          data: { values: line },
          mark: { type: 'line', interpolate: 'step-after', color: second, strokeWidth: 2 },
          encoding: { x, y },
        },
        {
          data: { values },
          mark: { type: 'circle', size: 45, opacity: 0.9 },
          encoding: {
            x,
            y,
            color: colours(
              shown,
              shown.map((state) => states[state]),
            ),
            description: { field: 'described', type: 'nominal' },
          },
        },
      ],
    },
  }
}

const groups = ['best trial', 'best quarter', 'other trials']
const groupColours = [accent, second, muted]
/** Pixels from one axis to the next. */
const axisGap = 80
/** Where a trial is drawn on the axis of a parameter that it did not have. */
const inactivePlace = -0.13

/** Every complete trial as a line through its settings to its value, which is better further up. */
export function parallelPlot(study: PlottedStudy): Plot {
  const { space, best, title, isLoss } = study
  const trials = study.trials.filter(({ state }) => state === 'complete')
  const ranked = trials.toSorted((a, b) => (isLoss ? a.value - b.value : b.value - a.value))
  const rankOf = new Map(ranked.map(({ number }, rank) => [number, rank]))
  const worst = ranked.at(-1)!.value
  const range = ranked[0]!.value - worst
  const lines = trials.flatMap((trial) => {
    const rank = rankOf.get(trial.number)!
    const name = groups[trial.number === best ? 0 : rank < Math.ceil(trials.length / 4) ? 1 : 2]!
    const own = { trial: trial.number, name, order: -groups.indexOf(name) }
    const units = unitsOf(space, trial.parameters).map((unit) => unit ?? inactivePlace)
    const place = range === 0 ? 1 : (trial.value - worst) / range
    return [...units, place].map((unit, at) => ({ ...own, at, unit }))
  })
  const axes = [...space.map(({ name }) => name), title.name]
  const marks = [
    ...space.flatMap((parameter, at) => axisMarks(parameter).map((mark) => ({ ...mark, at }))),
    ...[0, 1].map((unit) => ({
      at: space.length,
      unit,
      text: formatFigure(unit === 1 ? ranked[0]!.value : worst, title.unit),
    })),
  ]
  const winner = trials.find(({ number }) => number === best)
  const settings = Object.entries(winner?.parameters ?? {}).map(
    ([name, value]) => `${name} ${value}`,
  )
  return {
    caption: `Settings of the ${trials.length} complete trials; a line is one trial`,
    alternative: `Parallel coordinates of ${axes.join(', ')}. The best trial has ${settings.join(', ')}.`,
    width: 'wide',
    spec: parallelSpec({ lines, axes, marks }),
  }
}

type AxisMark = { readonly unit: number; readonly text: string }

/** The choices of a parameter, or the ends and the middle of its range. */
function axisMarks(parameter: Parameter): AxisMark[] {
  const { domain } = parameter
  const shown = (value: unknown): string =>
    typeof value === 'number' ? String(Number(value.toPrecision(3))) : String(value)
  if (domain.kind === 'categorical') {
    return domain.choices.map((choice, at) => ({
      unit: (at + 0.5) / domain.choices.length,
      text: shown(choice),
    }))
  }
  return [0, 0.5, 1].map((unit) => ({ unit, text: shown(valueAtUnit(parameter, unit)) }))
}

function parallelSpec({
  lines,
  axes,
  marks,
}: {
  lines: readonly { name: string; trial: number; at: number; unit: number; order: number }[]
  axes: readonly string[]
  marks: readonly (AxisMark & { at: number })[]
}): PlotSpec {
  const last = axes.length - 1
  const x = { field: 'at', type: 'quantitative', axis: null, scale: { domain: [0, last + 0.35] } }
  const y = {
    field: 'unit',
    type: 'quantitative',
    axis: null,
    scale: { domain: [inactivePlace - 0.03, 1.2] },
  }
  // Names of neighbouring axes stand at two heights, so that long ones do not meet.
  const rules = axes.map((name, at) => ({
    at,
    unit: 0,
    end: 1,
    name,
    top: at % 2 === 0 ? 1.08 : 1.17,
  }))
  const line = (names: readonly string[], mark: PlotSpec): PlotSpec => ({
    data: { values: lines.filter(({ name }) => names.includes(name)) },
    mark: { type: 'line', ...mark },
    encoding: {
      x,
      y,
      detail: { field: 'trial', type: 'nominal' },
      color: {
        field: 'name',
        type: 'nominal',
        scale: { domain: groups, range: groupColours },
        legend: { columns: 3, symbolOpacity: 1, symbolStrokeWidth: 3 },
      },
    },
  })
  const label = { type: 'text', align: 'left', dx: 5, fontSize: 11 }
  const named = { x, y, text: { field: 'text', type: 'nominal' } }
  return {
    width: Math.max(460, last * axisGap + 60),
    height: 275,
    layer: [
      line([groups[2]!], { strokeWidth: 1, opacity: 0.45 }),
      line([groups[1]!], { strokeWidth: 1.5, opacity: 0.8 }),
      line([groups[0]!], { strokeWidth: 3 }),
      {
        data: { values: rules },
        mark: { type: 'rule', color: 'var(--ink)', strokeWidth: 1 },
        encoding: { x, y, y2: { field: 'end' } },
      },
      {
        data: { values: rules },
        mark: { ...label, align: 'left', dx: -3, fontWeight: 'bold' },
        encoding: { x, y: { ...y, field: 'top' }, text: { field: 'name', type: 'nominal' } },
      },
      // The colour of the page behind each label keeps it readable over the lines.
      {
        data: { values: marks },
        mark: { ...label, stroke: 'var(--page)', strokeWidth: 4, color: 'var(--page)' },
        encoding: named,
      },
      { data: { values: marks }, mark: label, encoding: named },
    ],
  }
}

/** The value of each complete trial against each setting, most important setting first. */
export function settingPlots(study: PlottedStudy, names: readonly string[]): Plot[] {
  return names.flatMap((name) => {
    const parameter = study.space.find((each) => each.name === name)
    return parameter === undefined ? [] : [settingPlot(study, parameter)]
  })
}

function settingPlot({ trials, best, title }: PlottedStudy, { name, domain }: Parameter): Plot {
  const values = trials.flatMap(({ number, state, parameters, value }) => {
    const setting = parameters[name]
    if (setting === undefined || state !== 'complete') return []
    const described = `trial ${number}: ${name} ${setting}, ${formatFigure(value, title.unit)}`
    return [{ setting, value, name: number === best ? groups[0] : groups[2], described }]
  })
  // Drawn last, the best trial is in front.
  values.sort((a, b) => Number(a.name === groups[0]) - Number(b.name === groups[0]))
  const isNumeric = domain.kind !== 'categorical'
  return {
    caption: `${title.name} by ${name}`,
    alternative: `${title.name} of ${values.length} complete trials by ${name}.`,
    spec: {
      width: 210,
      height: 150,
      data: { values },
      mark: { type: 'circle', size: 40, opacity: 0.9 },
      encoding: {
        x: isNumeric
          ? {
              field: 'setting',
              type: 'quantitative',
              title: name,
              scale: domain.scale === 'log' ? { type: 'log' } : { zero: false },
              axis: { grid: false, tickCount: 4, format: '~g', labelOverlap: true },
            }
          : {
              field: 'setting',
              type: 'nominal',
              sort: domain.choices,
              title: name,
              axis: { labelAngle: 0, labelLimit: 90 },
            },
        y: valueAxis('value', { title: title.name, unit: title.unit }),
        color: { ...colours([groups[0]!, groups[2]!], [accent, muted]), legend: null },
        description: { field: 'described', type: 'nominal' },
      },
    },
  }
}

/** The metric after each epoch of each trial; undefined if no trial has two epochs. */
export function trialCurves(study: PlottedStudy): Plot | undefined {
  const { trials, best, title } = study
  const curves = trials.filter(({ epochs }) => epochs.length > 0)
  if (!curves.some(({ epochs }) => epochs.length > 1)) return undefined
  const names = [groups[0]!, 'complete', 'pruned']
  const values = curves.flatMap(({ number, state, epochs }) =>
    epochs.map((value, at) => ({
      trial: number,
      epoch: at + 1,
      value,
      name: number === best ? groups[0]! : state,
    })),
  )
  const pruned = curves.filter(({ state }) => state === 'pruned')
  const encoding = {
    x: countAxis('epoch', 'epoch'),
    y: valueAxis('value', { title: title.name, unit: title.unit }),
    detail: { field: 'trial', type: 'nominal' },
    color: colours(names, [accent, second, muted]),
  }
  const layer = (name: string, strokeWidth: number): PlotSpec => ({
    data: { values: values.filter((value) => value.name === name) },
    mark: { type: 'line', strokeWidth, opacity: 0.9, point: { filled: true, size: 22 } },
    encoding,
  })
  return {
    caption: 'Learning curves of the trials; pruned ones end early',
    alternative: `${title.name} by epoch of ${curves.length} trials, ${pruned.length} of them pruned.`,
    spec: {
      ...landscape,
      layer: [layer('pruned', 1), layer('complete', 1.2), layer(groups[0]!, 2.5)],
    },
  }
}

/** Two objectives of each complete trial, with those that no other trial is better than. */
export function frontPlot(
  points: readonly { trial: number; first: number; second: number; isFront: boolean }[],
  titles: { readonly first: ScoreTitle; readonly second: ScoreTitle },
): Plot {
  const names = ['Pareto front', 'other trials']
  const values = points.map(({ trial, first, second: other, isFront }) => ({
    first,
    second: other,
    name: names[isFront ? 0 : 1],
    described:
      `trial ${trial}: ${titles.first.name} ${formatFigure(first, titles.first.unit)}, ` +
      `${titles.second.name} ${formatFigure(other, titles.second.unit)}`,
  }))
  const front = values.filter(({ name }) => name === names[0])
  const x = valueAxis('second', { title: titles.second.name, unit: titles.second.unit })
  const y = valueAxis('first', { title: titles.first.name, unit: titles.first.unit })
  return {
    caption: `${titles.first.name} against ${titles.second.name}`,
    alternative: `Pareto front of ${front.length} trials: ${front.map(({ described }) => described).join('; ')}.`,
    spec: {
      ...landscape,
      layer: [
        {
          data: { values: front },
          mark: { type: 'line', interpolate: 'step-after', color: accent, strokeWidth: 1.5 },
          encoding: { x, y },
        },
        {
          data: { values },
          mark: { type: 'circle', size: 60, opacity: 1 },
          encoding: {
            x,
            y,
            color: colours(names, [accent, muted]),
            description: { field: 'described', type: 'nominal' },
          },
        },
      ],
    },
  }
}
