// Tells which events a sink has already, whatever partitions they come from. What it remembers of
// one partition is StoredOffsets; the caller knows when the sink may be asked.
import type { Lineage } from '../../schemas/record.ts'
import type { Origin } from '../../schemas/validated.ts'
import { StoredOffsets } from './stored-offsets.ts'
import type { Sink } from '../../schemas/ports/sink.ts'

/** What a sink tells of what it has. */
export type StoredReads = Pick<Sink<unknown>, 'recover' | 'storedFrom' | 'storedAttempts'>

/** The stored events of one sink. Its methods throw what the sink's reads throw. */
export class Deduplicator {
  readonly #sink: StoredReads
  readonly #byPartition = new Map<string, StoredOffsets>()

  constructor(sink: StoredReads) {
    this.#sink = sink
  }

  /** Asks the sink together about events that were sent again; see StoredOffsets.prepare. */
  async prepare(events: readonly Lineage[]): Promise<void> {
    const groups = Map.groupBy(events, ({ origin }) => this.#offsetsOf(origin))
    for (const [offsets, group] of groups) await offsets.prepare(group)
  }

  /** Whether the sink has the event; see StoredOffsets.has. */
  has(event: Lineage): Promise<boolean> {
    return this.#offsetsOf(event.origin).has(event)
  }

  /** True when the sink lacks this attempt, which counts as stored from here on. */
  claim(event: Lineage): Promise<boolean> {
    return this.#offsetsOf(event.origin).claim(event)
  }

  #offsetsOf({ topic, partition }: Origin): StoredOffsets {
    const key = `${topic}/${partition}`
    let offsets = this.#byPartition.get(key)
    if (offsets === undefined) {
      offsets = new StoredOffsets({
        recover: () => this.#sink.recover(topic, partition),
        page: (from) => this.#sink.storedFrom(topic, partition, from),
        attempts: (origins) => this.#sink.storedAttempts(topic, partition, origins),
      })
      this.#byPartition.set(key, offsets)
    }
    return offsets
  }
}
