// An evaluation as one HTML page without any other file or script. It owns the page's looks; its
// figures come from evaluation.ts.
import type { Evaluation } from './evaluation.ts'
import { formatFigure, headlines, worstClasses } from './report-tables.ts'

/** What stands above the figures. */
export type ReportHeading = {
  readonly title: string
  /** Facts such as base encoder and data, shown as a list. */
  readonly facts: readonly (readonly [name: string, value: string])[]
}

const confusionsShown = 20
/** A larger matrix would be unreadable and megabytes long; the confused pairs remain. */
const matrixLabelsMax = 150

/** The page as a string; everything from data is escaped. */
export function renderReportHtml(evaluation: Evaluation, heading: ReportHeading): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(heading.title)}</title>
<style>${style}</style>
<h1>${escapeHtml(heading.title)}</h1>
<dl>${heading.facts.map(([name, value]) => `<dt>${escapeHtml(name)}<dd>${escapeHtml(value)}`).join('\n')}</dl>
<h2>Scores</h2>
${scoreTable(evaluation)}
<h2>Labels</h2>
${classTable(evaluation)}
<h2>Most confused</h2>
${confusedTable(evaluation)}
<h2>Confusion matrix</h2>
${matrixTable(evaluation)}
</html>
`
}

const style = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 75rem; margin: 2rem auto; padding: 0 1rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem } dd { margin: 0 }
dt { color: GrayText }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent) }
th:first-child { text-align: left; font-weight: 500 }
.matrix td { border: 0; min-width: 1.2rem; font-size: .8rem; text-align: center }
.matrix thead th { writing-mode: vertical-rl; text-align: left; font-size: .8rem }
`

function scoreTable(evaluation: Evaluation): string {
  const share = `${100 * evaluation.intervals.confidence} %`
  const rows = headlines(evaluation).map(({ name, unit, value, interval }) => [
    name,
    formatFigure(value, unit),
    formatFigure(interval.low, unit),
    formatFigure(interval.high, unit),
  ])
  const head = [`${evaluation.examples} examples`, 'value', `${share} from`, 'to']
  return htmlTable(head, rows)
}

function classTable(evaluation: Evaluation): string {
  const rows = worstClasses(evaluation).map(({ label, precision, recall, f1, support }) => [
    label,
    ...[precision, recall, f1].map((value) => formatFigure(value, 'share')),
    String(support),
  ])
  return htmlTable(['label, worst first', 'precision', 'recall', 'F1', 'examples'], rows)
}

function confusedTable(evaluation: Evaluation): string {
  const pairs = evaluation.mostConfused.slice(0, confusionsShown)
  if (pairs.length === 0) return '<p>No mistakes.</p>'
  const rows = pairs.map(({ truth, predicted, count }) => [truth, predicted, String(count)])
  return htmlTable(['truth', 'taken for', 'times'], rows)
}

/** Cells are shaded by their share of the row: blue on the diagonal, red for mistakes. */
function matrixTable({ confusion }: Evaluation): string {
  const { labels, matrix } = confusion
  if (labels.length > matrixLabelsMax) return `<p>Left out: ${labels.length} labels.</p>`
  const head = labels.map((label) => `<th scope="col">${escapeHtml(label)}`).join('')
  const body = matrix.map((counts, row) => {
    const total = counts.reduce((sum, count) => sum + count, 0)
    const cells = counts.map((count, column) => {
      if (count === 0) return '<td>'
      const colour = row === column ? '37 99 235' : '220 38 38'
      const title = `${labels[row]!} \u2192 ${labels[column]!}: ${count}`
      const shade = (0.15 + (0.75 * count) / total).toFixed(2)
      return `<td title="${escapeHtml(title)}" style="background:rgb(${colour}/${shade})">${count}`
    })
    return `<tr><th scope="row">${escapeHtml(labels[row]!)}${cells.join('')}`
  })
  return `<div class="wide"><table class="matrix"><thead><tr><th>truth \\ predicted${head}</thead>
<tbody>${body.join('\n')}</tbody></table></div>`
}

function htmlTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const headCells = head.map((cell) => `<th scope="col">${escapeHtml(cell)}`).join('')
  const body = rows.map(([first = '', ...rest]) => {
    const cells = rest.map((cell) => `<td>${escapeHtml(cell)}`).join('')
    return `<tr><th scope="row">${escapeHtml(first)}${cells}`
  })
  return `<div class="wide"><table><thead><tr>${headCells}</thead>
<tbody>${body.join('\n')}</tbody></table></div>`
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character)
}
