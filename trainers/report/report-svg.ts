// Draws a Vega-Lite specification as static SVG, without a browser. Vega is loaded with the first
// plot, because that takes half a second and few commands need it. report-plots.ts has the
// specifications.
import { createHash } from 'node:crypto'
import type { TopLevelSpec } from 'vega-lite'

/** A Vega-Lite specification without the configuration that all plots share. */
export type PlotSpec = Readonly<Record<string, unknown>>

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

/** The plot as one `<svg>` element. Text from data is escaped, and descriptions become tooltips. */
export async function drawSvg(spec: PlotSpec): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')])
  const whole = { ...spec, config } as unknown as TopLevelSpec
  const view = new vega.View(vega.parse(vegaLite.compile(whole).spec), { renderer: 'none' })
  try {
    const svg = await view.toSVG()
    // Each drawing numbers its clips from 1, but ids must be unique on a page.
    const own = createHash('sha256').update(svg).digest('hex').slice(0, 10)
    // Vega describes static marks for screen readers only. A title gives them a tooltip as well.
    return svg
      .replace(/(id="|url\(#)clip(\d+)/g, `$1clip-${own}-$2`)
      .replace(/<path aria-label="([^"]*)"([^>]*)\/>/g, '<path$2><title>$1</title></path>')
      .replace(/\p{Cc}/gu, '\uFFFD')
  } finally {
    view.finalize()
  }
}
