// What comes in now: how many events of each label, how fast, through which parts, and the events
// themselves.
import type { Summary } from '../api/answers.ts'
import { useSession } from '../shell/session.ts'
import type { Route } from '../shell/routes.ts'
import { changeQuery } from '../shell/use-route.ts'
import { rangeOf, ranges } from '../format/times.ts'
import { plural, rate } from '../format/numbers.ts'
import { Failure, Skeleton } from '../parts/panel.tsx'
import { Choice, Segments } from '../parts/segments.tsx'
import { useAnswer } from '../parts/use-answer.ts'
import { EventDetail } from './event-detail.tsx'
import { LabelTiles } from './label-tiles.tsx'
import { PipelinePanels } from './pipeline-panels.tsx'
import { ResultsPanel } from './results-panel.tsx'
import { TrafficPanels } from './traffic-panels.tsx'

/** How often the figures are read again: each range at about the pace at which it changes. */
const refreshMs = { '5m': 3_000, '15m': 5_000, '1h': 10_000, '24h': 30_000, '7d': 60_000 } as const

/** The Live view. */
export function LiveView({ route }: { route: Route }) {
  const { gateway } = useSession()
  const { query, id } = route
  const range = rangeOf(query['range'])
  const filter = { source: query['source'], model: query['model'] }
  const summary = useAnswer(
    (signal) => {
      const until = Date.now()
      const window = { since: until - range.ms, until, buckets: 60 }
      return gateway.summary({ ...window, ...filter }, signal)
    },
    [range.key, filter.source, filter.model],
    { refreshMs: refreshMs[range.key], keep: true },
  )
  return (
    <div class={id === undefined ? 'view' : 'view with-detail'}>
      <header class="view-head">
        <div>
          <h1>Live</h1>
          <p class="lead">
            {summary.value === undefined
              ? 'Labels as they come in'
              : `${plural(summary.value.events, 'event')} in ${range.spoken}, ${rate(summary.value.eventsPerSecond)} per second`}
          </p>
        </div>
        <div class="tools">
          <Filters summary={summary.value} route={route} />
          <Segments
            label="Time range"
            choices={ranges}
            chosen={range.key}
            onChoose={(key) => {
              changeQuery({ range: key })
            }}
          />
        </div>
      </header>
      {summary.error !== undefined && <Failure error={summary.error} retry={summary.reload} />}
      {summary.value === undefined ? (
        summary.error === undefined && <LiveSkeleton />
      ) : (
        <>
          <LabelTiles summary={summary.value} range={range} chosen={query['show']} />
          <TrafficPanels summary={summary.value} range={range} />
        </>
      )}
      <div class="live-columns">
        <ResultsPanel route={route} range={range} labels={summary.value?.labels ?? []} />
        <PipelinePanels summary={summary.value} />
      </div>
      {id !== undefined && <EventDetail key={id} id={id} />}
    </div>
  )
}

/** Narrow everything on the page to one source or one model, where there are several. */
function Filters({ summary, route }: { summary: Summary | undefined; route: Route }) {
  const choices = (values: readonly string[], chosen: string | undefined, all: string) => [
    { value: '', name: all },
    ...[...new Set([...values, ...(chosen === undefined ? [] : [chosen])])]
      .filter((value) => value !== '')
      .map((value) => ({ value, name: value })),
  ]
  const { source, model } = route.query
  const sources = choices(summary?.sources.map((one) => one.source) ?? [], source, 'All sources')
  const models = choices(summary?.models.map((one) => one.model) ?? [], model, 'All models')
  return (
    <>
      {sources.length > 2 && (
        <Choice
          label="Source"
          value={source ?? ''}
          choices={sources}
          onChoose={(value) => {
            changeQuery({ source: value })
          }}
        />
      )}
      {models.length > 2 && (
        <Choice
          label="Model"
          value={model ?? ''}
          choices={models}
          onChoose={(value) => {
            changeQuery({ model: value })
          }}
        />
      )}
    </>
  )
}

function LiveSkeleton() {
  return (
    <>
      <div class="tiles">
        {[0, 1, 2].map((at) => (
          <div key={at} class="tile">
            <Skeleton rows={2} />
          </div>
        ))}
      </div>
      <div class="traffic">
        <div class="panel tall">
          <Skeleton rows={6} />
        </div>
        <div class="panel tall">
          <Skeleton rows={6} />
        </div>
      </div>
    </>
  )
}
