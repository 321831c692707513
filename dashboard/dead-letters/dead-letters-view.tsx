// Events that were rejected: by code, each with its payload, and the way back into the stream. Above
// them the balance, which shows that nothing is lost.
import { useState } from 'preact/hooks'
import type { DeadLetter, DeadLetters } from '../api/answers.ts'
import { failureText } from '../api/failure-text.ts'
import { count, plural } from '../format/numbers.ts'
import { Dialog } from '../parts/dialog.tsx'
import { Answered, Empty, Panel } from '../parts/panel.tsx'
import { Segments } from '../parts/segments.tsx'
import { Ago } from '../parts/time.tsx'
import { useAnswer } from '../parts/use-answer.ts'
import { fragmentOf, type Route } from '../shell/routes.ts'
import { useSession } from '../shell/session.ts'
import { changeQuery } from '../shell/use-route.ts'
import { BalancePanel } from './balance-panel.tsx'
import { codeMeaning } from './code-meanings.ts'
import { LetterDetail } from './letter-detail.tsx'
import { replayWords } from './replay-words.ts'

/** The Dead letters view. */
export function DeadLettersView({ route }: { route: Route }) {
  const { gateway } = useSession()
  const { state = 'open', code, cursor } = route.query
  const answer = useAnswer(
    (signal) => gateway.deadLetters({ state, code, cursor, limit: 50 }, signal),
    [state, code, cursor],
    { refreshMs: 10_000, keep: true },
  )
  return (
    <div class={route.id === undefined ? 'view' : 'view with-detail'}>
      <header class="view-head">
        <div>
          <h1>Dead letters</h1>
          <p class="lead">Events that failed, why, and how to send them again</p>
        </div>
        <div class="tools">
          <Segments
            label="Which dead letters"
            choices={[
              { key: 'open', name: 'Open' },
              { key: 'all', name: 'All' },
            ]}
            chosen={state === 'all' ? 'all' : 'open'}
            onChoose={(key) => {
              changeQuery({ state: key === 'open' ? undefined : key, cursor: undefined })
            }}
          />
        </div>
      </header>
      <BalancePanel />
      <div class="letter-columns">
        <Panel title="By code">
          <Answered answer={answer} rows={5}>
            {(value) => <Codes letters={value} route={route} reload={answer.reload} />}
          </Answered>
        </Panel>
        <Panel
          title={code === undefined ? 'Newest first' : code}
          class="flush"
          aside={
            code !== undefined && (
              <button
                type="button"
                class="quiet"
                onClick={() => {
                  changeQuery({ code: undefined })
                }}
              >
                Show all codes
              </button>
            )
          }
        >
          <Answered answer={answer} rows={10}>
            {(value) => <LetterList letters={value} route={route} />}
          </Answered>
        </Panel>
      </div>
      {route.id !== undefined && (
        <LetterDetail key={route.id} id={route.id} onChange={answer.reload} />
      )}
    </div>
  )
}

function Codes(props: { letters: DeadLetters; route: Route; reload: () => void }) {
  const { letters, route } = props
  const { whyNot } = useSession()
  const [replayed, setReplayed] = useState<DeadLetters['codes'][number] | undefined>(undefined)
  const reason = whyNot('admin')
  if (letters.codes.length === 0) {
    return <Empty title="No event was rejected">Events that fail appear here with a code.</Empty>
  }
  return (
    <ul class="codes">
      {letters.codes.map((one) => (
        <li key={one.code} class={route.query['code'] === one.code ? 'chosen' : ''}>
          <button
            type="button"
            class="link"
            onClick={() => {
              changeQuery({ code: one.code, cursor: undefined })
            }}
          >
            <code>{one.code}</code>
          </button>
          <span class="code-counts">
            <b>{count(one.open)}</b> open <small>of {count(one.all)}</small>
          </span>
          <small class="code-meaning">{codeMeaning(one.code)}</small>
          {one.open > 0 && (
            <button
              type="button"
              class="quiet"
              disabled={reason !== undefined}
              title={reason}
              onClick={() => {
                setReplayed(one)
              }}
            >
              Replay all {count(one.open)}
            </button>
          )}
        </li>
      ))}
      {replayed !== undefined && (
        <ReplayDialog
          {...replayed}
          onClose={() => {
            setReplayed(undefined)
          }}
          onDone={props.reload}
        />
      )}
    </ul>
  )
}

function ReplayDialog(props: {
  code: string
  open: number
  onClose: () => void
  onDone: () => void
}) {
  const { code, open, onClose, onDone } = props
  const { gateway, notify } = useSession()
  const [isSending, setIsSending] = useState(false)
  const replay = async (): Promise<void> => {
    setIsSending(true)
    try {
      notify(replayWords(await gateway.replay({ code })))
      onDone()
    } catch (error) {
      notify(failureText(error).detail, 'bad')
    }
    onClose()
  }
  return (
    <Dialog title={`Replay ${code}`} onClose={onClose}>
      <p>
        {plural(open, 'event')} will be sent again as they were. Those whose cause is not fixed will
        be rejected again; nothing is counted twice.
      </p>
      <p class="actions">
        <button type="button" class="primary" disabled={isSending} onClick={() => void replay()}>
          Replay {count(open)}
        </button>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
      </p>
    </Dialog>
  )
}

function LetterList({ letters, route }: { letters: DeadLetters; route: Route }) {
  const { deadLetters, cursor } = letters
  if (deadLetters.length === 0) {
    return (
      <Empty title={route.query['state'] === 'all' ? 'No dead letter' : 'No open dead letter'}>
        Every event has a row, or is on its way.
      </Empty>
    )
  }
  return (
    <>
      <ol class="rows letters" aria-label="Dead letters, newest first">
        {deadLetters.map((letter) => (
          <LetterRow key={`${letter.id} ${letter.attempt}`} letter={letter} route={route} />
        ))}
      </ol>
      {cursor !== undefined && (
        <p class="more">
          <button
            type="button"
            onClick={() => {
              changeQuery({ cursor })
            }}
          >
            Show older
          </button>
        </p>
      )}
    </>
  )
}

function LetterRow({ letter, route }: { letter: DeadLetter; route: Route }) {
  return (
    <li>
      <a
        class="row"
        href={fragmentOf({ view: 'dead-letters', id: letter.id, query: route.query })}
        aria-current={route.id === letter.id ? 'true' : undefined}
      >
        <Ago time={letter.rejectedAt} />
        <code>{letter.code}</code>
        <span class="row-text">{letter.message}</span>
        <span class="row-meta">
          <span>{letter.stage}</span>
          {!letter.open && <span class="badge good">settled</span>}
          {letter.attempt > 0 && <span>try {letter.attempt + 1}</span>}
        </span>
      </a>
    </li>
  )
}
