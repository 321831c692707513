// One event after the other with the labels it could have. Everything works by keyboard.
import { useEffect, useRef, useState } from 'preact/hooks'
import type { LabelQueue } from '../api/answers.ts'
import { count, plural } from '../format/numbers.ts'
import { labelName } from '../parts/label-chip.tsx'
import { Empty, Failure, Skeleton } from '../parts/panel.tsx'
import { Choice } from '../parts/segments.tsx'
import { useAnswer } from '../parts/use-answer.ts'
import type { Route } from '../shell/routes.ts'
import { useSession } from '../shell/session.ts'
import { changeQuery } from '../shell/use-route.ts'
import { HelpDialog, TrainDialog } from './label-dialogs.tsx'
import { keyAction } from './keyboard.ts'
import { QueueCard } from './queue-card.tsx'
import { excludedIds, labelledCount } from './session-labels.ts'
import { SimilarPanel } from './similar-panel.tsx'
import { useWork } from './use-work.ts'

const strategies = [
  { value: 'mixed', name: 'A mix of all' },
  { value: 'uncertain', name: 'The model is unsure' },
  { value: 'diverse', name: 'Unlike each other' },
  { value: 'out-of-scope', name: 'Unlike the training texts' },
  { value: 'disagreement', name: 'Versions disagree' },
] as const

/** More are read when this few are left. */
const refillBelow = 5
const pageItems = 20

/** The queue with its tools. */
export function QueuePanel({ route }: { route: Route }) {
  const { gateway, whyNot, notify } = useSession()
  const { work, change, give, undo } = useWork()
  const [open, setOpen] = useState<'help' | 'train' | undefined>(undefined)
  const search = useRef<HTMLInputElement>(null)
  const { strategy = 'mixed', source } = route.query
  const isLow = work.items.length < refillBelow
  const latest = useRef<LabelQueue | undefined>(undefined)
  const queue = useAnswer<LabelQueue>(
    async (signal) => {
      if (!isLow && latest.current !== undefined) return latest.current
      const exclude = excludedIds(work).join(',')
      const query = { strategy, source, limit: pageItems, exclude }
      const page = await gateway.labelQueue(query, signal)
      latest.current = page
      change({ kind: 'loaded', items: page.items })
      return page
    },
    [strategy, source, isLow],
    { keep: true },
  )
  // The page is here before the answer that carries it.
  const page = queue.value ?? latest.current
  const labels = page?.labels ?? []
  const current = work.items[work.at]
  const reason = whyNot('ingest')
  useKeys((action) => {
    if (action.kind === 'label') {
      const label = labels[action.at]
      if (label !== undefined && current !== undefined && reason === undefined)
        void give([current], label)
    } else if (action.kind === 'skip') change({ kind: 'skipped' })
    else if (action.kind === 'next') change({ kind: 'next' })
    else if (action.kind === 'undo') void undo()
    else if (action.kind === 'search') search.current?.focus()
    else setOpen('help')
  }, open === undefined)
  return (
    <>
      <QueueTools
        strategy={strategy}
        labelled={labelledCount(work)}
        canUndo={work.given.length > 0}
        onUndo={() => void undo()}
        onOpen={setOpen}
      />
      {reason !== undefined && <p class="inline-error">{reason}</p>}
      {current === undefined ? (
        <NothingLeft queue={queue} />
      ) : (
        <div class="label-columns">
          <QueueCard
            key={current.id}
            item={current}
            labels={labels}
            search={search}
            left={work.items.length}
            isDisabled={reason !== undefined}
            onLabel={(label) => void give([current], label)}
            onSkip={() => {
              change({ kind: 'skipped' })
            }}
            onNext={() => {
              change({ kind: 'next' })
            }}
          />
          <SimilarPanel
            key={`similar ${current.id}`}
            item={current}
            labels={labels}
            isDisabled={reason !== undefined}
            onLabel={(items, label) => {
              void give(items, label)
              notify(`${plural(items.length, 'event')} labelled ${labelName(label)}`)
            }}
          />
        </div>
      )}
      {open === 'help' && (
        <HelpDialog
          labels={labels}
          onClose={() => {
            setOpen(undefined)
          }}
        />
      )}
      {open === 'train' && (
        <TrainDialog
          model={page?.model}
          onClose={() => {
            setOpen(undefined)
          }}
        />
      )}
    </>
  )
}

/** What stands above the queue. */
function QueueTools(props: {
  strategy: string
  labelled: number
  canUndo: boolean
  onUndo: () => void
  onOpen: (what: 'help' | 'train') => void
}) {
  return (
    <div class="label-tools">
      <Choice
        label="Show first"
        value={props.strategy}
        choices={strategies}
        onChoose={(value) => {
          changeQuery({ strategy: value === 'mixed' ? undefined : value })
        }}
      />
      <p class="label-count" role="status">
        <b>{count(props.labelled)}</b> labelled in this sitting
      </p>
      <button type="button" disabled={!props.canUndo} onClick={props.onUndo} aria-keyshortcuts="u">
        Undo <kbd>u</kbd>
      </button>
      <button
        type="button"
        class="keys-button"
        onClick={() => {
          props.onOpen('help')
        }}
        aria-keyshortcuts="?"
      >
        Keys <kbd>?</kbd>
      </button>
      <button
        type="button"
        onClick={() => {
          props.onOpen('train')
        }}
      >
        Train with these labels
      </button>
    </div>
  )
}

function NothingLeft({ queue }: { queue: ReturnType<typeof useAnswer<LabelQueue>> }) {
  if (queue.error !== undefined) return <Failure error={queue.error} retry={queue.reload} />
  if (queue.isLoading) {
    return (
      <div class="panel">
        <Skeleton rows={10} />
      </div>
    )
  }
  return (
    <div class="panel">
      <Empty title="Nothing is left to label">
        <p>Every event that fits was labelled or skipped. Show others first, or read again.</p>
        <button type="button" onClick={queue.reload}>
          Read again
        </button>
      </Empty>
    </div>
  )
}

/** Listens to the keys of the queue, unless a dialog is open. */
function useKeys(act: (action: NonNullable<ReturnType<typeof keyAction>>) => void, isOn: boolean) {
  const latest = useRef(act)
  latest.current = act
  useEffect(() => {
    if (!isOn) return undefined
    const onKey = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement | null
      const isInField = target?.matches('input:not([type=checkbox]), textarea, select') === true
      const hasModifier = event.ctrlKey || event.metaKey || event.altKey
      const action = keyAction({ key: event.key, isInField, hasModifier })
      if (action === undefined) return
      event.preventDefault()
      latest.current(action)
    }
    addEventListener('keydown', onKey)
    return () => {
      removeEventListener('keydown', onKey)
    }
  }, [isOn])
}
