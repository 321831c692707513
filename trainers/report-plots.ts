// What the plots of a report show, as Vega-Lite specifications. It owns their choice and proportions;
// drawing is report-svg.ts, the page around them report-html.ts.
import type { Evaluation, LabelCurves } from './evaluation.ts'
import type { EpochReport } from './fine-tuning-task.ts'
import { worstClasses } from './report-tables.ts'
import type { PlotSpec } from './report-svg.ts'
import type { Slice } from './slices.ts'

/** With more labels, matrix and bars show only those with the most mistakes. */
export const plottedLabelsMax = 100
const plottedOfMany = 60
const countedCellsMax = 12
const square = { width: 300, height: 300 }
const shareAxis = { format: '.0%', grid: true }
const unit = { domain: [0, 1] }
const accent = 'var(--accent)'
const muted = 'var(--muted)'

/** Truth against prediction: shades by share of the row, counts in the cells of small ones. */
export function confusionPlot({ confusion }: Evaluation): PlotSpec {
  const { labels, matrix } = confusion
  const shown = shownLabels(matrix)
  const values = shown.flatMap((row) => {
    const total = matrix[row]!.reduce((sum, count) => sum + count, 0)
    return shown.flatMap((column) => {
      const count = matrix[row]![column]!
      if (count === 0) return []
      const [truth, predicted] = [labels[row]!, labels[column]!]
      const described = `${truth} → ${predicted}: ${count} of ${total}`
      return [{ truth, predicted, count, share: count / total, right: row === column, described }]
    })
  })
  const step =
    shown.length <= 4 ? 76 : shown.length <= countedCellsMax ? 46 : shown.length <= 30 ? 22 : 12
  const labelFontSize = step < 20 ? 9 : 11
  const names = shown.map((index) => labels[index]!)
  const axis = { labelFontSize, domain: false, ticks: false, grid: step < 20 }
  const encoding = {
    x: {
      field: 'predicted',
      type: 'nominal',
      scale: { domain: names },
      title: 'predicted',
      axis: {
        ...axis,
        orient: 'top',
        labelAngle: shown.length <= 4 ? 0 : -60,
        labelAlign: shown.length <= 4 ? 'center' : 'left',
      },
    },
    y: { field: 'truth', type: 'nominal', scale: { domain: names }, title: 'truth', axis },
  }
  const cells = {
    mark: { type: 'rect', cornerRadius: step < 20 ? 1 : 3 },
    encoding: {
      color: { condition: { test: 'datum.right', value: 'var(--right)' }, value: 'var(--wrong)' },
      opacity: {
        field: 'share',
        type: 'quantitative',
        scale: { domain: [0, 1], range: [0.18, 1] },
        legend: null,
      },
      description: { field: 'described', type: 'nominal' },
    },
  }
  const counts = {
    mark: { type: 'text', aria: false },
    encoding: { text: { field: 'count', type: 'quantitative' } },
  }
  return {
    data: { values },
    ...{ width: { step }, height: { step }, encoding },
    layer: shown.length <= countedCellsMax ? [cells, counts] : [cells],
  }
}

/** F1 of each label, lowest first. */
export function classPlot(evaluation: Pick<Evaluation, 'perClass'>): PlotSpec {
  const classes = worstClasses(evaluation)
  const shown = classes.length > plottedLabelsMax ? classes.slice(0, plottedOfMany) : classes
  const values = shown.map(({ label, f1, precision, recall, support }) => ({
    ...{ label, f1 },
    text: `${(100 * f1).toFixed(1)} %  of ${support}`,
    described: `${label}: precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}`,
  }))
  return {
    data: { values },
    ...{ width: 380, height: { step: shown.length <= countedCellsMax ? 26 : 17 } },
    encoding: {
      y: {
        field: 'label',
        type: 'nominal',
        sort: null,
        title: null,
        axis: { domain: false, ticks: false },
      },
      x: { field: 'f1', type: 'quantitative', scale: unit, title: 'F1', axis: shareAxis },
    },
    layer: [
      {
        mark: { type: 'bar', color: accent, cornerRadiusEnd: 2 },
        encoding: { description: { field: 'described', type: 'nominal' } },
      },
      {
        mark: { type: 'text', align: 'left', dx: 5, fontSize: 10, color: muted, aria: false },
        encoding: { text: { field: 'text', type: 'nominal' } },
      },
    ],
  }
}

/** Confidence against accuracy, before and after temperature scaling. */
export function reliabilityPlot({ calibration }: Pick<Evaluation, 'calibration'>): PlotSpec {
  const { before, after, temperature } = calibration
  const series =
    temperature === 1
      ? [['as served', after] as const]
      : [['before', before] as const, ['after', after] as const]
  const values = series.flatMap(([name, bins]) =>
    bins.filter(({ examples }) => examples > 0).map((bin) => ({ ...bin, name })),
  )
  const names = series.map(([name]) => name)
  const color = {
    field: 'name',
    type: 'nominal',
    scale: { domain: names, range: [muted, accent].slice(-names.length) },
  }
  return {
    ...square,
    layer: [
      diagonal('confidence', 'accuracy'),
      {
        data: { values },
        mark: { type: 'line', strokeWidth: 1.5 },
        encoding: { ...shareXY('confidence', 'accuracy'), color },
      },
      {
        data: { values },
        mark: { type: 'circle', opacity: 0.85 },
        encoding: {
          ...shareXY('confidence', 'accuracy'),
          color,
          size: {
            field: 'examples',
            type: 'quantitative',
            scale: { range: [12, 260] },
            legend: null,
          },
        },
      },
    ],
  }
}

