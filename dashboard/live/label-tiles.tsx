// How many events each label got in the range: the first thing that people look for. A tile filters
// the list below.
import type { Summary } from '../api/answers.ts'
import { count, percent, rate } from '../format/numbers.ts'
import type { Range } from '../format/times.ts'
import { labelName, useLabelColour } from '../parts/label-chip.tsx'
import { Empty } from '../parts/panel.tsx'
import { changeQuery } from '../shell/use-route.ts'

/** Labels beyond these are in the chart and the filter only. */
const tilesMax = 8

/** One tile for each label, the most frequent first. */
export function LabelTiles(props: { summary: Summary; range: Range; chosen: string | undefined }) {
  const { summary, range, chosen } = props
  const colour = useLabelColour()
  if (summary.events === 0) {
    return (
      <div class="panel">
        <Empty title={`No event in ${range.spoken}`}>
          Choose a longer range, or send something under <a href="#/try">Try it</a>.
        </Empty>
      </div>
    )
  }
  const ranked = [...summary.labels].sort((a, b) => b.events - a.events)
  const shown = ranked.slice(0, tilesMax)
  return (
    <div class="tiles" role="group" aria-label={`Events by label in ${range.spoken}`}>
      <div class="tile">
        <span class="tile-name">all events</span>
        <span class="tile-figure">{count(summary.events)}</span>
        <span class="tile-note">{rate(summary.eventsPerSecond)} per second</span>
      </div>
      {shown.map(({ label, events }) => (
        <button
          key={label}
          type="button"
          class="tile"
          aria-pressed={chosen === label}
          title={chosen === label ? 'Show all labels' : `Show only ${labelName(label)} below`}
          onClick={() => {
            changeQuery({ show: chosen === label ? undefined : label })
          }}
        >
          <span class="tile-name">
            <i style={{ background: colour(label) }} />
            {labelName(label)}
          </span>
          <span class="tile-figure">{count(events)}</span>
          <span class="tile-note">
            {percent(events / summary.events)} in {range.spoken}
          </span>
        </button>
      ))}
      {ranked.length > shown.length && (
        <div class="tile">
          <span class="tile-name">{ranked.length - shown.length} other labels</span>
          <span class="tile-figure">
            {count(ranked.slice(tilesMax).reduce((sum, { events }) => sum + events, 0))}
          </span>
        </div>
      )}
    </div>
  )
}
