// A chart of series over time or steps, drawn by uPlot. Its legend shows the values under the
// pointer, and the latest otherwise. Screen readers get one sentence instead of the picture.
import { useEffect, useRef, useState } from 'preact/hooks'
import UPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { axisTime, clockTime } from '../format/times.ts'
import { onThemeChange } from '../shell/theme.ts'
import { stacked, type Series } from './stack.ts'

/** What a chart shows. */
export type ChartProps = {
  /** The sentence for people who cannot see it. */
  readonly description: string
  /** Epoch seconds with `isTime`, else steps. */
  readonly places: readonly number[]
  readonly series: readonly Series[]
  readonly kind: 'stacked-bars' | 'lines'
  readonly isTime: boolean
  readonly format: (value: number) => string
  /** The ends of the horizontal axis; those of the places when absent. */
  readonly ends?: readonly [number, number]
  readonly height?: number
}

/** Draws a chart as wide as its place. */
export function Chart(props: ChartProps) {
  const { description, series, places, format, height = 180 } = props
  const place = useRef<HTMLDivElement>(null)
  const [cursor, setCursor] = useState<number | undefined>(undefined)
  const shape = JSON.stringify([
    props.kind,
    height,
    series.map(({ name, colour }) => [name, colour]),
  ])
  const latest = useRef(props)
  latest.current = props
  const plot = useRef<UPlot | undefined>(undefined)
  useEffect(() => {
    const element = place.current
    if (element === null) return undefined
    const made = new UPlot(optionsOf(element, latest, setCursor), dataOf(latest.current), element)
    plot.current = made
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0) made.setSize({ width: element.clientWidth, height })
    })
    observer.observe(element)
    const stopTheme = onThemeChange(() => {
      made.redraw(false, true)
    })
    return () => {
      observer.disconnect()
      stopTheme()
      made.destroy()
      plot.current = undefined
    }
  }, [shape, height])
  const values = JSON.stringify([places, series.map((one) => one.values), props.ends])
  useEffect(() => {
    plot.current?.setData(dataOf(latest.current))
  }, [values])
  const shown = cursor ?? places.length - 1
  return (
    <div class="chart">
      <div role="img" aria-label={description} ref={place} style={{ height: `${height}px` }} />
      <ul class="legend" aria-hidden="true">
        <li class="legend-place">{placeName(props, cursor)}</li>
        {series.map(({ name, colour, values: own }) => {
          const value = cursor === undefined ? lastValue(own) : own[shown]
          return (
            <li key={name}>
              <i style={{ background: `var(${colour})` }} />
              {name} <b>{value === null || value === undefined ? '–' : format(value)}</b>
            </li>
          )
        })}
      </ul>
    </div>
  )
}

function lastValue(values: readonly (number | null)[]): number | null {
  return values.findLast((value) => value !== null) ?? null
}

function placeName(props: ChartProps, cursor: number | undefined): string {
  const place = cursor === undefined ? undefined : props.places[cursor]
  if (place === undefined) return 'latest'
  return props.isTime ? clockTime(new Date(place * 1_000).toISOString()) : `step ${place}`
}

/** A place on the horizontal axis: the time of a day, a day where days pass, or a step. */
function placeText(place: number, { isTime, ends, places }: ChartProps): string {
  if (!isTime) return String(place)
  const [from, to] = ends ?? [places[0] ?? 0, places.at(-1) ?? 0]
  return axisTime(place * 1_000, (to - from) * 1_000)
}

function dataOf({ places, series, kind }: ChartProps): UPlot.AlignedData {
  const values = series.map((one) => [...one.values])
  // The tallest layer is drawn first, and the lower ones over it.
  const layers = kind === 'stacked-bars' ? stacked(series).reverse() : values
  return [[...places], ...layers] as UPlot.AlignedData
}

function optionsOf(
  element: HTMLElement,
  latest: { readonly current: ChartProps },
  setCursor: (at: number | undefined) => void,
): UPlot.Options {
  const { kind, series, isTime, height = 180 } = latest.current
  const colour = (name: string) => getComputedStyle(element).getPropertyValue(name)
  const axis = {
    stroke: () => colour('--ink-3'),
    font: '11px system-ui, sans-serif',
    ticks: { show: false },
  }
  const isStack = kind === 'stacked-bars'
  const layers = isStack ? [...series].reverse() : series
  return {
    width: Math.max(100, element.clientWidth),
    height,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: !isStack, size: 6 }, drag: { x: false, y: false } },
    scales: {
      x: {
        time: isTime,
        range: (_, min, max) => [...(latest.current.ends ?? [min, max])] as [number, number],
      },
      y: { range: (_, min, max) => [isTime ? 0 : Math.min(0, min), max > 0 ? max * 1.08 : 1] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 26,
        space: 76,
        values: (_, values) => values.map((place) => placeText(place, latest.current)),
      },
      {
        ...axis,
        size: 48,
        space: 36,
        grid: { stroke: () => colour('--line'), width: 1 },
        values: (_, values) => values.map((value) => latest.current.format(value)),
      },
    ],
    series: [
      {},
      ...layers.map((one) => ({
        label: one.name,
        stroke: () => colour(one.colour),
        width: isStack ? 0 : 1.75,
        points: { show: false },
        ...(isStack && {
          fill: () => colour(one.colour),
          ...barPaths(),
        }),
      })),
    ],
    hooks: {
      setCursor: [
        ({ cursor: { idx } }) => {
          setCursor(idx ?? undefined)
        },
      ],
    },
  }
}

function barPaths(): { paths?: UPlot.Series.PathBuilder } {
  const paths = UPlot.paths.bars?.({ size: [0.86, 28], align: 1 })
  return paths === undefined ? {} : { paths }
}
