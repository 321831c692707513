// The plots of a report as Vega-Lite specifications. report-svg.ts draws them, and report-html.ts
// places them on the page.
import type { Evaluation, LabelCurves } from '../evaluation/evaluation.ts'
import type { EpochReport } from '../evaluation/epoch-report.ts'
import type { PlotSpec } from './report-svg.ts'

/** With a label name longer than this, the legend has one column. */
const wideNameMin = 22
const square = { width: 300, height: 300 }
const shareAxis = { format: '.0%', grid: true }
const unit = { domain: [0, 1] }
const accent = 'var(--accent)'
const muted = 'var(--muted)'

/** A reliability diagram: confidence against accuracy, before and after temperature scaling. */
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

/** The risk-coverage curve, with the model's threshold. */
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
        mark: { type: 'text', ...beside(coverage), y: 12, color: 'var(--ink)' },
        encoding: { x: encoding.x, text: { field: 'text', type: 'nominal' } },
      },
    ],
  }
}

/** The ROC curve of each label, or the micro-averaged one. */
export function rocPlot({ curves }: Pick<Evaluation, 'curves'>): PlotSpec {
  return {
    ...square,
    layer: [
      diagonal('x', 'y', { x: 'false positive rate', y: 'recall' }),
      curveLayer(curves, { points: 'roc', x: 'false positive rate', y: 'recall' }),
    ],
  }
}

/** The precision-recall curve of each label, or the micro-averaged one. */
export function precisionRecallPlot({ curves }: Pick<Evaluation, 'curves'>): PlotSpec {
  const layer = [curveLayer(curves, { points: 'precisionRecall', x: 'recall', y: 'precision' })]
  return { ...square, layer }
}

/** The training loss and the validation macro F1 by epoch. */
export function trainingPlots(epochs: readonly EpochReport[]): [PlotSpec, PlotSpec] {
  const panel = (field: string, title: string) => ({
    data: { values: epochs },
    width: 280,
    height: 190,
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
  return [panel('trainLoss', 'training loss'), panel('macroF1', 'validation macro F1')]
}

/** Places text on the left of a mark, or on its right if there is no room on the left. */
function beside(share: number | null): { align: 'left' | 'right'; dx: number } {
  return (share ?? 0) < 0.4 ? { align: 'left', dx: 6 } : { align: 'right', dx: -6 }
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
        legend: names.some((name) => name.length > wideNameMin)
          ? { columns: 1, labelLimit: 280 }
          : { columns: 2 },
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
    field,
    type: 'quantitative',
    scale: unit,
    title,
    axis: shareAxis,
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
