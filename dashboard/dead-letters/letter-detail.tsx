// One rejected event: what arrived, why it failed, and how to send it again, as it was or edited.
import { useState } from 'preact/hooks'
import type { Event } from '../../client/client.ts'
import type { DeadLetterDetail } from '../api/answers.ts'
import { failureText } from '../api/failure-text.ts'
import { bytes } from '../format/numbers.ts'
import { exactTime } from '../format/times.ts'
import { CopyLine } from '../parts/copy-button.tsx'
import { DetailPanel } from '../parts/detail-panel.tsx'
import { Answered } from '../parts/panel.tsx'
import { Ago } from '../parts/time.tsx'
import { useAnswer } from '../parts/use-answer.ts'
import { fragmentOf } from '../shell/routes.ts'
import { useSession } from '../shell/session.ts'
import { codeMeaning } from './code-meanings.ts'
import { draftOf, eventOf } from './edited-event.ts'
import { replayWords } from './replay-words.ts'

/** Escape in a field is for the field. */
function isTyping(event: KeyboardEvent): boolean {
  return (event.target as HTMLElement | null)?.matches('input, textarea') === true
}

/** The panel of one dead letter. Escape closes it. */
export function LetterDetail({ id, onChange }: { id: string; onChange: () => void }) {
  const { gateway } = useSession()
  const answer = useAnswer((signal) => gateway.deadLetter(id, signal), [id])
  return (
    <DetailPanel title="Dead letter" keeps={isTyping}>
      <Answered answer={answer} rows={12}>
        {(letter) => (
          <LetterContent
            letter={letter}
            onChange={() => {
              answer.reload()
              onChange()
            }}
          />
        )}
      </Answered>
    </DetailPanel>
  )
}

function LetterContent({ letter, onChange }: { letter: DeadLetterDetail; onChange: () => void }) {
  return (
    <div class="detail-body">
      <section>
        <p class="verdict">
          <code class="badge bad">{letter.code}</code>
          <span>
            {codeMeaning(letter.code)}, <Ago time={letter.rejectedAt} />
          </span>
        </p>
        <p class="sentence">{letter.message}</p>
      </section>
      <Payload letter={letter} />
      <SendAgain letter={letter} onChange={onChange} />
      <section>
        <h3>The way it took</h3>
        <dl class="facts">
          <dt>Stage</dt>
          <dd>{letter.stage}</dd>
          <dt>Sent</dt>
          <dd>{exactTime(letter.recordTime)}</dd>
          {(letter.key.text ?? letter.key.base64) !== '' && (
            <>
              <dt>Key</dt>
              <dd class="value">{letter.key.text ?? letter.key.base64}</dd>
            </>
          )}
          {letter.attempts.map(({ attempt, code, rejectedAt }) => (
            <>
              <dt>Try {attempt + 1}</dt>
              <dd title={exactTime(rejectedAt)}>{code}</dd>
            </>
          ))}
        </dl>
        <CopyLine text={letter.id} label="Copy the id" />
      </section>
    </div>
  )
}

function Payload({ letter }: { letter: DeadLetterDetail }) {
  const { payload } = letter
  return (
    <section>
      <h3>
        What arrived
        <small>
          {bytes(payload.bytes)}
          {payload.isCut && ', only the start is shown'}
        </small>
      </h3>
      {payload.text === null && payload.base64 === '' && (
        <p class="note">Your API key sees texts masked, so what arrived is not shown.</p>
      )}
      {payload.text === null && payload.base64 === '' ? null : payload.text === null ? (
        <>
          <p class="note">These bytes are no text. In Base64:</p>
          <pre class="payload" tabIndex={0}>
            {payload.base64}
          </pre>
        </>
      ) : (
        <pre class="payload" tabIndex={0}>
          {payload.text}
        </pre>
      )}
    </section>
  )
}

function SendAgain({ letter, onChange }: { letter: DeadLetterDetail; onChange: () => void }) {
  const { gateway, whyNot, notify } = useSession()
  const [draft, setDraft] = useState<string | undefined>(undefined)
  const [sentId, setSentId] = useState<string | undefined>(undefined)
  const [problem, setProblem] = useState<string | undefined>(undefined)
  const [mayNotReplay, mayNotSend] = [whyNot('admin'), whyNot('ingest')]
  const replay = async (): Promise<void> => {
    try {
      notify(replayWords(await gateway.replay({ ids: [letter.id] })))
      onChange()
    } catch (error) {
      setProblem(failureText(error).detail)
    }
  }
  const send = async (): Promise<void> => {
    setProblem(undefined)
    try {
      const event = eventOf(draft ?? '')
      const { ids } = await gateway.send([event as Event])
      setSentId(ids[0])
      setDraft(undefined)
      notify('The edited event is on its way')
    } catch (error) {
      setProblem(failureText(error).detail)
    }
  }
  return (
    <section>
      <h3>Send it again</h3>
      {draft === undefined ? (
        <p class="actions">
          <button
            type="button"
            class="primary"
            disabled={!letter.open || mayNotReplay !== undefined}
            title={letter.open ? mayNotReplay : 'It is settled: it has a row by now.'}
            onClick={() => void replay()}
          >
            Replay as it was
          </button>
          <button
            type="button"
            disabled={mayNotSend !== undefined}
            title={mayNotSend}
            onClick={() => {
              setDraft(draftOf(letter.payload.text))
            }}
          >
            Edit a copy
          </button>
        </p>
      ) : (
        <>
          <label class="field wide">
            <span>A new event; the dead letter stays as it is</span>
            <textarea
              rows={8}
              class="code"
              value={draft}
              onInput={(event) => {
                setDraft(event.currentTarget.value)
              }}
            />
          </label>
          <p class="actions">
            <button type="button" class="primary" onClick={() => void send()}>
              Send the event
            </button>
            <button
              type="button"
              onClick={() => {
                setDraft(undefined)
              }}
            >
              Cancel
            </button>
          </p>
        </>
      )}
      {problem !== undefined && (
        <p class="inline-error" role="alert">
          {problem}
        </p>
      )}
      {sentId !== undefined && (
        <p class="note">
          Sent. <a href={fragmentOf({ view: 'live', id: sentId })}>Look at its result</a>
        </p>
      )}
      {mayNotReplay !== undefined && <p class="note">{mayNotReplay}</p>}
    </section>
  )
}
