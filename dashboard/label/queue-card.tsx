// The event to label: its text, what the model thinks, and a button for each label.
import { useState } from 'preact/hooks'
import type { QueueItem } from '../api/answers.ts'
import { percent, plural } from '../format/numbers.ts'
import { LabelChip, labelName } from '../parts/label-chip.tsx'
import { Ago } from '../parts/time.tsx'

const reasons: Readonly<Record<string, string>> = {
  uncertain: 'the model is unsure',
  diverse: 'unlike the others',
  'out-of-scope': 'unlike the training texts',
  disagreement: 'versions disagree',
}

/** The card in the middle. */
export function QueueCard(props: {
  item: QueueItem
  labels: readonly string[]
  left: number
  search: { current: HTMLInputElement | null }
  isDisabled: boolean
  onLabel: (label: string) => void
  onSkip: () => void
  onNext: () => void
}) {
  const { item, labels, search } = props
  const [typed, setTyped] = useState('')
  const found = labels.filter((label) => label.toLowerCase().includes(typed.toLowerCase()))
  const scores = new Map([
    ...Object.entries(item.probabilities),
    ...item.suggestions.map(({ label, score }) => [label, score] as const),
  ])
  // The keys 1 to 9 stay with their labels, whatever is searched.
  const numbered = found.map((label) => ({ label, number: labels.indexOf(label) + 1 }))
  return (
    <section class="panel queue-card" aria-label="Event to label">
      <p class="queue-meta">
        {item.reason !== undefined && (
          <span class="badge">{reasons[item.reason] ?? item.reason}</span>
        )}
        {item.source !== '' && <span>{item.source}</span>}
        <Ago time={item.classifiedAt} />
        <span class="spacer" />
        <span>{plural(props.left, 'event')} loaded</span>
      </p>
      <p class="queue-text" tabIndex={0}>
        {item.text}
      </p>
      <p class="queue-guess">
        <span>{item.model} says</span> <LabelChip label={item.label} score={percent(item.score)} />
      </p>
      <div class="label-grid" role="group" aria-label="Labels">
        {numbered.map(({ label, number }) => (
          <button
            key={label}
            type="button"
            disabled={props.isDisabled}
            class={label === item.label ? 'suggested' : ''}
            aria-keyshortcuts={number <= 9 ? String(number) : undefined}
            onClick={() => {
              props.onLabel(label)
            }}
          >
            {number <= 9 && <kbd>{number}</kbd>}
            <LabelChip label={label} />
            {scores.has(label) && <small>{percent(scores.get(label)!)}</small>}
          </button>
        ))}
      </div>
      <div class="queue-foot">
        <input
          ref={search}
          type="search"
          aria-label="Search a label"
          placeholder="Search a label ( / )"
          value={typed}
          onInput={(event) => {
            setTyped(event.currentTarget.value)
          }}
          onKeyDown={(event) => {
            const [first] = found
            if (event.key === 'Enter' && first !== undefined) props.onLabel(first)
            if (event.key === 'Escape') {
              setTyped('')
              event.currentTarget.blur()
            }
          }}
        />
        {typed !== '' && found[0] !== undefined && <span>Enter: {labelName(found[0])}</span>}
        <span class="spacer" />
        <button type="button" onClick={props.onNext} aria-keyshortcuts="n">
          Later <kbd>n</kbd>
        </button>
        <button type="button" onClick={props.onSkip} aria-keyshortcuts="s">
          Skip <kbd>s</kbd>
        </button>
      </div>
    </section>
  )
}
