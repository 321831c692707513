// Recent results with search and filters. New ones appear on top; while the pointer or the focus is
// on the list, or it is scrolled, they wait.
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Result, Summary } from '../api/answers.ts'
import { count, duration, percent } from '../format/numbers.ts'
import { clockTime, dayTime, exactTime, type Range } from '../format/times.ts'
import { Icon } from '../parts/icon.tsx'
import { LabelChip, labelName } from '../parts/label-chip.tsx'
import { Empty, Failure, Panel, Skeleton } from '../parts/panel.tsx'
import { Choice } from '../parts/segments.tsx'
import { fragmentOf, type Route } from '../shell/routes.ts'
import { useSession } from '../shell/session.ts'
import { changeQuery } from '../shell/use-route.ts'
import { keyOf } from './tail.ts'
import { useTail, type TailState } from './use-tail.ts'

const searchPauseMs = 300

/** The list of recent results. */
export function ResultsPanel(props: { route: Route; range: Range; labels: Summary['labels'] }) {
  const { route, range } = props
  const { query } = route
  const [isFollowing, setIsFollowing] = useState(true)
  const filter = {
    label: query['show'],
    source: query['source'],
    model: query['model'],
    q: query['q'],
    scoreBelow: query['unsure'] === undefined ? undefined : '0.8',
  }
  const state = useTail(filter, range.ms, isFollowing)
  const { tail } = state
  const [shown, setShown] = useState(firstRows)
  const showOlder = (): void => {
    setShown((before) => before + 50)
    if (tail.rows.length < shown + 50 && state.hasOlder) state.loadOlder()
  }
  return (
    <Panel
      title="Recent results"
      class="results"
      aside={<TailSwitch state={state} isFollowing={isFollowing} onChange={setIsFollowing} />}
    >
      <ResultFilters route={route} labels={props.labels} />
      <ResultRows state={state} route={route} range={range} shown={shown} />
      {(state.hasOlder || tail.rows.length > shown) && tail.rows.length > 0 && (
        <p class="more">
          <button type="button" onClick={showOlder}>
            Show older
          </button>
        </p>
      )}
    </Panel>
  )
}

/** A narrow window scrolls as a whole, so that what follows the list must not be far away. */
function firstRows(): number {
  return innerWidth <= 760 ? 12 : 200
}

function ResultRows(props: { state: TailState; route: Route; range: Range; shown: number }) {
  const { state, route, range } = props
  const { tail, error, isLoading, change } = state
  if (error !== undefined) return <Failure error={error} retry={state.reload} />
  if (tail.rows.length === 0) {
    return isLoading ? <Skeleton rows={10} /> : <NoResults route={route} range={range} />
  }
  return (
    <div
      class="tail"
      onPointerEnter={() => {
        change({ kind: 'pause' })
      }}
      onPointerLeave={(event) => {
        const list = event.currentTarget.querySelector('ol')
        if (list !== null && list.scrollTop < 8) change({ kind: 'resume' })
      }}
      onFocusIn={() => {
        change({ kind: 'pause' })
      }}
    >
      <ol
        class="rows"
        aria-label="Recent results, newest first"
        onScroll={(event) => {
          if (event.currentTarget.scrollTop > 8) change({ kind: 'pause' })
        }}
      >
        {tail.rows.slice(0, props.shown).map((result) => (
          <ResultRow
            key={keyOf(result)}
            result={result}
            route={route}
            isLong={range.ms > 86_400_000}
          />
        ))}
      </ol>
    </div>
  )
}

function ResultRow(props: { result: Result; route: Route; isLong: boolean }) {
  const { result, route, isLong } = props
  const { id, label, score, text, classifiedAt, source, totalMs } = result
  return (
    <li>
      <a
        class="row"
        href={fragmentOf({ view: 'live', id, query: route.query })}
        aria-current={route.id === id ? 'true' : undefined}
      >
        <time dateTime={classifiedAt} title={exactTime(classifiedAt)}>
          {isLong ? dayTime(classifiedAt) : clockTime(classifiedAt)}
        </time>
        <LabelChip label={label} score={percent(score)} />
        <span class="row-text">{text === '' ? '(the text is hidden)' : text.slice(0, 300)}</span>
        <span class="row-meta">
          {source !== '' && <span>{source}</span>}
          <span title="From Kafka to the label">{duration(totalMs)}</span>
        </span>
      </a>
    </li>
  )
}