/** Risk against coverage, with the model's threshold. */
export function riskPlot({ abstention }: Evaluation): PlotSpec {
  const { curve, threshold, coverage, risk } = abstention
  const marked =
    threshold === null ? [] : [{ coverage, risk, text: `threshold ${threshold.toFixed(3)}` }]
  const encoding = {
    x: {
      field: 'coverage',
      type: 'quantitative',
      scale: unit,
      title: 'coverage: texts that keep their label',
      axis: shareAxis,
    },
    y: {
      field: 'risk',
      type: 'quantitative',
      title: 'risk: mistakes among them',
      axis: { ...shareAxis, format: '.1~%' },
    },
  }
  return {
    ...square,
    layer: [
      {
        data: { values: curve },
        mark: { type: 'line', color: accent },
        encoding,
      },
      {
        data: { values: marked },
        mark: { type: 'rule', color: 'var(--wrong)', strokeDash: [4, 3] },
        encoding: { x: encoding.x },
      },
      {
        data: { values: marked },
        mark: { type: 'text', align: 'right', dx: -6, y: 12, color: 'var(--ink)' },
        encoding: { x: encoding.x, text: { field: 'text', type: 'nominal' } },
      },
    ],
  }
}

/** ROC curves: each label's, or that of all together. */
export function rocPlot({ curves }: Pick<Evaluation, 'curves'>): PlotSpec {
  return {
    ...square,
    layer: [
      diagonal('x', 'y', { x: 'false positive rate', y: 'recall' }),
      curveLayer(curves, { points: 'roc', x: 'false positive rate', y: 'recall' }),
    ],
  }
}

/** Precision against recall: each label's, or that of all together. */
export function precisionRecallPlot({ curves }: Pick<Evaluation, 'curves'>): PlotSpec {
  const layer = [curveLayer(curves, { points: 'precisionRecall', x: 'recall', y: 'precision' })]
  return { ...square, layer }
}

/** Accuracy of each slice with its interval; one plot for slices of one kind. */
export function slicePlot(slices: readonly Slice[]): PlotSpec {
  const values = slices.map(({ value, accuracy, examples, interval }) => ({
    ...{ value: `${value} · ${examples}`, accuracy, ...interval },
  }))
  const y = {
    field: 'value',
    type: 'nominal',
    sort: null,
    title: null,
    axis: { domain: false, ticks: false, labelLimit: 260 },
  }
  const x = {
    type: 'quantitative',
    scale: { zero: false, nice: true },
    title: 'accuracy',
    axis: { ...shareAxis, tickCount: 6 },
  }
  return {
    data: { values },
    ...{ width: 320, height: { step: 24 } },
    layer: [
      {
        mark: { type: 'rule', color: muted, strokeWidth: 2 },
        encoding: { y, x: { ...x, field: 'low' }, x2: { field: 'high' } },
      },
      {
        mark: { type: 'circle', size: 70, color: accent, opacity: 1 },
        encoding: { y, x: { ...x, field: 'accuracy' } },
      },
    ],
  }
}

/** Training loss and validation macro F1 over the epochs. */
export function trainingPlot(epochs: readonly EpochReport[]): PlotSpec {
  const panel = (field: string, title: string) => ({
    ...{ width: 280, height: 190 },
    mark: { type: 'line', point: { filled: true, color: accent, size: 45 }, color: accent },
    encoding: {
      x: {
        field: 'epoch',
        type: 'quantitative',
        title: 'epoch',
        axis: { tickMinStep: 1, format: 'd' },
      },
      y: { field, type: 'quantitative', title, scale: { zero: false } },
    },
  })
  return {
    data: { values: epochs },
    hconcat: [panel('trainLoss', 'training loss'), panel('macroF1', 'validation macro F1')],
    spacing: 40,
  }
}

function curveLayer(
  curves: readonly LabelCurves[],
  { points, x, y }: { points: 'roc' | 'precisionRecall'; x: string; y: string },
): PlotSpec {
  const values = curves.flatMap(({ label, ...curve }) =>
    curve[points].map((point, place) => ({ ...point, place, label: label ?? 'all labels' })),
  )
  const names = curves.map(({ label }) => label ?? 'all labels')
  const one = names.length === 1
  const color = one
    ? { value: accent }
    : {
        field: 'label',
        type: 'nominal',
        scale: { domain: names, scheme: 'tableau10' },
        legend: { columns: 2 },
      }
  return {
    data: { values },
    mark: { type: 'line' },
    encoding: {
      ...shareXY('x', 'y', { x, y }),
      color,
      order: { field: 'place', type: 'quantitative' },
    },
  }
}

function shareXY(x: string, y: string, titles = { x, y }): PlotSpec {
  const axis = (field: string, title: string) => ({
    ...{ field, type: 'quantitative', scale: unit, title, axis: shareAxis },
  })
  return { x: axis(x, titles.x), y: axis(y, titles.y) }
}

function diagonal(x: string, y: string, titles = { x, y }): PlotSpec {
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

/** Indices of the labels to show, in their own order: all, or those with the most mistakes. */
function shownLabels(matrix: Evaluation['confusion']['matrix']): number[] {
  const all = matrix.map((_, index) => index)
  if (all.length <= plottedLabelsMax) return all
  const mistakes = all.map((index) =>
    all.reduce(
      (sum, other) => sum + (other === index ? 0 : matrix[index]![other]! + matrix[other]![index]!),
      0,
    ),
  )
  return all
    .sort((a, b) => mistakes[b]! - mistakes[a]!)
    .slice(0, plottedOfMany)
    .sort((a, b) => a - b)
}
