// Renders an evaluation as text for a terminal. It owns layout, widths and emphasis; the command
// decides on colour and prints the text.
import { counted } from '../../schemas/counted.ts'
import type { Evaluation } from '../evaluation/evaluation.ts'
import { isOfSets, type MultiLabelEvaluation } from '../evaluation/multi-label-evaluation.ts'
import { cardinalityText, setHeadlines, setTable } from './multi-label-report.ts'
import type { ModelComparison } from '../evaluation/evaluate-version.ts'
import {
  comparisonText,
  formatFigure,
  headlines,
  significanceLevel,
  worstClasses,
  type Headline,
} from './report-tables.ts'
import { verdictOf, type EvaluationReport } from './report-verdict.ts'

/** Styles text, as `Terminal.style` does; the identity function gives plain text. */
export type TextStyle = (as: 'bold' | 'dim' | 'green' | 'yellow' | 'red', text: string) => string

const columnsMax = 98
const classesShown = 10
const confusionsShown = 8
const slicesShown = 4
/** With more labels, the confusion matrix is left out; the pairs above it say more. */
const matrixLabelsMax = 12
const labelCharactersMax = 28
/** A slice is listed if its accuracy is this far below that of all examples. */
const weakSliceGap = 0.02

/**
 * The report as lines of at most about 100 columns. Label names are made safe for a terminal.
 *
 * @example
 * console.log(renderReportText(evaluation))
 */