function NoResults({ route, range }: { route: Route; range: Range }) {
  const { show, q, source, model, unsure } = route.query
  const isFiltered = [show, q, source, model, unsure].some((value) => value !== undefined)
  return (
    <Empty title={isFiltered ? 'Nothing matches' : `No result in ${range.spoken}`}>
      {isFiltered && (
        <button
          type="button"
          onClick={() => {
            const none = undefined
            changeQuery({ show: none, q: none, source: none, model: none, unsure: none })
          }}
        >
          Remove the filters
        </button>
      )}{' '}
      {range.key !== '7d' && (
        <button
          type="button"
          onClick={() => {
            changeQuery({ range: '7d' })
          }}
        >
          Look at the last 7 days
        </button>
      )}
    </Empty>
  )
}

function ResultFilters({ route, labels }: { route: Route; labels: Summary['labels'] }) {
  const { query } = route
  const { labels: known, me } = useSession()
  const [typed, setTyped] = useState(query['q'] ?? '')
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  useEffect(() => {
    setTyped(query['q'] ?? '')
  }, [query['q']])
  const names = [...new Set([...known, ...labels.map(({ label }) => label)])]
  return (
    <div class="filters">
      <label class="search">
        <Icon name="search" />
        <span class="visually-hidden">Search the texts</span>
        <input
          type="search"
          placeholder="Search the texts"
          disabled={me.textsMasked}
          title={
            me.textsMasked ? 'Your API key sees texts masked, so it cannot search them.' : undefined
          }
          value={typed}
          onInput={(event) => {
            const { value } = event.currentTarget
            setTyped(value)
            clearTimeout(timer.current)
            timer.current = setTimeout(() => {
              changeQuery({ q: value })
            }, searchPauseMs)
          }}
        />
      </label>
      <Choice
        label="Label"
        value={query['show'] ?? ''}
        choices={[
          { value: '', name: 'All labels' },
          ...names.map((value) => ({ value, name: labelName(value) })),
        ]}
        onChoose={(value) => {
          changeQuery({ show: value })
        }}
      />
      <label class="check" title="Results whose best label has a probability below 80 %">
        <input
          type="checkbox"
          checked={query['unsure'] !== undefined}
          onChange={(event) => {
            changeQuery({ unsure: event.currentTarget.checked ? '1' : undefined })
          }}
        />
        Unsure only
      </label>
    </div>
  )
}

const streamNames = {
  connecting: 'Connecting',
  live: 'Live',
  lost: 'Reconnecting',
  off: 'Not following',
} as const

function TailSwitch(props: {
  state: TailState
  isFollowing: boolean
  onChange: (isFollowing: boolean) => void
}) {
  const { state, isFollowing } = props
  const isPaused = state.tail.isPaused && state.stream === 'live'
  const waiting = state.tail.waiting.length
  return (
    <>
      <span
        class={`stream-state ${state.stream}`}
        role="status"
        title={isPaused ? 'New results wait while you are on the list' : undefined}
      >
        {isPaused ? 'Paused' : streamNames[state.stream]}
      </span>
      {waiting > 0 && (
        <button
          type="button"
          class="waiting"
          onClick={() => {
            state.change({ kind: 'resume' })
          }}
        >
          {count(waiting)} new – show
        </button>
      )}
      <button
        type="button"
        class="quiet"
        aria-pressed={isFollowing}
        onClick={() => {
          props.onChange(!isFollowing)
        }}
      >
        <Icon name={isFollowing ? 'pause' : 'play'} />
        {isFollowing ? 'Stop' : 'Follow'}
      </button>
    </>
  )
}
