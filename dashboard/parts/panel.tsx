// A part of a view with a heading, and what it shows before, instead of and after its content.
import type { ComponentChildren } from 'preact'
import { failureText, needsKey } from '../api/failure-text.ts'
import { useSession } from '../shell/session.ts'
import { Icon } from './icon.tsx'
import type { Answer } from './use-answer.ts'

/** A titled part of a view. */
export function Panel(props: {
  title: string
  /** Beside the title: a figure, a filter. */
  aside?: ComponentChildren
  /** Under the title, in one line. */
  note?: ComponentChildren
  class?: string
  children: ComponentChildren
}) {
  return (
    <section class={`panel ${props.class ?? ''}`} aria-label={props.title}>
      <header class="panel-head">
        <h2>{props.title}</h2>
        {props.aside !== undefined && <div class="panel-aside">{props.aside}</div>}
      </header>
      {props.note !== undefined && <p class="note">{props.note}</p>}
      {props.children}
    </section>
  )
}

/** The content of an answer, or what stands in its place: grey bars, or what went wrong. */
export function Answered<Value>(props: {
  answer: Answer<Value>
  /** The height that the content will have about, so that nothing moves when it arrives. */
  rows?: number
  children: (value: Value) => ComponentChildren
}) {
  const { answer, rows = 4 } = props
  if (answer.value === undefined) {
    return answer.error === undefined ? (
      <Skeleton rows={rows} />
    ) : (
      <Failure error={answer.error} retry={answer.reload} />
    )
  }
  return (
    <>
      {answer.error !== undefined && <StaleNote error={answer.error} retry={answer.reload} />}
      {props.children(answer.value)}
    </>
  )
}

/** Grey bars where rows will be. */
export function Skeleton({ rows }: { rows: number }) {
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, at) => (
        <span key={at} style={{ width: `${92 - ((at * 17) % 40)}%` }} />
      ))}
    </div>
  )
}

/** Says what failed and what to do. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const { askForKey } = useSession()
  const { title, detail, next, code } = failureText(error)
  return (
    <div class="failure" role="alert">
      <Icon name="warning" size={20} />
      <div>
        <strong>{title}</strong>
        {detail !== title && <p>{detail}</p>}
        {next !== '' && <p>{next}</p>}
        <p class="actions">
          {needsKey(error) && (
            <button type="button" onClick={askForKey}>
              Enter an API key
            </button>
          )}
          {retry !== undefined && (
            <button type="button" onClick={retry}>
              Try again
            </button>
          )}
          <code>{code}</code>
        </p>
      </div>
    </div>
  )
}

/** One line over an answer that could not be refreshed. */
function StaleNote({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <p class="stale" role="status">
      Not up to date: {failureText(error).detail}{' '}
      <button type="button" class="link" onClick={retry}>
        Try again
      </button>
    </p>
  )
}

/** Says that there is nothing, why, and what to do next. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children !== undefined && <div>{children}</div>}
    </div>
  )
}
