// A cross-validation as text for a terminal: a line for each fold, then each score with its mean,
// deviation and interval, and how the recipe does against another one.
import { counted } from '../../schemas/counted.ts'
import type { RecipeComparison } from './compare-recipes.ts'
import type { CrossValidated } from './cv-record.ts'
import type { DataManifest } from '../data/dataset.ts'
import { ruleLines } from '../data/rule-report.ts'
import { setHeadlineNames } from '../report/multi-label-report.ts'
import {
  formatFigure,
  headlineNames,
  significanceLevel,
  type Headline,
} from '../report/report-tables.ts'
import { table, type TextStyle } from '../report/report-text.ts'

type Title = Pick<Headline, 'name' | 'unit'>

/** Rows of cells; the first row is the head. */
export type Rows = readonly (readonly string[])[]

/** Scores in the table of folds; all of them follow below. */
const foldScores = ['accuracy', 'macroF1', 'logLoss', 'ece'] as const
/** The scores that are better if they are smaller. */
export const losses: ReadonlySet<string> = new Set(['logLoss', 'brier', 'ece', 'hammingLoss'])

/** What is read of a run. */
export type CvReport = Pick<
  CrossValidated,
  'folds' | 'mean' | 'deviation' | 'intervals' | 'intervalMethod' | 'foldPlan' | 'dataManifest'
> & { readonly comparison?: RecipeComparison | undefined }

/** The report as lines of at most some 100 columns. */
export function cvReportText(report: CvReport, style: TextStyle = (_, text) => text): string {
  const titles = cvTitles(report)
  const parts = [table(foldRows(report)), table(scoreRows(report)), comparisonLines(report, titles)]
  return parts
    .filter((lines) => lines.length > 0)
    .map(([first = '', ...rest]) => [style('dim', first), ...rest].join('\n'))
    .join('\n\n')
}

/** How each score of a cross-validation is called and shown, in order. */
export function cvTitles({
  dataManifest,
}: Pick<CvReport, 'dataManifest'>): Readonly<Record<string, Title>> {
  return dataManifest.train.task === 'multi-label' ? setHeadlineNames : headlineNames
}

/** What the data rules found, one line each. */
export function cvRuleLines(manifest: DataManifest): string[] {
  const { rules } = manifest
  const single = rules?.singleExampleLabels ?? []
  const lines = ruleLines({ ...manifest, rules: rules && { ...rules, singleExampleLabels: [] } })
  if (single.length === 0) return lines
  const named = single.slice(0, labelsShownMax).map((label) => JSON.stringify(label))
  const more = single.length > named.length ? ` and ${single.length - named.length} more` : ''
  return [
    ...lines,
    `${counted(single.length, 'label')} with a single example, tested by a model that has not seen ` +
      `the label: ${named.join(', ')}${more}`,
  ]
}

const labelsShownMax = 10

/** The table of folds. */
export function foldRows(report: CvReport): Rows {
  const { folds, foldPlan } = report
  const titles = cvTitles(report)
  const isRepeated = foldPlan.repeats > 1
  const head = [
    'Fold',
    'trained',
    'tested',
    ...foldScores.map((name) => titles[name]!.name),
    'chose',
  ]
  const rows = folds.map(({ repeat, fold, trained, tested, metrics, chosen }) => [
    isRepeated ? `${repeat}/${fold}` : String(fold),
    trained.toLocaleString('en-US'),
    tested.toLocaleString('en-US'),
    ...foldScores.map((name) => formatFigure(metrics[name]!, titles[name]!.unit)),
    Object.entries(chosen)
      .map(([name, value]) => `${chosenNames[name] ?? name} ${value}`)
      .join(', '),
  ])
  return [head, ...rows]
}

const chosenNames: Readonly<Record<string, string>> = {
  inverseRegularisation: 'C',
  bestEpoch: 'epoch',
}

/** The table of scores over the folds. */
export function scoreRows(report: CvReport): Rows {
  const titles = cvTitles(report)
  const { folds, mean, deviation, intervals, intervalMethod } = report
  const share = `${100 * intervalMethod.confidence} % interval of the mean`
  const rows = Object.entries(titles).map(([name, { name: title, unit }]) => {
    const { low, high } = intervals[name]!
    return [
      title,
      formatFigure(mean[name]!, unit),
      formatFigure(deviation[name]!, unit),
      `[${formatFigure(low, unit)}, ${formatFigure(high, unit)}]`,
    ]
  })
  return [[`Over ${counted(folds.length, 'fold')}`, 'mean', 'deviation', share], ...rows]
}

/** How a recipe does against another one on the same folds, as a table; empty without another. */
export function comparisonLines(
  { comparison }: Pick<CvReport, 'comparison'>,
  titles: Readonly<Record<string, Title>>,
): string[] {
  return comparison === undefined ? [] : table(comparisonRows(comparison, titles))
}

/** The table of a comparison with another recipe on the same folds. */
export function comparisonRows(
  comparison: RecipeComparison,
  titles: Readonly<Record<string, Title>>,
): Rows {
  const rows = Object.entries(titles).map(([name, { name: title, unit }]) => {
    const { mean, low, high, pValue } = comparison.differences[name]!
    const signed = `${mean > 0 ? '+' : ''}${formatFigure(mean, unit)}`
    const isBetter = losses.has(name) ? mean < 0 : mean > 0
    const verdict = pValue >= significanceLevel ? 'may be chance' : isBetter ? 'better' : 'worse'
    return [
      title,
      signed,
      `[${formatFigure(low, unit)}, ${formatFigure(high, unit)}]`,
      pValue < 0.001 ? 'p < 0.001' : `p = ${pValue.toFixed(3)}`,
      verdict,
    ]
  })
  const head = [`Against ${comparison.with}`, 'difference', 'interval', 'paired t', '']
  return [head, ...rows]
}
