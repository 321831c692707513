// What the plots of a report have in common: sizes, colours, axes and the diagonal of a square.
// Colours are CSS variables, which report-style.ts sets for light and dark mode.
import type { PlotSpec } from './report-svg.ts'

/** The colours of marks. */
export const accent = 'var(--accent)'
export const second = 'var(--second)'
export const muted = 'var(--muted)'
export const wrong = 'var(--wrong)'

/** The size of a plot of two shares. */
export const square = { width: 300, height: 300 }
/** The size of a plot of values over steps, sizes or trials. */
export const landscape = { width: 300, height: 200 }
export const shareAxis = { format: '.0%', grid: true }
const unit = { domain: [0, 1] }

/** Two axes of shares from 0 to 1. */
export function shareXY(x: string, y: string, titles = { x, y }): PlotSpec {
  const axis = (field: string, title: string) => ({
    field,
    type: 'quantitative',
    scale: unit,
    title,
    axis: shareAxis,
  })
  return { x: axis(x, titles.x), y: axis(y, titles.y) }
}

/** A dashed line from 0 to 1 in both directions. */
export function diagonal(x: string, y: string, titles = { x, y }): PlotSpec {
  return {
    data: {
      values: [
        { [x]: 0, [y]: 0 },
        { [x]: 1, [y]: 1 },
      ],
    },
    mark: { type: 'line', color: 'var(--line)', strokeDash: [4, 3], strokeWidth: 1.5, aria: false },
    encoding: shareXY(x, y, titles),
  }
}

/** A quantitative axis that need not begin at 0; `share` values are shown in per cent. */
export function valueAxis(
  field: string,
  { title, unit: kind }: { title: string; unit: 'share' | 'number' },
): PlotSpec {
  const format = kind === 'share' ? '.1~%' : '~g'
  return {
    field,
    type: 'quantitative',
    title,
    scale: { zero: false, nice: true },
    axis: { format, tickCount: 5 },
  }
}

/** An axis of whole numbers. */
export function countAxis(field: string, title: string): PlotSpec {
  return {
    field,
    type: 'quantitative',
    title,
    scale: { zero: false },
    axis: { tickMinStep: 1, format: 'd', grid: false },
  }
}

/** A colour per name, with a legend above the plot. */
export function colours(names: readonly string[], range: readonly string[]): PlotSpec {
  return {
    field: 'name',
    type: 'nominal',
    scale: { domain: names, range: range.slice(0, names.length) },
    legend: names.length > 1 ? { columns: 3 } : null,
  }
}
