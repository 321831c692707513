// Sends a file to the stream: choose it, look at what was read, send it, watch its labels arrive and
// download them.
import { useRef, useState } from 'preact/hooks'
import { failureText } from '../api/failure-text.ts'
import { bytes, count, plural } from '../format/numbers.ts'
import { Icon } from '../parts/icon.tsx'
import { Panel } from '../parts/panel.tsx'
import { Choice } from '../parts/segments.tsx'
import { useSession } from '../shell/session.ts'
import { FlowPanel, type SentFile } from './flow-panel.tsx'
import { eventBatches, fileBytesMax, readUpload, type ReadFile } from './upload.ts'

type Chosen = { readonly name: string; readonly size: number; readonly file: ReadFile }

/** Upload and progress. */
export function FilePanel() {
  const [chosen, setChosen] = useState<Chosen | undefined>(undefined)
  const [problem, setProblem] = useState<string | undefined>(undefined)
  const [sent, setSent] = useState<SentFile | undefined>(undefined)
  const take = async (file: File): Promise<void> => {
    setProblem(undefined)
    setSent(undefined)
    try {
      if (file.size > fileBytesMax) {
        throw new Error(
          `The file has ${bytes(file.size)}; at most ${bytes(fileBytesMax)} go through a browser. ` +
            'Use winnow produce for larger files.',
        )
      }
      setChosen({
        name: file.name,
        size: file.size,
        file: readUpload(file.name, await file.text()),
      })
    } catch (error) {
      setChosen(undefined)
      setProblem(error instanceof Error ? error.message : String(error))
    }
  }
  return (
    <>
      <DropPlace onFile={(file) => void take(file)} />
      {problem !== undefined && (
        <p class="inline-error" role="alert">
          {problem}
        </p>
      )}
      {chosen !== undefined && (
        <Preview key={`${chosen.name} ${chosen.size}`} chosen={chosen} onSent={setSent} />
      )}
      {sent !== undefined && <FlowPanel key={sent.source} sent={sent} />}
    </>
  )
}

function DropPlace({ onFile }: { onFile: (file: File) => void }) {
  const [isOver, setIsOver] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  return (
    <label
      class={isOver ? 'drop over' : 'drop'}
      onDragOver={(event) => {
        event.preventDefault()
        setIsOver(true)
      }}
      onDragLeave={() => {
        setIsOver(false)
      }}
      onDrop={(event) => {
        event.preventDefault()
        setIsOver(false)
        const file = event.dataTransfer?.files[0]
        if (file !== undefined) onFile(file)
      }}
    >
      <Icon name="upload" size={24} />
      <span>
        <b>Choose a file</b> or drop it here
      </span>
      <small>JSON lines, CSV, or plain text with one text per line</small>
      <small>
        Each row becomes an event of the stream; its label is stored, and you can download all of
        them
      </small>
      <input
        ref={input}
        type="file"
        accept=".jsonl,.ndjson,.json,.csv,.tsv,.txt"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0]
          if (file !== undefined) onFile(file)
        }}
      />
    </label>
  )
}

function Preview({ chosen, onSent }: { chosen: Chosen; onSent: (sent: SentFile) => void }) {
  const { gateway, whyNot } = useSession()
  const { file, name, size } = chosen
  const [column, setColumn] = useState(file.columns[0]!)
  const [source, setSource] = useState(() => `${name} ${new Date().toISOString().slice(11, 19)}`)
  const [done, setDone] = useState<number | undefined>(undefined)
  const [problem, setProblem] = useState<string | undefined>(undefined)
  const reason = whyNot('ingest')
  const { batches, empty } = eventBatches(file, { column, source })
  const total = batches.reduce((sum, batch) => sum + batch.length, 0)
  const send = async (): Promise<void> => {
    setProblem(undefined)
    const startedMs = Date.now()
    let sent = 0
    try {
      for (const batch of batches) {
        setDone(sent)
        await gateway.send(batch)
        sent += batch.length
      }
      setDone(sent)
    } catch (error) {
      setProblem(`${count(sent)} of ${count(total)} were sent. ${failureText(error).detail}`)
    }
    if (sent > 0) onSent({ source, events: sent, startedMs })
  }
  const isSending = done !== undefined && done < total && problem === undefined
  return (
    <Panel title={name} aside={`${bytes(size)}, ${plural(file.rows.length, 'row')}`}>
      <ol class="preview">
        {file.rows.slice(0, 3).map((row, at) => (
          <li key={at}>{textOf(row[column]).slice(0, 240)}</li>
        ))}
      </ol>
      {empty > 0 && <p class="note">{plural(empty, 'row')} without text will be left out.</p>}
      <div class="try-tools">
        {file.columns.length > 1 && (
          <Choice
            label="The text is in"
            value={column}
            choices={file.columns.map((value) => ({ value, name: value }))}
            onChoose={setColumn}
          />
        )}
        <label class="field">
          <span>Source of these events</span>
          <input
            value={source}
            maxLength={256}
            onInput={(event) => {
              setSource(event.currentTarget.value)
            }}
          />
        </label>
        <button
          type="button"
          class="primary"
          disabled={
            isSending || total === 0 || source === '' || reason !== undefined || done === total
          }
          title={reason}
          onClick={() => void send()}
        >
          {done === total ? 'Sent' : `Send ${plural(total, 'event')}`}
        </button>
      </div>
      {done !== undefined && (
        <progress max={total} value={done} aria-label="Sent">
          {count(done)}
        </progress>
      )}
      {problem !== undefined && (
        <p class="inline-error" role="alert">
          {problem}
        </p>
      )}
      {reason !== undefined && <p class="note">{reason}</p>}
    </Panel>
  )
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '(no text)'
}
