// What a report tells first of an evaluation: its headline figures, the labels that do worst, and
// the pairs that are confused most. Laying it out is report-text.ts and report-html.ts.
import type { Evaluation, Interval } from './evaluation.ts'
import type { ClassScores, Scores } from './metrics.ts'

/** One figure with its interval; shares are shown in per cent. */
export type Headline = {
  readonly name: string
  readonly unit: 'share' | 'number'
  readonly value: number
  readonly interval: Interval
}

const headlineNames: Record<keyof Scores, { name: string; unit: Headline['unit'] }> = {
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
  const names = Object.keys(headlineNames) as (keyof Scores)[]
  return names.map((name) => ({
    ...headlineNames[name],
    value: evaluation[name],
    interval: evaluation.intervals[name],
  }))
}

/** Labels with their scores, lowest F1 first; labels that the examples lack come last. */
export function worstClasses(evaluation: Evaluation): (ClassScores & { label: string })[] {
  return Object.entries(evaluation.perClass)
    .map(([label, scores]) => ({ label, ...scores }))
    .sort((a, b) => Number(a.support === 0) - Number(b.support === 0) || a.f1 - b.f1)
}

/** A figure as people read it: `97.3 %` or `0.087`. */
export function formatFigure(value: number, unit: Headline['unit']): string {
  return unit === 'share' ? `${(100 * value).toFixed(1)} %` : value.toFixed(3)
}