export function renderReportText(
  evaluation: EvaluationReport,
  style: TextStyle = (_, text) => text,
): string {
  if (isOfSets(evaluation)) return multiLabelReport(evaluation, style)
  const parts = [
    verdictLines(evaluation, style),
    headlineLines({ ...evaluation, figures: headlines(evaluation) }, style),
    trustLines(evaluation),
    comparisonLines(evaluation.comparison, style),
    classLines(evaluation, style),
    confusionLines(evaluation, style),
    weakSliceLines(evaluation, style),
  ]
  const { labels } = evaluation.confusion
  if (labels.length <= matrixLabelsMax) parts.push(matrixLines(evaluation, style))
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

/** `renderReportText` for a multi-label model. */
function multiLabelReport(
  evaluation: MultiLabelEvaluation & EvaluationReport,
  style: TextStyle,
): string {
  const { head, rows } = setTable(evaluation)
  const shown = rows.slice(0, classesShown)
  const title =
    shown.length < rows.length ? `Worst ${shown.length} of ${rows.length} labels` : 'Labels'
  const labels = shown.map(([label = '', ...figures]) => [printable(label), ...figures])
  const parts = [
    verdictLines(evaluation, style),
    headlineLines({ ...evaluation, figures: setHeadlines(evaluation) }, style),
    [cardinalityText(evaluation)],
    comparisonLines(evaluation.comparison, style),
    headed(table([[title, ...head.slice(1)], ...labels]), style),
  ]
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

/** The grade with the first sentence, then one sentence per line, wrapped at about 100 columns. */
function verdictLines(report: EvaluationReport, style: TextStyle): string[] {
  const { grade, sentences } = verdictOf(report)
  const [first = '', ...others] = sentences
  const [head = '', ...rest] = wrapped(`${grade}: ${first}`)
  return [style('bold', head), ...rest, ...others.flatMap(wrapped)]
}

function wrapped(sentence: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of sentence.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columnsMax) {
      lines.push(line)
      line = `  ${word}`
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

function headlineLines(
  report: { examples: number; intervals: { confidence: number }; figures: readonly Headline[] },
  style: TextStyle,
): string[] {
  const { examples, intervals, figures } = report
  const share = 100 * intervals.confidence
  const rows = figures.map(({ name, unit, value, interval }) => [
    name,
    formatFigure(value, unit),
    interval === null
      ? ''
      : `[${formatFigure(interval.low, unit)}, ${formatFigure(interval.high, unit)}]`,
  ])
  const [accuracy = '', ...others] = table(rows)
  return [
    `${counted(examples, 'text')}, ${share} % bootstrap intervals`,
    style('bold', accuracy),
    ...others,
  ]
}

function trustLines({ calibration, abstention }: Evaluation): string[] {
  const { temperature, eceBefore, eceAfter } = calibration
  const lines: string[] = []
  if (temperature !== 1) {
    lines.push(
      `temperature ${temperature.toFixed(3)}: calibration error ` +
        `${formatFigure(eceBefore, 'share')} before, ${formatFigure(eceAfter, 'share')} after`,
    )
  }
  if (abstention.coverage !== null && abstention.risk !== null) {
    lines.push(
      `abstaining above ${abstention.score} ${abstention.threshold?.toFixed(3) ?? ''}: ` +
        `${formatFigure(abstention.coverage, 'share')} keep their label, ` +
        `${formatFigure(abstention.risk, 'share')} of them wrong`,
    )
  }
  return lines
}

function comparisonLines(comparison: ModelComparison | undefined, style: TextStyle): string[] {
  if (comparison === undefined) return []
  const { pValue, difference } = comparison
  const colour = pValue >= significanceLevel ? 'yellow' : difference > 0 ? 'green' : 'red'
  const [verdict = '', ...figures] = comparisonText(comparison).split(': ')
  return [style(colour, verdict), figures.join(': ')]
}

function classLines(evaluation: Evaluation, style: TextStyle): string[] {
  const classes = worstClasses(evaluation)
  const shown = classes.slice(0, classesShown)
  const title =
    shown.length < classes.length ? `Worst ${shown.length} of ${classes.length} labels` : 'Labels'
  const rows = shown.map(({ label, precision, recall, f1, support }) => [
    printable(label),
    ...[precision, recall, f1].map((share) => formatFigure(share, 'share')),
    String(support),
  ])
  return headed(table([[title, 'precision', 'recall', 'F1', 'examples'], ...rows]), style)
}

function confusionLines(evaluation: Evaluation, style: TextStyle): string[] {
  const pairs = evaluation.mostConfused
  if (pairs.length === 0) return ['No mistakes.']
  const rows = pairs
    .slice(0, confusionsShown)
    .map(({ truth, predicted, count }) => [printable(truth), printable(predicted), String(count)])
  return headed(table([['Truth', 'predicted', 'times'], ...rows]), style)
}

/** The worst slices, if their accuracy is clearly below that of all examples. */
function weakSliceLines({ slices, accuracy }: Evaluation, style: TextStyle): string[] {
  const weak = slices
    .filter((slice) => slice.interval.high < accuracy || slice.accuracy < accuracy - weakSliceGap)
    .sort((a, b) => a.accuracy - b.accuracy)
    .slice(0, slicesShown)
  if (weak.length === 0) return []
  const rows = weak.map(({ by, value, accuracy: own, examples }) => [
    printable(`${by.replace('attribute:', '')}: ${value}`),
    formatFigure(own, 'share'),
    String(examples),
  ])
  return headed(table([['Weakest slices', 'accuracy', 'examples'], ...rows]), style)
}

function matrixLines({ confusion }: Evaluation, style: TextStyle): string[] {
  const columns = confusion.labels.map((label) => printable(label).slice(0, 10))
  const rows = confusion.matrix.map((counts, row) => [
    printable(confusion.labels[row]!),
    ...counts.map(String),
  ])
  return headed(table([['Truth \\ predicted', ...columns], ...rows]), style)
}

function headed([first = '', ...rest]: string[], style: TextStyle): string[] {
  return [style('dim', first), ...rest]
}

/** Aligns the first column left and the others right, with two spaces between columns. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  )
}

/** Replaces control characters, which must not reach a terminal, and truncates long labels. */
function printable(label: string): string {
  const safe = label.replace(/\p{C}/gu, '\uFFFD')
  return safe.length > labelCharactersMax ? `${safe.slice(0, labelCharactersMax - 1)}\u2026` : safe
}
