// Where the stream's records come from: a member of a consumer group that hands out chunks of
// records and commits only the offsets it is given. Kafka's is infra/kafka/record-source.ts.
import type { PartitionOffset, PassedOffsets, RecordChunk } from '../record.ts'

export type SourceHandlers = {
  /**
   * Takes over one chunk. The next chunk of any partition may come before this one is finished;
   * waiting here slows the source down, and then `heartbeat` must be called about once a second.
   * False means that the chunk was not taken; it will be polled again.
   */
  onChunk(chunk: RecordChunk, heartbeat: () => Promise<void>): Promise<boolean>
  /** Offsets without records, after the chunks before them; no chunk contains them. */
  onPassed(passed: PassedOffsets): void
  /** The group was joined again: positions went back to the committed offsets. */
  onAssigned(partitions: readonly number[]): void
  /** The consumer has failed for good. */
  onFailure(error: Error): void
}

export type RecordSource = {
  start(handlers: SourceHandlers): Promise<void>
  /** Commits the next offsets to consume. Throws broker_unavailable, also while rebalancing. */
  commit(offsets: readonly PartitionOffset[]): Promise<void>
  /** Leaves the group and joins it again: positions go back to the committed offsets. */
  rejoin(): Promise<void>
  /** Stops handing out chunks but stays in the group, so that commits still work. */
  pause(): void
  /**
   * Leaves the group and disconnects; after `pause`, it notes the time with the committed offsets
   * first.
   */
  close(): Promise<void>
}
