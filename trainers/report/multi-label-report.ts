// Chooses what a report shows of a multi-label model, and in which order. report-text.ts and
// report-html.ts lay it out.
import type { MultiLabelEvaluation } from '../evaluation/multi-label-evaluation.ts'
import type { SetScores } from '../evaluation/multi-label-metrics.ts'
import { areaHeadlines, formatFigure, scoreHeadlines, type Headline } from './report-tables.ts'

// The report leaves out samplesF1: an example without a label counts as 0, which looks like a
// mistake. The JSON has it.
/** The name and unit of each multi-label score. */
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

/** The headline scores of a multi-label model, in the order in which they are shown. */
export function setHeadlines(evaluation: MultiLabelEvaluation): Headline[] {
  const { rocAuc, averagePrecision } = evaluation
  const areas = areaHeadlines([
    { name: 'macro ROC AUC', value: rocAuc.macro, interval: null },
    { name: 'mean average precision', value: averagePrecision.macro, interval: null },
  ])
  return [...scoreHeadlines(setHeadlineNames, evaluation), ...areas]
}

/** The mean number of labels per example, as one phrase. */
export function cardinalityText({ cardinality }: MultiLabelEvaluation): string {
  const { truth, predicted } = cardinality
  return `${truth.toFixed(2)} labels per example, ${predicted.toFixed(2)} predicted`
}

/** The head and rows of the table of labels, lowest F1 first. */
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
