// Draws a Vega-Lite specification as static SVG, without a browser. Vega is loaded with the first
// plot, because that takes half a second and few commands need it. report-plots.ts has the
// specifications.
import { createHash } from 'node:crypto'
import type { TopLevelSpec } from 'vega-lite'
import { escapeHtml, scrollBox, unprintable } from './report-markup.ts'

/** A Vega-Lite specification without the configuration that all plots share. */
export type PlotSpec = Readonly<Record<string, unknown>>

/** A plot as a page shows it. */
export type Plot = {
  /** Plain text above the drawing. */
  readonly caption: string
  /** What the drawing says, in words and figures, for those who do not see it. */
  readonly alternative: string
  readonly spec: PlotSpec
  /** A wide plot keeps its size on a narrow page and scrolls. */
  readonly width?: 'narrow' | 'wide' | undefined
}

/** Colours are CSS variables of the page, so that one drawing suits light and dark mode. */
const config = {
  background: 'transparent',
  font: 'system-ui, sans-serif',
  view: { stroke: null },
  axis: {
    labelColor: 'var(--ink)',
    titleColor: 'var(--muted)',
    titleFontWeight: 'normal',
    gridColor: 'var(--line)',
    domainColor: 'var(--line)',
    tickColor: 'var(--line)',
    labelFontSize: 11,
    titleFontSize: 11,
    labelLimit: 240,
  },
  legend: {
    labelColor: 'var(--ink)',
    titleColor: 'var(--muted)',
    labelFontSize: 11,
    labelLimit: 170,
    title: null,
    orient: 'top',
  },
  text: { color: 'var(--ink)', fontSize: 11 },
  line: { strokeWidth: 2 },
}

/**
 * Plots beside each other where there is room, small ones in three columns; empty without a plot.
 */
export async function drawPlots(
  plots: readonly Plot[],
  size: 'normal' | 'small' = 'normal',
): Promise<string> {
  const figures: string[] = []
  for (const { caption, alternative, spec, width = 'narrow' } of plots) {
    const svg = await drawSvg(spec, alternative)
    const drawing = width === 'wide' ? scrollBox(caption, svg) : svg
    figures.push(
      `<figure class="${width}"><figcaption>${escapeHtml(caption)}</figcaption>${drawing}</figure>`,
    )
  }
  const kind = size === 'small' ? 'plots small' : 'plots'
  return figures.length === 0 ? '' : `<div class="${kind}">${figures.join('\n')}</div>`
}

/**
 * The plot as one `<svg>` element, which is a single image to a screen reader. Text from data is
 * escaped, and descriptions of marks become tooltips.
 */
export async function drawSvg(spec: PlotSpec, alternative: string): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')])
  const whole = { ...spec, config } as unknown as TopLevelSpec
  const view = new vega.View(vega.parse(vegaLite.compile(whole).spec), { renderer: 'none' })
  try {
    const svg = await view.toSVG()
    // Each drawing numbers its clips from 1, but ids must be unique on a page.
    const own = createHash('sha256').update(svg).digest('hex').slice(0, 10)
    // Vega describes static marks for screen readers only. Titles are tooltips, and the alternative
    // says what the marks say together.
    return svg
      .replace(/(id="|url\(#)clip(\d+)/g, `$1clip-${own}-$2`)
      .replace(/<path aria-label="([^"]*)"([^>]*)\/>/g, '<path$2><title>$1</title></path>')
      .replace(/ (?:role|aria-[a-z]+)="[^"]*"/g, '')
      .replace('<svg ', () => `<svg role="img" aria-label="${escapeHtml(alternative)}" `)
      .replace(unprintable, '\uFFFD')
  } finally {
    view.finalize()
  }
}
