// An evaluation as plain text for a terminal. It owns widths and abbreviations; colour and where
// the text goes are the command's.
import type { Evaluation } from './evaluation.ts'
import { formatFigure, headlines, worstClasses } from './report-tables.ts'

const classesShown = 10
const confusionsShown = 8
/** A wider confusion matrix is left out: the pairs above it say more. */
const matrixLabelsMax = 12
const labelCharactersMax = 28

/**
 * The report as lines of at most some 100 columns. Label names are made safe for a terminal.
 *
 * @example
 * console.log(renderReportText(evaluation))
 */
export function renderReportText(evaluation: Evaluation): string {
  const parts = [headlineLines(evaluation), classLines(evaluation), confusionLines(evaluation)]
  const { labels } = evaluation.confusion
  if (labels.length <= matrixLabelsMax) parts.push(matrixLines(evaluation))
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

function headlineLines(evaluation: Evaluation): string[] {
  const { examples, intervals } = evaluation
  const share = 100 * intervals.confidence
  const rows = headlines(evaluation).map(({ name, unit, value, interval }) => [
    name,
    formatFigure(value, unit),
    `[${formatFigure(interval.low, unit)}, ${formatFigure(interval.high, unit)}]`,
  ])
  return [`${examples} examples, ${share} % bootstrap intervals`, ...table(rows)]
}

function classLines(evaluation: Evaluation): string[] {
  const classes = worstClasses(evaluation)
  const shown = classes.slice(0, classesShown)
  const title =
    shown.length < classes.length ? `Worst ${shown.length} of ${classes.length} labels` : 'Labels'
  const rows = shown.map(({ label, precision, recall, f1, support }) => [
    printable(label),
    ...[precision, recall, f1].map((share) => formatFigure(share, 'share')),
    String(support),
  ])
  return table([[title, 'precision', 'recall', 'F1', 'examples'], ...rows])
}

function confusionLines(evaluation: Evaluation): string[] {
  const pairs = evaluation.mostConfused
  if (pairs.length === 0) return ['No mistakes.']
  const rows = pairs
    .slice(0, confusionsShown)
    .map(({ truth, predicted, count }) => [printable(truth), printable(predicted), String(count)])
  return table([['Truth', 'taken for', 'times'], ...rows])
}

function matrixLines({ confusion }: Evaluation): string[] {
  const columns = confusion.labels.map((label) => printable(label).slice(0, 10))
  const rows = confusion.matrix.map((counts, row) => [
    printable(confusion.labels[row]!),
    ...counts.map(String),
  ])
  return table([['Truth \\ predicted', ...columns], ...rows])
}

/** First column to the left, the others to the right, two spaces between. */
function table(rows: readonly (readonly string[])[]): string[] {
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

/** Labels come from data: control characters must not reach a terminal. */
function printable(label: string): string {
  const safe = label.replace(/\p{C}/gu, '\uFFFD')
  return safe.length > labelCharactersMax ? `${safe.slice(0, labelCharactersMax - 1)}\u2026` : safe
}
