// The plots of two runs side by side: their main scores with intervals, and the F1 of each label.
import { accent, muted, shareAxis } from '../report/plot-parts.ts'
import type { Plot } from '../report/report-svg.ts'
import { formatFigure } from '../report/report-tables.ts'
import { titleOf } from '../tracking/run-words.ts'
import type { TrackedRun } from '../tracking/tracked-run.ts'

const runNames = ['first', 'second']
const rowHeight = 17

/** Scores in per cent that both runs have, with their intervals; undefined if there are none. */
export function intervalPlot(runs: {
  readonly first: TrackedRun
  readonly second: TrackedRun
}): Plot | undefined {
  const values = Object.entries({ first: runs.first, second: runs.second }).flatMap(([run, of]) =>
    Object.entries(of.metrics).flatMap(([name, { value, interval }]) => {
      const { name: title, unit } = titleOf(of.task, name)
      const isShared = name in runs.first.metrics && name in runs.second.metrics
      // A calibration error is near 0, and would squeeze the other scores.
      if (unit !== 'share' || name === 'ece' || !isShared) return []
      return [{ run, title, value, low: interval?.low ?? value, high: interval?.high ?? value }]
    }),
  )
  if (values.length === 0) return undefined
  const y = { field: 'title', type: 'nominal', sort: null, title: null, axis: { labelLimit: 130 } }
  const x = {
    field: 'value',
    type: 'quantitative',
    scale: { zero: false, nice: true },
    title: null,
    axis: { ...shareAxis, format: '.1~%', tickCount: 5, labelOverlap: true },
  }
  const offset = { field: 'run', sort: runNames }
  const color = {
    field: 'run',
    type: 'nominal',
    scale: { domain: runNames, range: [muted, accent] },
  }
  const read = values.map(
    ({ run, title, value }) => `${title}, ${run}: ${formatFigure(value, 'share')}`,
  )
  return {
    caption: 'Scores with their intervals',
    alternative: `${read.join('; ')}.`,
    spec: {
      width: 260,
      height: { step: rowHeight },
      data: { values },
      layer: [
        {
          mark: { type: 'rule', strokeWidth: 2 },
          encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y, yOffset: offset, color },
        },
        {
          mark: { type: 'circle', size: 70, opacity: 1 },
          encoding: { x, y, yOffset: offset, color },
        },
      ],
    },
  }
}

/** The F1 of each label in both runs, joined by a line. */
export function labelGapPlot(
  gaps: readonly { label: string; first: number; second: number }[],
): Plot {
  const values = gaps.flatMap(({ label, first, second }) => [
    { label, run: 'first', f1: first },
    { label, run: 'second', f1: second },
  ])
  const y = {
    field: 'label',
    type: 'nominal',
    sort: gaps.map(({ label }) => label),
    title: null,
    axis: { labelLimit: 130, grid: true },
  }
  const x = {
    field: 'f1',
    type: 'quantitative',
    title: 'F1',
    scale: { zero: false },
    axis: shareAxis,
  }
  const better = gaps.filter(({ first, second }) => second > first).length
  return {
    caption: 'F1 of each label in both runs',
    alternative: `The second run has a higher F1 for ${better} of ${gaps.length} labels; the table below has all of them.`,
    spec: {
      width: 220,
      height: { step: rowHeight },
      data: { values: gaps },
      layer: [
        {
          mark: { type: 'rule', strokeWidth: 2, color: muted, opacity: 0.6 },
          encoding: { x: { ...x, field: 'first' }, x2: { field: 'second' }, y },
        },
        {
          data: { values },
          mark: { type: 'circle', size: 55, opacity: 1 },
          encoding: {
            x,
            y,
            color: {
              field: 'run',
              type: 'nominal',
              scale: { domain: runNames, range: [muted, accent] },
            },
          },
        },
      ],
    },
  }
}
