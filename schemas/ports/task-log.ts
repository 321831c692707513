// Where tasks are put up and followed: the topics winnow.trials and winnow.trial-progress. Kafka's
// adapter is infra/kafka/task-topics.ts, the fake of the tests is tests/support/memory-tasks.ts.
import type { TaskOffer, TaskProgress } from '../tasks/task-records.ts'

/** Called one at a time, in the order of each topic. They do not throw. */
export type TaskLogHandlers = {
  onOffer(offer: TaskOffer): void
  onProgress(record: TaskProgress): void
  /** Everything that was there at the start has been read. */
  onCaughtUp(): void
  /** Reports a record that was skipped, or a failure of the broker that may pass. */
  log(line: string): void
}

export type TaskLog = {
  /** Resolves when the broker has the offers. Throws broker_unavailable or broker_refused. */
  offer(offers: readonly TaskOffer[]): Promise<void>
  /** Resolves when the broker has the records, in this order. Throws as `offer` does. */
  append(records: readonly TaskProgress[]): Promise<void>
  /** The offset after the last record of winnow.trial-progress. */
  end(): Promise<number>
  /**
   * Follows both topics until the signal aborts: offers from now on, and progress from an offset or
   * from now on. Throws broker_unavailable or broker_refused.
   */
  follow(
    handlers: TaskLogHandlers,
    options: { readonly fromOffset?: number | undefined; readonly signal: AbortSignal },
  ): Promise<void>
  close(): Promise<void>
}
