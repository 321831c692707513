// The plain HTML elements of a report: sections, tables, bars and the confusion matrix. On a narrow
// page, long names wrap and wide tables scroll in their own box, so that nothing is cut off.
// report-page.ts puts the page together, and report-style.ts has the style sheet.

/** A part of a page with its own heading. */
export type Section = {
  /** The target of the link in the table of contents. */
  readonly id: string
  readonly title: string
  readonly html: string
}

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

/** A table; the first cell of each row names the row. */
export type Table = {
  /** What the table is about, for screen readers. */
  readonly name: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** `names` and `texts` wrap, `trials` in their last column; `figures`, the default, scroll. */
  readonly kind?: 'figures' | 'names' | 'texts' | 'trials' | undefined
}

/** With more labels, cells are smaller and counts appear only as tooltips. */
const countedLabelsMax = 20
const middleLabelsMax = 30
/** More bars stand in two columns where there is room. */
const columnBarsMax = 12

/**
 * Characters that could change how the text around them is shown, such as controls and marks of
 * direction. The joiners stay, because emoji, Persian and Indic scripts are written with them.
 */
export const unprintable = /(?![\u200C\u200D])\p{C}/gu

/** Escapes text for use between tags and in quoted attributes. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  const printable = text.replace(unprintable, '\uFFFD')
  return printable.replace(/[&<>"]/g, (character) => entities[character] ?? character)
}

/** Escapes a name, such as that of a label, and lets it wrap between its words. */
export function escapedName(name: string): string {
  return escapeHtml(name).replace(/_(?=[\p{L}\p{N}])|[./:-](?=\p{L})/gu, '$&<wbr>')
}

/** A section of the page; `parts` are HTML. Undefined if all of them are empty. */
export function section(title: string, parts: readonly string[]): Section | undefined {
  const shown = parts.filter((part) => part !== '')
  if (shown.length === 0) return undefined
  const id = title.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return { id, title, html: shown.join('\n') }
}

/** A paragraph of plain text. */
export function paragraph(text: string): string {
  return text === '' ? '' : `<p>${escapedProse(text)}</p>`
}

/** Escapes sentences, and keeps a number and its per cent sign on one line. */
export function escapedProse(text: string): string {
  return escapeHtml(text).replace(/(\d) %/g, '$1\u00A0%')
}

/** Parts beside each other where there is room. */
export function sideBySide(parts: readonly string[]): string {
  return `<div class="beside">${parts.map((part) => `<div>${part}</div>`).join('')}</div>`
}

/** A table in a box that scrolls where the page is too narrow. */
export function htmlTable({ name, head, rows, kind = 'figures' }: Table): string {
  const headCells = head.map((cell) => `<th scope="col">${escapeHtml(cell)}</th>`).join('')
  const body = rows.map(([first = '', ...rest]) => {
    const cells = rest.map((cell) => `<td>${escapedName(cell)}</td>`).join('')
    return `<tr><th scope="row"${kind === 'texts' ? ' dir="auto"' : ''}>${escapedName(first)}</th>${cells}</tr>`
  })
  return scrollBox(
    name,
    `<table class="${kind}"><thead><tr>${headCells}</tr></thead>
<tbody>${body.join('\n')}</tbody></table>`,
  )
}

/** A part of the page that opens on request. */
export function details(summary: string, html: string, state: 'open' | 'closed'): string {
  const open = state === 'open' ? ' open' : ''
  return `<details${open}><summary>${escapeHtml(summary)}</summary>${html}</details>`
}

/** A list of bars, each with its name on the left and its figure on the right. */
export function barList(bars: readonly Bar[]): string {
  const rows = bars.map(({ name, share, text, described = '', interval }) => {
    const range =
      interval === undefined
        ? ''
        : `<s style="left:${percent(interval.low)};width:${percent(interval.high - interval.low)}"></s>`
    const bar = `<span class="bar" aria-hidden="true"><b style="width:${percent(share)}"></b>${range}</span>`
    const title = described === '' ? '' : ` title="${escapeHtml(described)}"`
    return `<li${title}><span class="name">${escapedName(name)}</span>${bar}<span class="figure">${escapeHtml(text)}</span></li>`
  })
  const kind = bars.length > columnBarsMax ? 'bars many' : 'bars'
  return `<ul class="${kind}">${rows.join('\n')}</ul>`
}

/**
 * A confusion matrix with the truth in rows and predictions in columns. The shade of a cell grows
 * with the root of its fraction of the row. Up to 20 labels, cells show counts; with more labels,
 * they are tooltips.
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
    return `<th scope="col" title="${name}"><span>${name}</span></th>`
  })
  const rows = shown.map((row) => {
    const counts = matrix[row]!
    const total = counts.reduce((sum, count) => sum + count, 0)
    const cells = shown.map((column) => {
      const count = counts[column]!
      if (count === 0) return '<td></td>'
      const described = `${labels[row]!} → ${labels[column]!}: ${count} of ${total}`
      const kind = row === column ? 'right' : 'wrong'
      // A single mistake of many is to be seen, too.
      const shade = (0.25 + 0.75 * Math.sqrt(count / total)).toFixed(2)
      return `<td class="${kind}" style="--shade:${shade}" title="${escapeHtml(described)}">${count}</td>`
    })
    const name = labels[row]!
    return `<tr><th scope="row" title="${escapeHtml(name)}"><span>${escapedName(name)}</span></th>${cells.join('')}</tr>`
  })
  const head = `<thead><tr><td></td>${columns.join('')}</tr></thead>`
  return scrollBox(
    'Confusion matrix',
    `<table class="matrix ${size}"><caption>rows: truth; columns: predicted</caption>
${head}<tbody>${rows.join('\n')}</tbody></table>`,
  )
}

/** A box that scrolls sideways, by keyboard as well. */
export function scrollBox(name: string, html: string): string {
  return `<div class="wide" role="group" tabindex="0" aria-label="${escapeHtml(name)}">${html}</div>`
}

function percent(share: number): string {
  return `${(100 * Math.min(1, Math.max(0, share))).toFixed(2)}%`
}
