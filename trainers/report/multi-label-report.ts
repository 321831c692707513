// The report of a multi-label model, for a terminal and as the parts of a page: which figures are
// shown, in which order. Tables and plots are those of single labels.
import type { Interval } from '../evaluation/bootstrap.ts'
import type { MultiLabelEvaluation } from '../evaluation/multi-label-evaluation.ts'
import type { SetScores } from '../evaluation/multi-label-metrics.ts'
import { formatFigure, type Headline } from './report-tables.ts'

// The F1 of single examples stays in the JSON: one without a label counts as 0 there, which looks
// like a mistake.
/** How each score of sets is called and shown. */
export const setHeadlineNames: Record<
  Exclude<keyof SetScores, 'samplesF1'>,
  Pick<Headline, 'name' | 'unit'>
> = {
  accuracy: { name: 'sets exactly right', unit: 'share' },
  microF1: { name: 'micro F1', unit: 'share' },
  macroF1: { name: 'macro F1', unit: 'share' },
  weightedF1: { name: 'weighted F1', unit: 'share' },
  hammingLoss: { name: 'Hamming loss', unit: 'number' },
  rankingAveragePrecision: { name: 'ranking precision', unit: 'share' },
  logLoss: { name: 'log loss', unit: 'number' },
  brier: { name: 'Brier score', unit: 'number' },
  ece: { name: 'calibration error', unit: 'share' },
}

/** The scores of sets in the order in which they are shown. */
export function setHeadlines(evaluation: MultiLabelEvaluation): Headline[] {
  const { intervals, rocAuc, averagePrecision } = evaluation
  const scores = (Object.keys(setHeadlineNames) as (keyof typeof setHeadlineNames)[]).map(
    (name): Headline => ({
      ...setHeadlineNames[name],
      value: evaluation[name],
      interval: intervals[name],
    }),
  )
  const none: Interval | null = null
  const areas = [
    { name: 'macro ROC AUC', value: rocAuc.macro },
    { name: 'mean average precision', value: averagePrecision.macro },
  ].flatMap(({ name, value }): Headline[] =>
    value === null ? [] : [{ name, unit: 'share', value, interval: none }],
  )
  return [...scores, ...areas]
}

/** One sentence on the sizes of the sets. */
export function cardinalityText({ cardinality }: MultiLabelEvaluation): string {
  const { truth, predicted } = cardinality
  return `${truth.toFixed(2)} labels an example, ${predicted.toFixed(2)} predicted`
}

/** Head and rows of the table of labels, lowest F1 first. */
export function setTable({ perClass }: MultiLabelEvaluation): {
  head: readonly string[]
  rows: readonly (readonly string[])[]
} {
  const head = [
    'label',
    'threshold',
    'precision',
    'recall',
    'F1',
    'average precision',
    'ROC AUC',
    'examples',
  ]
  const rows = Object.entries(perClass)
    .sort(([, a], [, b]) => Number(a.support === 0) - Number(b.support === 0) || a.f1 - b.f1)
    .map(([label, { threshold, precision, recall, f1, averagePrecision, rocAuc, support }]) => [
      label,
      threshold.toFixed(3),
      ...[precision, recall, f1, averagePrecision, rocAuc].map((share) =>
        share === null ? '' : formatFigure(share, 'share'),
      ),
      String(support),
    ])
  return { head, rows }
}
