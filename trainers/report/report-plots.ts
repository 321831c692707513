// The plots of an evaluation, each as a Vega-Lite specification with a text alternative.
// report-svg.ts draws them, and evaluation-sections.ts places them on the page.
import type { ReliabilityBin } from '../evaluation/calibration.ts'
import type { Evaluation, LabelCurves } from '../evaluation/evaluation.ts'
import { accent, diagonal, muted, shareAxis, shareXY, square, wrong } from './plot-parts.ts'
import { formatFigure } from './report-tables.ts'
import type { Plot, PlotSpec } from './report-svg.ts'

/** With a label name longer than this, the legend has one column. */
const wideNameMin = 22

/** A reliability diagram: confidence against accuracy, before and after temperature scaling. */
export function reliabilityPlot({ calibration }: Pick<Evaluation, 'calibration'>): Plot {
  return {
    caption: 'Reliability: on the diagonal, confidence is calibrated',
    alternative: `Reliability diagram. ${binsText(calibration.after)}`,
    spec: reliabilitySpec(calibration),
  }
}

/** The bins with the most examples, in words. */
function binsText(bins: readonly ReliabilityBin[]): string {
  const largest = bins
    .filter(({ examples }) => examples > 0)
    .sort((a, b) => b.examples - a.examples)
    .slice(0, binsNamed)
    .sort((a, b) => a.confidence - b.confidence)
  return largest
    .map(
      ({ confidence, accuracy, examples }) =>
        `At a mean confidence of ${percent(confidence)}, ${percent(accuracy)} of ${examples} are right.`,
    )
    .join(' ')
}

const binsNamed = 4

function percent(share: number): string {
  return formatFigure(share, 'share')
}

function reliabilitySpec(calibration: Evaluation['calibration']): PlotSpec {
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
export function riskPlot({ abstention }: Evaluation): Plot {
  const { curve, score } = abstention
  const read = [0.5, 0.8, 0.9, 1].flatMap((coverage) => {
    const point = curve.find((each) => each.coverage >= coverage)
    return point === undefined ? [] : [`${percent(point.risk)} at ${percent(point.coverage)}`]
  })
  return {
    caption: `Leaving out the texts that the model is least sure of (by ${score})`,
    alternative: `Risk-coverage curve: mistakes by share of texts that keep their label: ${read.join(', ')}.`,
    spec: riskSpec(abstention),
  }
}

function riskSpec(abstention: Evaluation['abstention']): PlotSpec {
  const { curve, threshold, coverage, risk } = abstention
  const marked =
    threshold === null ? [] : [{ coverage, risk, text: `threshold ${threshold.toFixed(3)}` }]
  const encoding = {
    x: {
      field: 'coverage',
      type: 'quantitative',
      scale: { domain: [0, 1] },
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
        mark: { type: 'rule', color: wrong, strokeDash: [4, 3] },
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
export function rocPlot({ curves, rocAuc }: Pick<Evaluation, 'curves' | 'rocAuc'>): Plot {
  const titles = { x: 'false positive rate', y: 'recall' }
  return {
    caption: 'ROC',
    alternative: `ROC curves of ${curveNames(curves)}. Macro area: ${areaText(rocAuc.macro)}.`,
    spec: {
      ...square,
      layer: [diagonal('x', 'y', titles), curveLayer(curves, { points: 'roc', ...titles })],
    },
  }
}

/** The precision-recall curve of each label, or the micro-averaged one. */
export function precisionRecallPlot({
  curves,
  averagePrecision,
}: Pick<Evaluation, 'curves' | 'averagePrecision'>): Plot {
  const layer = [curveLayer(curves, { points: 'precisionRecall', x: 'recall', y: 'precision' })]
  return {
    caption: 'Precision and recall',
    alternative:
      `Precision-recall curves of ${curveNames(curves)}. ` +
      `Mean average precision: ${areaText(averagePrecision.macro)}.`,
    spec: { ...square, layer },
  }
}

function curveNames(curves: readonly LabelCurves[]): string {
  return curves.map(({ label }) => label ?? 'all labels together').join(', ')
}

function areaText(area: number | null): string {
  return area === null ? 'not defined' : percent(area)
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
