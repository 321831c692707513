// The plain HTML elements of a report: sections, tables, bars and the confusion matrix. On a narrow
// page, long names wrap and wide tables scroll in their own box, so that nothing is cut off.
// report-html.ts puts the page together, and report-style.ts has the style sheet.

/** One bar: its name, its length (0 to 1), and the figure at its end. */
export type Bar = {
  readonly name: string
  readonly share: number
  readonly text: string
  /** The tooltip. */
  readonly described?: string | undefined
  /** The interval of the share, drawn as a line. */
  readonly interval?: { readonly low: number; readonly high: number } | undefined
}

/** With more labels, cells are smaller and show no counts. */
const countedLabelsMax = 12
const middleLabelsMax = 30

/** Escapes text for use between tags and in quoted attributes. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  const printable = text.replace(/\p{C}/gu, '\uFFFD')
  return printable.replace(/[&<>"]/g, (character) => entities[character] ?? character)
}

/** A section of the page with its heading; `parts` are HTML. */
export function section(title: string, parts: readonly string[]): string {
  return `<section><h2>${escapeHtml(title)}</h2>\n${parts.join('\n')}</section>`
}

/** A table whose first column names the row. `names` and `texts` wrap; `figures` scroll. */
export function htmlTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  kind: 'figures' | 'names' | 'texts' = 'figures',
): string {
  const headCells = head.map((cell) => `<th scope="col">${escapeHtml(cell)}`).join('')
  const body = rows.map(([first = '', ...rest]) => {
    const cells = rest.map((cell) => `<td>${escapeHtml(cell)}`).join('')
    return `<tr><th scope="row">${escapeHtml(first)}${cells}`
  })
  return `<div class="wide"><table class="${kind}"><thead><tr>${headCells}</thead>
<tbody>${body.join('\n')}</tbody></table></div>`
}

/** A list of bars, each with its name on the left and its figure on the right. */
export function barList(bars: readonly Bar[]): string {
  const rows = bars.map(({ name, share, text, described = '', interval }) => {
    const range =
      interval === undefined
        ? ''
        : `<s style="left:${percent(interval.low)};width:${percent(interval.high - interval.low)}"></s>`
    const bar = `<span class="bar"><b style="width:${percent(share)}"></b>${range}</span>`
    const title = described === '' ? '' : ` title="${escapeHtml(described)}"`
    return `<li${title}><span class="name">${escapeHtml(name)}</span>${bar}<span class="figure">${escapeHtml(text)}</span>`
  })
  return `<ul class="bars">${rows.join('\n')}</ul>`
}

/**
 * A confusion matrix with the truth in rows and predictions in columns. The shade of a cell is its
 * fraction of the row; a small matrix also shows counts.
 */
export function confusionTable(confusion: {
  readonly labels: readonly string[]
  readonly matrix: readonly (readonly number[])[]
  /** The indices of the labels to show. */
  readonly shown: readonly number[]
}): string {
  const { labels, matrix, shown } = confusion
  const size =
    shown.length <= countedLabelsMax
      ? 'large'
      : shown.length <= middleLabelsMax
        ? 'middle'
        : 'small'
  const columns = shown.map((at) => {
    const name = escapeHtml(labels[at]!)
    return `<th scope="col" title="${name}"><span>${name}</span>`
  })
  const rows = shown.map((row) => {
    const counts = matrix[row]!
    const total = counts.reduce((sum, count) => sum + count, 0)
    const cells = shown.map((column) => {
      const count = counts[column]!
      if (count === 0) return '<td>'
      const described = `${labels[row]!} → ${labels[column]!}: ${count} of ${total}`
      const kind = row === column ? 'right' : 'wrong'
      const shade = (0.15 + (0.85 * count) / total).toFixed(2)
      const shownCount = size === 'large' ? String(count) : ''
      return `<td class="${kind}" style="--shade:${shade}" title="${escapeHtml(described)}">${shownCount}`
    })
    const name = escapeHtml(labels[row]!)
    return `<tr><th scope="row" title="${name}"><span>${name}</span>${cells.join('')}`
  })
  return `<div class="wide"><table class="matrix ${size}"><caption>rows: truth; columns: predicted</caption>
<thead><tr><td>${columns.join('')}</thead><tbody>${rows.join('\n')}</tbody></table></div>`
}

function percent(share: number): string {
  return `${(100 * Math.min(1, Math.max(0, share))).toFixed(2)}%`
}
