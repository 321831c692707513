// The topics of tasks in memory, as infra/kafka/task-topics.ts keeps them: one order of all records,
// read by followers that each have a position of their own.
import type { TaskLog, TaskLogHandlers } from '../../schemas/ports/task-log.ts'
import type { TaskOffer, TaskProgress } from '../../schemas/tasks/task-records.ts'
import { readOffer, readProgress, taskValue } from '../../schemas/tasks/task-values.ts'

export type MemoryTasks = TaskLog & {
  /** All records of winnow.trial-progress, in order. */
  readonly progress: TaskProgress[]
  readonly offers: TaskOffer[]
  /** Writes bytes as any producer could. */
  write(topic: 'offers' | 'progress', value: Buffer | null): void
  /** A view through which a process reads and writes, until it is killed. */
  process(): TaskLog & { kill(): void }
}

type Entry = { readonly topic: 'offers' | 'progress'; readonly value: Buffer | null }

/** Makes empty topics. */
export function createMemoryTasks(): MemoryTasks {
  const entries: Entry[] = []
  const progress: TaskProgress[] = []
  const offers: TaskOffer[] = []
  const listeners = new Set<() => void>()
  const write = (topic: Entry['topic'], value: Buffer | null): void => {
    entries.push({ topic, value })
    const read = topic === 'progress' ? readProgress(value) : readOffer(value)
    if (read.kind === 'ok' && topic === 'progress') progress.push(read.value as TaskProgress)
    if (read.kind === 'ok' && topic === 'offers') offers.push(read.value as TaskOffer)
    for (const wake of listeners) wake()
  }
  const countOf = (topic: Entry['topic']): number =>
    entries.filter((entry) => entry.topic === topic).length
  const follow: TaskLog['follow'] = async (handlers, { fromOffset, signal }) => {
    const end = entries.length
    const skipped = Math.min(fromOffset ?? Infinity, countOf('progress'))
    let seen = 0
    for (let at = 0; !signal.aborted;) {
      if (at === end) handlers.onCaughtUp()
      const entry = entries[at]
      if (entry === undefined) {
        await news(listeners, signal)
        continue
      }
      at++
      const isOld = entry.topic === 'progress' ? seen++ < skipped : at <= end
      if (!isOld) handOver(entry, handlers)
      // Each follower is at a place of its own.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const log: TaskLog = {
    offer(records) {
      for (const record of records) write('offers', Buffer.from(taskValue(record)))
      return Promise.resolve()
    },
    append(records) {
      for (const record of records) write('progress', Buffer.from(taskValue(record)))
      return Promise.resolve()
    },
    end: () => Promise.resolve(countOf('progress')),
    follow,
    close: () => Promise.resolve(),
  }
  return { ...log, progress, offers, write, process: () => killable(log) }
}

function handOver({ topic, value }: Entry, handlers: TaskLogHandlers): void {
  const read = topic === 'offers' ? readOffer(value) : readProgress(value)
  if (read.kind === 'rejected') handlers.log(`skipped: ${read.message}`)
  else if (topic === 'offers') handlers.onOffer(read.value as TaskOffer)
  else handlers.onProgress(read.value as TaskProgress)
}

/** Resolves with the next record, or when the signal aborts. */
function news(listeners: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      listeners.delete(done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    listeners.add(done)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}

/** After `kill`, nothing is read or written any more, and no call comes back. */
function killable(log: TaskLog): TaskLog & { kill(): void } {
  const killed = new AbortController()
  const alive = <Result>(call: () => Promise<Result>): Promise<Result> =>
    killed.signal.aborted ? new Promise<never>(() => undefined) : call()
  return {
    offer: (records) => alive(() => log.offer(records)),
    append: (records) => alive(() => log.append(records)),
    end: () => alive(() => log.end()),
    follow: (handlers, options) =>
      log.follow(handlers, {
        ...options,
        signal: AbortSignal.any([options.signal, killed.signal]),
      }),
    close: () => log.close(),
    kill: () => killed.abort(),
  }
}
