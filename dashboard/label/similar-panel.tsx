// Events like the one in the queue, to be labelled together.
import { useState } from 'preact/hooks'
import type { QueueItem } from '../api/answers.ts'
import { percent, plural } from '../format/numbers.ts'
import { LabelChip, labelName } from '../parts/label-chip.tsx'
import { Answered, Empty, Panel } from '../parts/panel.tsx'
import { useAnswer } from '../parts/use-answer.ts'
import { useSession } from '../shell/session.ts'

/** Events at least as similar as this are ticked before anyone looks. */
const sureSimilarity = 0.8

/** Similar events with one label for all that are ticked. */
export function SimilarPanel(props: {
  item: QueueItem
  labels: readonly string[]
  isDisabled: boolean
  onLabel: (items: readonly QueueItem[], label: string) => void
}) {
  const { item, labels, onLabel } = props
  const { gateway } = useSession()
  const answer = useAnswer((signal) => gateway.similar(item.id, signal), [item.id])
  /** What a person changed: ticked or not. */
  const [changed, setChanged] = useState<Readonly<Record<string, boolean>>>({})
  const isTicked = ({ id, similarity = 0 }: QueueItem): boolean =>
    changed[id] ?? similarity >= sureSimilarity
  return (
    <Panel title="Similar events" note="Label them together with this one">
      <Answered answer={answer} rows={6}>
        {({ items }) => {
          if (items.length === 0) return <Empty title="No event is like this one" />
          const ticked = items.filter(isTicked)
          return (
            <>
              <ul class="similar">
                {items.map((one) => (
                  <li key={one.id}>
                    <label>
                      <input
                        type="checkbox"
                        checked={isTicked(one)}
                        onChange={(event) => {
                          const { checked } = event.currentTarget
                          setChanged((before) => ({ ...before, [one.id]: checked }))
                        }}
                      />
                      <span class="similar-text">{one.text.slice(0, 160)}</span>
                      <span class="similar-meta">
                        <LabelChip label={one.label} />
                        {one.similarity !== undefined && (
                          <small>{percent(one.similarity)} alike</small>
                        )}
                      </span>
                    </label>
                  </li>
                ))}
              </ul>
              <label class="field">
                <span>Label {plural(ticked.length + 1, 'event')} as</span>
                <select
                  value=""
                  disabled={props.isDisabled || ticked.length === 0}
                  onChange={(event) => {
                    const { value } = event.currentTarget
                    if (value !== '') onLabel([item, ...ticked], value)
                  }}
                >
                  <option value="">Choose a label</option>
                  {labels.map((label) => (
                    <option key={label} value={label}>
                      {labelName(label)}
                    </option>
                  ))}
                </select>
              </label>
            </>
          )
        }}
      </Answered>
    </Panel>
  )
}
