// Shows plots and tables in a notebook, so that GitHub shows them too: Vega-Lite specifications as
// SVG images, rows as HTML tables.
import { View, parse } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'

/** A value that a Jupyter kernel shows by its MIME types. */
export type Shown = { [display: symbol]: () => Record<string, string> }

/** Draws a Vega-Lite specification; put the result in the last line of a cell. */
export async function plot(spec: TopLevelSpec): Promise<Shown> {
  const view = new View(parse(compile(spec).spec), { renderer: 'none' })
  const svg = await view.toSVG()
  view.finalize()
  return shown({ 'image/svg+xml': svg })
}

/** Rows as a table, with a column for each property of the first row. */
export function table(rows: readonly object[]): Shown {
  const names = Object.keys(rows[0] ?? {})
  const cells = (values: readonly unknown[], tag: string): string =>
    values.map((value) => `<${tag}>${escaped(value)}</${tag}>`).join('')
  const lines = rows.map(
    (row) =>
      `<tr>${cells(
        names.map((name) => valueOf(row, name)),
        'td',
      )}</tr>`,
  )
  const head = `<thead><tr>${cells(names, 'th')}</tr></thead>`
  return shown({ 'text/html': `<table>${head}<tbody>${lines.join('')}</tbody></table>` })
}

function shown(bundle: Record<string, string>): Shown {
  return { [Symbol.for('Jupyter.display')]: () => bundle }
}

function valueOf(row: object, name: string): unknown {
  return (row as Record<string, unknown>)[name]
}

function escaped(value: unknown): string {
  const text =
    typeof value === 'string' ? value : ((JSON.stringify(value) as string | undefined) ?? '')
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
