// Live tracking: sends a run to MLflow while it goes on. One pass is under way at a time and
// sends what is new since the last one, so nothing piles up while the server is slow. A pass that
// failed is followed by a pause that grows. Nothing here fails or waits, except the end, which
// waits for a bounded time; what is left then is sent by the next sync.
import { setTimeout as sleep } from 'node:timers/promises'
import { errorMessage } from '../../schemas/errors.ts'

/** The tracking of one run. */
export type RunFollower = {
  /** The run has changed; returns at once. */
  changed: () => void
  /**
   * Sends the end of the run, and stops. Resolves soon after `withinMs` at the latest, even if the
   * server does not answer.
   */
  close: (options: { readonly withinMs: number }) => Promise<FollowerEnd>
}

/** Whether the server has all of the run; if not, why. */
export type FollowerEnd =
  { readonly kind: 'sent' } | { readonly kind: 'left'; readonly reason: string }

export type FollowRunOptions = {
  /** Sends what the server lacks, until the signal aborts. */
  readonly sync: (signal: AbortSignal) => Promise<unknown>
  /** The shortest pause between two passes. Default 2 s. */
  readonly pauseMs?: number | undefined
  /** The longest pause after failures. Default 60 s. */
  readonly pauseMsMax?: number | undefined
}

/** What an aborted pass may take to write down what it has sent. */
const settleMsMax = 250

/** Tries to send the end, as far as the time allows, and the pause after the first one. */
const lastTriesMax = 3
const lastPauseMs = 200

/** Starts to follow a run with the first change; the caller closes it. */
export function followRun(options: FollowRunOptions): RunFollower {
  const { sync, pauseMs = 2_000, pauseMsMax = 60_000 } = options
  const stopping = new AbortController()
  const ending = new AbortController()
  /** Changes in all, and those that the last successful pass has covered. */
  let changes = 0
  let sent = 0
  let failures = 0
  let reason: string | undefined
  let loop: Promise<void> | undefined
  const pass = async (): Promise<void> => {
    const covered = changes
    try {
      await sync(stopping.signal)
      sent = covered
      failures = 0
      reason = undefined
    } catch (error) {
      failures++
      if (!stopping.signal.aborted) reason = errorMessage(error)
    }
  }
  const work = async (): Promise<void> => {
    while (sent < changes && !ending.signal.aborted) {
      await pass()
      await pause(Math.min(pauseMs * 2 ** failures, pauseMsMax), ending.signal)
    }
    loop = undefined
  }
  return {
    changed() {
      changes++
      loop ??= work()
    },
    async close({ withinMs }) {
      changes++
      ending.abort()
      const last = (async (): Promise<void> => {
        await loop
        for (let count = 1; count <= lastTriesMax && !stopping.signal.aborted; count++) {
          await pass()
          if (sent === changes) return
          await pause(lastPauseMs * count, stopping.signal)
        }
      })()
      await raceWith(last, withinMs)
      const isSent = sent === changes
      stopping.abort(new Error('the run is over'))
      await raceWith(last, settleMsMax)
      if (isSent) return { kind: 'sent' }
      return { kind: 'left', reason: reason ?? `no answer within ${withinMs / 1_000} s` }
    },
  }
}

/** Waits without keeping the process alive. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined)
}

async function raceWith(work: Promise<void>, ms: number): Promise<void> {
  const over = new AbortController()
  const timer = sleep(ms, undefined, { signal: over.signal }).catch(() => undefined)
  await Promise.race([work, timer])
  over.abort()
}
