// Two charts over the range: events by label, and how long events took.
import { useContext } from 'preact/hooks'
import type { Quantiles, Summary } from '../api/answers.ts'
import { Chart } from '../charts/chart.tsx'
import { labelSeries } from '../charts/stack.ts'
import { coloursMax, colourVariable } from '../format/label-colours.ts'
import { count, duration, rate, shortCount } from '../format/numbers.ts'
import type { Range } from '../format/times.ts'
import { LabelColours } from '../parts/label-chip.tsx'
import { Empty, Panel } from '../parts/panel.tsx'

/** Traffic by label and latency. */
export function TrafficPanels({ summary, range }: { summary: Summary; range: Range }) {
  const places = useContext(LabelColours)
  const { series, bucketSeconds } = summary
  const times = series.map(({ time }) => Date.parse(time) / 1_000)
  const ends = [Date.parse(summary.since) / 1_000, Date.parse(summary.until) / 1_000] as const
  const byLabel = labelSeries(series, {
    labelsMax: coloursMax,
    perSecond: bucketSeconds,
    colourOf: (label) => colourVariable(places.get(label) ?? coloursMax),
  })
  const peak = Math.max(0, ...series.map(({ events }) => events / bucketSeconds))
  const quantile = (key: keyof Quantiles) => series.map(({ totalMs }) => totalMs?.[key] ?? null)
  const { total } = summary.latencyMs
  return (
    <div class="traffic">
      <Panel title="Events per second, by label" class="tall">
        <Chart
          kind="stacked-bars"
          height={212}
          isTime
          places={times}
          ends={ends}
          series={byLabel}
          format={rate}
          description={`Events per second in ${range.spoken}: ${count(summary.events)} events in all, at most ${rate(peak)} per second.`}
        />
      </Panel>
      <Panel title="Time to a label" class="tall" aside="from Kafka to the label">
        {total === null ? (
          <Empty title="Nothing was measured in this range" />
        ) : (
          <>
            <Chart
              kind="lines"
              isTime
              height={112}
              places={times}
              ends={ends}
              series={[
                { name: 'p50', colour: '--line-1', values: quantile('p50') },
                { name: 'p95', colour: '--line-2', values: quantile('p95') },
                { name: 'p99', colour: '--line-3', values: quantile('p99') },
              ]}
              format={(ms) => (ms < 1_000 ? `${shortCount(ms)} ms` : `${shortCount(ms / 1_000)} s`)}
              description={`Half of the events took less than ${duration(total.p50)}, and 99 % less than ${duration(total.p99)}.`}
            />
            <StageTable summary={summary} />
          </>
        )}
      </Panel>
    </div>
  )
}

const stages = [
  { key: 'queue', name: 'waiting for a batch' },
  { key: 'infer', name: 'in the model' },
  { key: 'total', name: 'in all' },
] as const

function StageTable({ summary }: { summary: Summary }) {
  return (
    <table class="figures">
      <thead>
        <tr>
          <th scope="col">
            <span class="visually-hidden">Part of the way</span>
          </th>
          <th scope="col">p50</th>
          <th scope="col">p95</th>
          <th scope="col">p99</th>
        </tr>
      </thead>
      <tbody>
        {stages.map(({ key, name }) => (
          <tr key={key}>
            <th scope="row">{name}</th>
            {(['p50', 'p95', 'p99'] as const).map((quantile) => {
              const ms = summary.latencyMs[key]?.[quantile]
              return <td key={quantile}>{ms === undefined ? '–' : duration(ms)}</td>
            })}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
