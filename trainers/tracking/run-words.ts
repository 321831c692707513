// The words for what a tracked run holds, for the terminal and for reports: names and figures of
// scores, settings, and whether two runs had the same data.
import { setHeadlineNames } from '../report/multi-label-report.ts'
import { formatFigure, headlineNames, type Headline } from '../report/report-tables.ts'
import type { RunComparison } from './compare-runs.ts'
import { dataParts, type RunMetric, type TrackedRun } from './tracked-run.ts'

/** How a score is called and shown. */
export type ScoreTitle = Pick<Headline, 'name' | 'unit'>

/** Every score that runs have, by the name that it has in JSON. */
export const scoreTitles: Readonly<Record<string, ScoreTitle>> = {
  ...setHeadlineNames,
  ...headlineNames,
  // Of a tune only; evaluations do not measure it.
  msPerText: { name: 'ms per text', unit: 'number' },
}

/** How a score of a task is called and shown; one without a title has its own name. */
export function titleOf(task: TrackedRun['task'], name: string): ScoreTitle {
  const titles: Readonly<Record<string, ScoreTitle>> =
    task === 'multi-label' ? setHeadlineNames : headlineNames
  return titles[name] ?? scoreTitles[name] ?? { name, unit: 'number' }
}

/** A score with its interval, such as `91.2 % [89.9 %, 92.4 %]`. */
export function metricText({ value, interval }: RunMetric, { unit }: ScoreTitle): string {
  if (interval === null) return formatFigure(value, unit)
  const [low, high] = [formatFigure(interval.low, unit), formatFigure(interval.high, unit)]
  return `${formatFigure(value, unit)} [${low}, ${high}]`
}

/** The value of a setting; `-` where there is none. */
export function valueText(value: unknown): string {
  if (value === undefined) return '-'
  if (typeof value === 'string') return value
  const isDecimal = typeof value === 'number' && !Number.isInteger(value)
  return isDecimal ? String(Number(value.toPrecision(4))) : JSON.stringify(value)
}

/** Settings in a row, such as `c 3, pooled-layers every`. */
export function settingsText(parameters: Readonly<Record<string, unknown>>): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${name} ${valueText(value)}`)
    .join(', ')
}

const agreementWords = {
  same: 'the same',
  different: 'different',
  unknown: 'not recorded for one of the runs',
} as const

/** Which data and folds two runs share, a sentence or a phrase for each. */
export function agreementLines({ data, folds, measuredOn }: RunComparison): string[] {
  const lines = dataParts.flatMap((part) => {
    const agreement = data[part]
    return agreement === undefined ? [] : [`${part}: ${agreementWords[agreement]}`]
  })
  if (folds !== null) lines.push(`folds: ${agreementWords[folds]}`)
  if (measuredOn.first !== measuredOn.second) {
    lines.push(
      `The metrics were measured on different texts: ${measuredOn.first ?? 'unknown'} (first), ` +
        `${measuredOn.second ?? 'unknown'} (second).`,
    )
  }
  if (folds === 'different') {
    lines.push('The folds differ, so there is no paired test.')
  }
  return lines
}
