// Following the log of tasks for as long as its reader lives, with the moment from which the reader
// knows everything.
import type { TaskLog, TaskLogHandlers } from '../../schemas/ports/task-log.ts'

/** A log that is being followed. */
export type FollowedLog = {
  /** Resolves when all that was there has been read. Throws what ended the following before. */
  readonly begun: Promise<void>
  /** Resolves when nothing is read any more. */
  readonly ended: Promise<void>
}

/** Follows a log until the signal aborts, or until it fails for good. */
export function followLog(
  log: TaskLog,
  options: Omit<TaskLogHandlers, 'onCaughtUp'> & {
    readonly fromOffset?: number | undefined
    readonly signal: AbortSignal
    readonly onFailure: (error: Error) => void
  },
): FollowedLog {
  const { fromOffset, signal, onFailure, ...handlers } = options
  let ended = Promise.resolve()
  const begun = new Promise<void>((resolve, reject) => {
    ended = log
      .follow({ ...handlers, onCaughtUp: resolve }, { fromOffset, signal })
      .catch((error: unknown) => {
        const failure = error instanceof Error ? error : new Error(String(error))
        if (!signal.aborted) onFailure(failure)
        reject(failure)
      })
  })
  // The caller of `begun` gets the failure; `onFailure` reports later ones.
  begun.catch(() => undefined)
  return { begun, ended }
}
