// The plots of cross-validations: each score of each fold with the mean and its interval, and two
// recipes on the same folds.
import type { CvRecord } from '../cross-validation/cv-record.ts'
import type { JudgedFold } from '../cross-validation/fold-scores.ts'
import { accent, muted, valueAxis } from '../report/plot-parts.ts'
import type { Plot } from '../report/report-svg.ts'
import { formatFigure } from '../report/report-tables.ts'
import type { ScoreTitle } from '../tracking/run-words.ts'

/** Scores with a plot, where the folds have them. */
const plottedScores = ['accuracy', 'microF1', 'macroF1', 'logLoss', 'ece'] as const
const plotsMax = 4

/** A plot for each of the main scores. */
export function foldPlots(
  { folds, mean, intervals }: Pick<CvRecord, 'folds' | 'mean' | 'intervals'>,
  titles: Readonly<Record<string, ScoreTitle>>,
): Plot[] {
  return plottedScores
    .filter((name) => name in mean && name in titles)
    .slice(0, plotsMax)
    .map((name) =>
      foldPlot(folds, { name, title: titles[name]!, mean: mean[name]!, interval: intervals[name] }),
    )
}

function foldPlot(
  folds: readonly JudgedFold[],
  score: {
    name: string
    title: ScoreTitle
    mean: number
    interval: { readonly low: number; readonly high: number } | undefined
  },
): Plot {
  const { name, title, mean, interval } = score
  const values = folds.map(({ fold, repeat, metrics }) => {
    const value = metrics[name]!
    const which = folds.some((other) => other.repeat > 1) ? `${repeat}/${fold}` : `${fold}`
    return { at: which, value, described: `fold ${which}: ${formatFigure(value, title.unit)}` }
  })
  const { low, high } = interval ?? { low: mean, high: mean }
  const y = valueAxis('value', { title: title.name, unit: title.unit })
  const only = [{ mean, low, high }]
  const read = values.map(({ described }) => described).slice(0, foldsRead)
  return {
    caption: `${title.name}: folds, mean and its interval`,
    alternative:
      `${title.name}: mean ${formatFigure(mean, title.unit)}, interval from ` +
      `${formatFigure(low, title.unit)} to ${formatFigure(high, title.unit)}; ${read.join(', ')}.`,
    spec: {
      width: 300,
      height: 170,
      layer: [
        {
          data: { values: only },
          mark: { type: 'rect', color: accent, opacity: 0.15, aria: false },
          encoding: { y: { ...y, field: 'low' }, y2: { field: 'high' } },
        },
        {
          data: { values: only },
          mark: { type: 'rule', color: accent, strokeWidth: 2, aria: false },
          encoding: { y: { ...y, field: 'mean' } },
        },
        {
          data: { values },
          mark: { type: 'circle', size: 70, opacity: 1, color: muted },
          encoding: {
            x: {
              field: 'at',
              type: 'nominal',
              sort: null,
              title: 'fold',
              axis: { labelAngle: 0, labelOverlap: true },
            },
            y,
            description: { field: 'described', type: 'nominal' },
          },
        },
      ],
    },
  }
}

const foldsRead = 20

/** One score of two recipes, fold by fold; `first` and `second` have the same folds. */
export function pairedFoldPlot(
  runs: {
    readonly first: readonly JudgedFold[]
    readonly second: readonly JudgedFold[]
  },
  { name, title }: { name: string; title: ScoreTitle },
): Plot {
  const values = runs.first.flatMap((fold, at) => {
    const pair = `${fold.repeat}/${fold.fold}`
    const other = runs.second[at]!
    return [
      { pair, run: 'first', value: fold.metrics[name]! },
      { pair, run: 'second', value: other.metrics[name]! },
    ]
  })
  const better = runs.first.filter(
    (fold, at) => runs.second[at]!.metrics[name]! > fold.metrics[name]!,
  )
  return {
    caption: `${title.name} of each fold, first and second run`,
    alternative: `${title.name} is higher in the second run on ${better.length} of ${runs.first.length} folds.`,
    spec: {
      width: 220,
      height: 200,
      data: { values },
      mark: { type: 'line', point: { filled: true, size: 50, color: accent }, color: muted },
      encoding: {
        x: {
          field: 'run',
          type: 'nominal',
          sort: null,
          title: null,
          scale: { padding: 0.4 },
          axis: { labelAngle: 0 },
        },
        y: valueAxis('value', { title: title.name, unit: title.unit }),
        detail: { field: 'pair', type: 'nominal' },
      },
    },
  }
}
