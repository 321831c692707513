// The thread's time for the bodies of requests: work is cut into steps, the steps of all requests
// take turns, and each turn of the event loop gets a slice. So a large body slows itself down, not
// the probes and the small requests beside it. What the steps do is not known here.
import type { Work } from '../models/runtime/sliced-work.ts'

/**
 * Longest time that the steps of one turn of the event loop take together, but for the last of
 * them.
 */
const sliceMsMax = 8

/** Runs the steps of many requests on one thread, a slice at a time. */
export type WorkQueue = {
  /**
   * Runs `steps` to their end and gives what they return; each `yield` is a place where others may
   * go first. After `signal` fires no further step runs and the promise rejects with its reason.
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

/**
 * An idle queue. One is shared by all routes of a gateway; admission.ts bounds how many requests
 * wait.
 */
export function createWorkQueue(): WorkQueue {
  const waiting: Job[] = []
  let isScheduled = false
  const schedule = () => {
    if (isScheduled) return
    isScheduled = true
    setImmediate(takeSlice)
  }
  const takeSlice = () => {
    isScheduled = false
    const startMs = performance.now()
    do {
      const job = waiting.shift()
      if (job === undefined) return
      if (hasMore(job)) waiting.push(job)
    } while (performance.now() - startMs < sliceMsMax)
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
  /** Takes one step and says whether there are more. */
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
