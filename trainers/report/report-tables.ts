// The key figures of an evaluation for a report: headline scores, the worst labels, and a
// comparison of two models. report-text.ts and report-html.ts lay them out.
import type { Evaluation, Interval } from '../evaluation/evaluation.ts'
import type { PairedComparison } from '../evaluation/mcnemar.ts'
import type { ClassScores, Scores } from '../evaluation/metrics.ts'
import type { LabelAreas } from '../evaluation/ranking-metrics.ts'

/** One score with its interval; a `share` is shown in per cent. */
export type Headline = {
  readonly name: string
  readonly unit: 'share' | 'number'
  readonly value: number
  readonly interval: Interval | null
}

/** A difference with a smaller p-value is called significant. */
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

/** The headline scores in the order in which they are shown. */
export function headlines(evaluation: Evaluation): Headline[] {
  const { intervals, topK, rocAuc, averagePrecision } = evaluation
  const top = Object.entries(topK)
    .filter(([k]) => k === '3')
    .map(([k, value]): Headline => {
      return { name: `top ${k}`, unit: 'share', value, interval: intervals.topK[k] ?? null }
    })
  const areas = areaHeadlines([
    { name: 'macro ROC AUC', value: rocAuc.macro, interval: intervals.rocAuc },
    {
      name: 'mean average precision',
      value: averagePrecision.macro,
      interval: intervals.averagePrecision,
    },
  ])
  return [...scoreHeadlines(headlineNames, evaluation), ...top, ...areas]
}

/** The scores that `names` names, in its order. */
export function scoreHeadlines<Score extends string>(
  names: Readonly<Record<Score, Pick<Headline, 'name' | 'unit'>>>,
  evaluation: Readonly<Record<NoInfer<Score>, number>> & {
    readonly intervals: Readonly<Record<NoInfer<Score>, Interval>>
  },
): Headline[] {
  return (Object.keys(names) as Score[]).map((score) => ({
    ...names[score],
    value: evaluation[score],
    interval: evaluation.intervals[score],
  }))
}

/** Areas under curves; one that the examples do not define is left out. */
export function areaHeadlines(
  areas: readonly { name: string; value: number | null; interval: Interval | null }[],
): Headline[] {
  return areas.flatMap(({ name, value, interval }): Headline[] =>
    value === null ? [] : [{ name, unit: 'share', value, interval }],
  )
}

/** Labels with their scores, lowest F1 first; labels without examples come last. */
export function worstClasses(evaluation: {
  readonly perClass: Readonly<Record<string, ClassScores & LabelAreas>>
}): (ClassScores & LabelAreas & { label: string })[] {
  return Object.entries(evaluation.perClass)
    .map(([label, scores]) => ({ label, ...scores }))
    .sort((a, b) => Number(a.support === 0) - Number(b.support === 0) || a.f1 - b.f1)
}

/** One sentence that compares this model with another one on the same examples. */
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

/** A score for display: `97.3 %` or `0.087`. */
export function formatFigure(value: number, unit: Headline['unit']): string {
  return unit === 'share' ? `${(100 * value).toFixed(1)} %` : value.toFixed(3)
}
