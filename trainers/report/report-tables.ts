// What a report tells first of an evaluation: its headline figures, the labels that do worst, and
// how two models compare. Laying it out is report-text.ts and report-html.ts.
import type { Evaluation, Interval } from '../evaluation/evaluation.ts'
import type { PairedComparison } from '../evaluation/mcnemar.ts'
import type { ClassScores, Scores } from '../evaluation/metrics.ts'
import type { LabelAreas } from '../evaluation/ranking-metrics.ts'

/** One figure with its interval; shares are shown in per cent. */
export type Headline = {
  readonly name: string
  readonly unit: 'share' | 'number'
  readonly value: number
  readonly interval: Interval | null
}

/** Differences with a smaller p-value are called significant. */
export const significanceLevel = 0.05

/** How each score is called and shown. */
export const headlineNames: Record<keyof Scores, { name: string; unit: Headline['unit'] }> = {
  accuracy: { name: 'accuracy', unit: 'share' },
  macroF1: { name: 'macro F1', unit: 'share' },
  weightedF1: { name: 'weighted F1', unit: 'share' },
  mcc: { name: 'Matthews correlation', unit: 'number' },
  logLoss: { name: 'log loss', unit: 'number' },
  brier: { name: 'Brier score', unit: 'number' },
  ece: { name: 'calibration error', unit: 'share' },
}

/** The scores in the order in which they are shown. */
export function headlines(evaluation: Evaluation): Headline[] {
  const { intervals, topK, rocAuc, averagePrecision } = evaluation
  const scores = (Object.keys(headlineNames) as (keyof Scores)[]).map((name) => ({
    ...headlineNames[name],
    value: evaluation[name],
    interval: intervals[name],
  }))
  const top = Object.entries(topK)
    .filter(([k]) => k === '3')
    .map(([k, value]): Headline => {
      return { name: `top ${k}`, unit: 'share', value, interval: intervals.topK[k] ?? null }
    })
  const areas = [
    { name: 'macro ROC AUC', value: rocAuc.macro, interval: intervals.rocAuc },
    {
      name: 'mean average precision',
      value: averagePrecision.macro,
      interval: intervals.averagePrecision,
    },
  ].flatMap(({ value, ...area }): Headline[] =>
    value === null ? [] : [{ ...area, unit: 'share', value }],
  )
  return [...scores, ...top, ...areas]
}

/** Labels with their scores, lowest F1 first; labels that the examples lack come last. */
export function worstClasses(evaluation: {
  readonly perClass: Readonly<Record<string, ClassScores & LabelAreas>>
}): (ClassScores & LabelAreas & { label: string })[] {
  return Object.entries(evaluation.perClass)
    .map(([label, scores]) => ({ label, ...scores }))
    .sort((a, b) => Number(a.support === 0) - Number(b.support === 0) || a.f1 - b.f1)
}

/** One sentence on how this model does against another on the same examples. */
export function comparisonText(comparison: PairedComparison & { readonly with: string }): string {
  const { difference, pValue, onlyFirstRight, onlySecondRight, test } = comparison
  const points = (100 * Math.abs(difference)).toFixed(1)
  const outcome =
    pValue >= significanceLevel
      ? 'no significant difference from'
      : difference > 0
        ? 'significantly better than'
        : 'significantly worse than'
  const p = pValue < 0.001 ? 'p < 0.001' : `p = ${pValue.toFixed(3)}`
  return (
    `${outcome} ${comparison.with}: accuracy ${difference < 0 ? 'lower' : 'higher'} by ${points} points; ` +
    `only this one right ${onlyFirstRight} times, only the other ${onlySecondRight} ` +
    `(McNemar, ${test}, ${p})`
  )
}

/** A figure as people read it: `97.3 %` or `0.087`. */
export function formatFigure(value: number, unit: Headline['unit']): string {
  return unit === 'share' ? `${(100 * value).toFixed(1)} %` : value.toFixed(3)
}
