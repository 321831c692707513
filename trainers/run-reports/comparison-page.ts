// The report that compares two runs of any kind: what differs in settings and data, and how far the
// scores are apart, where they can be compared.
import { comparisonRows } from '../cross-validation/cv-report.ts'
import { readCvRecord } from '../cross-validation/cv-record.ts'
import { isOfSets, type TaskEvaluation } from '../evaluation/multi-label-evaluation.ts'
import { losses } from '../cross-validation/cv-report.ts'
import { escapeHtml, htmlTable, paragraph, section, type Section } from '../report/report-markup.ts'
import { reportPage } from '../report/report-page.ts'
import { drawPlots, type Plot } from '../report/report-svg.ts'
import { formatFigure, significanceLevel } from '../report/report-tables.ts'
import type { Verdict } from '../report/report-verdict.ts'
import { readRunRecord } from '../runs/run-record.ts'
import { compareRuns, type RunComparison } from '../tracking/compare-runs.ts'
import { agreementLines, scoreTitles, titleOf, valueText } from '../tracking/run-words.ts'
import type { TrackedRun } from '../tracking/tracked-run.ts'
import { tableOf } from './cv-page.ts'
import { pairedFoldPlot } from './fold-plots.ts'
import { intervalPlot, labelGapPlot } from './comparison-plots.ts'

/** Scores of folds with a plot. */
const pairedScores = ['accuracy', 'macroF1', 'logLoss'] as const
/** Labels whose F1 differs most. */
const labelsShownMax = 40

/** Two runs side by side. */
export type ComparedRuns = { readonly first: TrackedRun; readonly second: TrackedRun }

/** The page that compares the second run with the first. */
export async function comparisonPage(storeDir: string, runs: ComparedRuns): Promise<string> {
  const { first, second } = runs
  const comparison = await compareRuns(storeDir, runs)
  const evaluations = {
    first: await evaluationOf(storeDir, first),
    second: await evaluationOf(storeDir, second),
  }
  return reportPage({
    title: `${nameOf(first)} against ${nameOf(second)}`,
    verdict: verdictOfPair(comparison, runs),
    facts: [
      ['First run', `${first.run}, ${first.kind} ${first.method}`],
      ['Second run', `${second.run}, ${second.kind} ${second.method}`],
      ['Measured on, first', comparison.measuredOn.first ?? 'unknown'],
      ['Measured on, second', comparison.measuredOn.second ?? 'unknown'],
    ],
    sections: [
      await scoreSection(comparison, runs),
      await foldSection(storeDir, comparison),
      await labelSection(evaluations),
      parameterSection(comparison),
      section('Data', [
        `<ul>${agreementLines(comparison)
          .map((line) => `<li>${escapeHtml(line)}</li>`)
          .join('')}</ul>`,
      ]),
    ],
  })
}

function nameOf({ name, kind, model }: TrackedRun): string {
  return kind === 'train' && model !== null ? model : `${name} (${kind})`
}

async function evaluationOf(
  storeDir: string,
  run: TrackedRun,
): Promise<TaskEvaluation | undefined> {
  if (run.kind === 'cv') return (await readCvRecord(storeDir, run.run))?.metrics
  const training = run.kind === 'train' ? run.run : run.trainingRun
  return training === null ? undefined : (await readRunRecord(storeDir, training))?.evaluation
}

function verdictOfPair(comparison: RunComparison, { first }: ComparedRuns): Verdict {
  const name = first.mainMetric
  const pair = comparison.metrics.find((each) => each.name === name)
  const isSame = comparison.measuredOn.first === comparison.measuredOn.second
  const title = titleOf(first.task, name)
  if (pair === undefined || pair.difference === null) {
    return { grade: 'Not comparable', sentences: ['The runs have no score in common.'] }
  }
  const { difference } = pair
  const figure = (value: number | null): string =>
    value === null ? '' : formatFigure(value, title.unit)
  const sentences = [
    `${title.name} is ${figure(pair.second)} in the second run and ${figure(pair.first)} in the first.`,
  ]
  const test = comparison.test?.differences[name]
  if (!isSame) {
    sentences.push('They were measured on different texts, so the difference says little.')
    return { grade: 'Measured on different texts', sentences }
  }
  const isBetter = losses.has(name) ? difference < 0 : difference > 0
  const grade =
    difference === 0 ? 'Equal' : isBetter ? 'The second is better' : 'The first is better'
  if (test === undefined) {
    sentences.push(
      'To see whether that is more than chance, run both models on the same texts with: ' +
        'winnow evaluate --compare',
    )
    return { grade, sentences }
  }
  const p = test.pValue < 0.001 ? 'p < 0.001' : `p = ${test.pValue.toFixed(3)}`
  const isChance = test.pValue >= significanceLevel
  sentences.push(
    isChance
      ? `Fold by fold, that may be chance (corrected paired t test, ${p}).`
      : `Fold by fold, that is more than chance (corrected paired t test, ${p}).`,
  )
  return { grade: isChance ? 'No clear difference' : grade, sentences }
}

