// Tells which events a sink has, whatever partitions they come from. What it remembers of each
// partition is DeliveredOffsets; when the sink may be asked is the caller's to know.
import type { Lineage } from '../../schemas/record.ts'
import type { Origin } from '../../schemas/validated.ts'
import { DeliveredOffsets } from './delivered-offsets.ts'
import type { Sink } from '../../schemas/ports/sink.ts'

/** What a sink reports about what it has. */
export type DeliveredReads = Pick<Sink<unknown>, 'delivered' | 'settledAttempts'>

/** The delivered events of one sink. Its methods throw what the sink's reads throw. */
export class DeliveredEvents {
  readonly #sink: DeliveredReads
  readonly #byPartition = new Map<string, DeliveredOffsets>()

  constructor(sink: DeliveredReads) {
    this.#sink = sink
  }

  /** Asks the sink together about events that were sent again; see DeliveredOffsets.prepare. */
  async prepare(events: readonly Lineage[]): Promise<void> {
    const groups = Map.groupBy(events, ({ origin }) => this.#offsetsOf(origin))
    for (const [offsets, group] of groups) await offsets.prepare(group)
  }

  /** Whether the event was delivered before; see DeliveredOffsets.has. */
  has(event: Lineage): Promise<boolean> {
    return this.#offsetsOf(event.origin).has(event)
  }

  /** True when this attempt was not delivered before; from now on it counts as delivered. */
  claim(event: Lineage): Promise<boolean> {
    return this.#offsetsOf(event.origin).claim(event)
  }

  #offsetsOf({ topic, partition }: Origin): DeliveredOffsets {
    const key = `${topic}/${partition}`
    let offsets = this.#byPartition.get(key)
    if (offsets === undefined) {
      offsets = new DeliveredOffsets({
        page: (from) => this.#sink.delivered(topic, partition, from),
        attempts: (origins) => this.#sink.settledAttempts(topic, partition, origins),
      })
      this.#byPartition.set(key, offsets)
    }
    return offsets
  }
}
