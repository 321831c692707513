// The plots of an evaluation as files of their own, for pages that show images beside metrics. The
// report has the same plots in its own colours.
import { isOfSets, type TaskEvaluation } from '../evaluation/multi-label-evaluation.ts'
import type { Evaluation } from '../evaluation/evaluation.ts'
import { precisionRecallPlot, reliabilityPlot, riskPlot, rocPlot } from '../report/report-plots.ts'
import { drawSvg, type Plot, type PlotSpec } from '../report/report-svg.ts'

/** An SVG file. */
export type PlotFile = { readonly path: string; readonly svg: string }

/** The values of the report's variables on white. */
const colours: Readonly<Record<string, string>> = {
  ink: '#1c2430',
  muted: '#66707f',
  line: '#d9dee6',
  page: '#ffffff',
  panel: '#f5f7fa',
  accent: '#2563eb',
  right: '#7fb0fb',
  wrong: '#f2795f',
}

/** With more labels, the matrix has the labels with the most mistakes only. */
const matrixLabelsMax = 64

type NamedPlot = readonly [name: string, plot: Pick<Plot, 'alternative' | 'spec'>]

/** Draws the plots of an evaluation. */
export async function plotFiles(evaluation: TaskEvaluation): Promise<PlotFile[]> {
  const curves: NamedPlot[] = [
    ['roc', rocPlot(evaluation)],
    ['precision-recall', precisionRecallPlot(evaluation)],
  ]
  const plots: NamedPlot[] = isOfSets(evaluation)
    ? curves
    : [
        ['confusion', { alternative: 'Confusion matrix', spec: confusionPlot(evaluation) }],
        ['reliability', reliabilityPlot(evaluation)],
        ['risk-coverage', riskPlot(evaluation)],
        ...curves,
      ]
  const files: PlotFile[] = []
  for (const [name, { alternative, spec }] of plots) {
    files.push({ path: `plots/${name}.svg`, svg: onWhite(await drawSvg(spec, alternative)) })
  }
  return files
}

/** The confusion matrix as a heat map: rows are true labels, their colour the share of the row. */
export function confusionPlot({ confusion }: Pick<Evaluation, 'confusion'>): PlotSpec {
  const { labels, matrix } = confusion
  const shown = mostConfused(confusion)
  const values = shown.flatMap((row) => {
    const total = matrix[row]!.reduce((sum, count) => sum + count, 0)
    return shown.map((column) => ({
      actual: labels[row],
      predicted: labels[column],
      count: matrix[row]![column]!,
      share: total === 0 ? 0 : matrix[row]![column]! / total,
    }))
  })
  const cell = shown.length > 20 ? 14 : 36
  const names = shown.map((label) => labels[label])
  const axis = (field: string, title: string) => ({
    field,
    type: 'nominal',
    title,
    sort: null,
    scale: { domain: names },
  })
  const place = { x: axis('predicted', 'predicted'), y: axis('actual', 'true label') }
  const counts = {
    transform: [{ filter: 'datum.count > 0' }],
    mark: { type: 'text', fontSize: shown.length > 20 ? 6 : 11 },
    encoding: { ...place, text: { field: 'count', type: 'quantitative' } },
  }
  return {
    width: { step: cell },
    height: { step: cell },
    data: { values },
    layer: [
      {
        mark: { type: 'rect', stroke: 'var(--line)', strokeWidth: 0.5 },
        encoding: {
          ...place,
          color: {
            field: 'share',
            type: 'quantitative',
            // Other spaces pass through cyan on the way from white.
            scale: { domain: [0, 1], range: ['#ffffff', colours['right']], interpolate: 'rgb' },
            legend: null,
          },
        },
      },
      counts,
    ],
  }
}

/** The places of all labels, or of those with the most mistakes. */
function mostConfused({ labels, matrix }: Evaluation['confusion']): number[] {
  const places = labels.map((_, place) => place)
  if (places.length <= matrixLabelsMax) return places
  const mistakesOf = (place: number): number =>
    matrix[place]!.reduce((sum, count, column) => (column === place ? sum : sum + count), 0)
  return places
    .sort((a, b) => mistakesOf(b) - mistakesOf(a))
    .slice(0, matrixLabelsMax)
    .sort((a, b) => a - b)
}

/** A drawing that needs no page around it. */
function onWhite(svg: string): string {
  return svg
    .replace(/var\(--(\w+)\)/g, (whole, name: string) => colours[name] ?? whole)
    .replace(/^(<svg[^>]*>)/, '$1<rect width="100%" height="100%" fill="#ffffff"/>')
}