async function scoreSection(
  comparison: RunComparison,
  { first, second }: ComparedRuns,
): Promise<Section | undefined> {
  if (comparison.metrics.length === 0) return undefined
  const rows = comparison.metrics.map((pair) => {
    const title = titleOf(first.task, pair.name)
    const figure = (value: number | null): string =>
      value === null ? '-' : formatFigure(value, title.unit)
    const sign = (pair.difference ?? 0) > 0 ? '+' : ''
    return [title.name, figure(pair.first), figure(pair.second), sign + figure(pair.difference)]
  })
  const plot = intervalPlot({ first, second })
  return section('Scores', [
    plot === undefined ? '' : await drawPlots([plot]),
    htmlTable({ name: 'Scores', head: ['score', 'first', 'second', 'difference'], rows }),
  ])
}

async function foldSection(
  storeDir: string,
  { first, second, test }: RunComparison,
): Promise<Section | undefined> {
  if (test === null) return undefined
  const [one, other] = [await readCvRecord(storeDir, first), await readCvRecord(storeDir, second)]
  if (one === undefined || other === undefined) return undefined
  const plots = pairedScores
    .filter((name) => name in one.mean && name in other.mean)
    .map((name): Plot =>
      pairedFoldPlot(
        { first: one.folds, second: other.folds },
        { name, title: scoreTitles[name]! },
      ),
    )
  const titles = Object.fromEntries(
    Object.keys(test.differences).flatMap((name) => {
      const title = scoreTitles[name]
      return title === undefined ? [] : [[name, title]]
    }),
  )
  return section('Fold by fold', [
    paragraph('Both runs have the same folds, so each fold gives one difference.'),
    await drawPlots(plots),
    tableOf('Differences over the folds', comparisonRows(test, titles)),
  ])
}

/** The labels whose F1 differs most between the runs. */
async function labelSection({
  first,
  second,
}: {
  readonly first: TaskEvaluation | undefined
  readonly second: TaskEvaluation | undefined
}): Promise<Section | undefined> {
  if (first === undefined || second === undefined) return undefined
  if (isOfSets(first) !== isOfSets(second)) return undefined
  const gaps = Object.entries(first.perClass).flatMap(([label, { f1 }]) => {
    const other = Object.hasOwn(second.perClass, label) ? second.perClass[label] : undefined
    return other === undefined ? [] : [{ label, first: f1, second: other.f1 }]
  })
  const shown = gaps
    .filter((gap) => gap.first !== gap.second)
    .toSorted((a, b) => Math.abs(b.second - b.first) - Math.abs(a.second - a.first))
    .slice(0, labelsShownMax)
    .toSorted((a, b) => b.second - b.first - (a.second - a.first))
  if (shown.length === 0) return undefined
  const rows = shown.map(({ label, first: one, second: other }) => [
    label,
    formatFigure(one, 'share'),
    formatFigure(other, 'share'),
    `${other > one ? '+' : ''}${(100 * (other - one)).toFixed(1)}`,
  ])
  const note = shown.length < gaps.length ? ` The ${shown.length} labels that differ most:` : ''
  return section('Labels', [
    paragraph(`F1 of each label in both runs, gains of the second run first.${note}`),
    await drawPlots([labelGapPlot(shown)]),
    htmlTable({
      name: 'F1 of each label',
      head: ['label', 'first', 'second', 'points'],
      rows,
    }),
  ])
}

function parameterSection({ parameters }: RunComparison): Section | undefined {
  if (parameters.length === 0) {
    return section('Settings that differ', [paragraph('None.')])
  }
  const rows = parameters.map((pair) => [pair.name, shortText(pair.first), shortText(pair.second)])
  return section('Settings that differ', [
    htmlTable({
      name: 'Settings that differ',
      head: ['setting', 'first', 'second'],
      rows,
      kind: 'texts',
    }),
  ])
}

const settingCharactersMax = 300

function shortText(value: unknown): string {
  const text = valueText(value)
  return text.length > settingCharactersMax ? `${text.slice(0, settingCharactersMax)}…` : text
}
