// Shares the thread among the bodies of requests. Work is cut into steps, the steps of all requests
// alternate, and an iteration of the event loop runs them for a few milliseconds. So a large body
// delays itself, but not probes and small requests. The callers define the steps.
import type { Work } from '../../models/runtime/sliced-work.ts'

/** The time that steps use per iteration of the event loop; the last step may exceed it. */
const turnMsMax = 8

/** Runs the steps of many requests on one thread, in turns. */
export type WorkQueue = {
  /**
   * Runs `steps` to their end and returns their result; at each `yield`, others may go first. Once
   * `signal` aborts, no further step runs and the promise rejects with its reason.
   */
  run<T>(steps: Work<T>, signal: AbortSignal): Promise<T>
}

/** Maps items in turns with the other work of a queue. */
export function mapInTurns<T, R>(
  queue: WorkQueue,
  items: readonly T[],
  map: (item: T) => R,
): Promise<R[]> {
  const steps = function* (): Work<R[]> {
    const results: R[] = []
    for (const item of items) {
      yield
      results.push(map(item))
    }
    return results
  }
  return queue.run(steps(), new AbortController().signal)
}

/** An empty queue. All routes of a gateway share one; admission.ts limits the waiting requests. */
export function createWorkQueue(): WorkQueue {
  const waiting: Job[] = []
  let isScheduled = false
  const schedule = () => {
    if (isScheduled) return
    isScheduled = true
    setImmediate(takeTurn)
  }
  const takeTurn = () => {
    isScheduled = false
    const startMs = performance.now()
    do {
      const job = waiting.shift()
      if (job === undefined) return
      if (hasMore(job)) waiting.push(job)
    } while (performance.now() - startMs < turnMsMax)
    if (waiting.length > 0) schedule()
  }
  return {
    run: (steps, signal) =>
      new Promise((resolve, reject) => {
        const step = () => {
          signal.throwIfAborted()
          const { done, value } = steps.next()
          if (done === true) resolve(value)
          return done !== true
        }
        waiting.push({ step, reject })
        schedule()
      }),
  }
}

type Job = {
  /** Runs one step; returns whether there are more. */
  readonly step: () => boolean
  readonly reject: (reason: Error) => void
}

function hasMore({ step, reject }: Job): boolean {
  try {
    return step()
  } catch (error) {
    reject(error as Error)
    return false
  }
}
