// Tells which events a sink has already, whatever partitions they come from and whichever models
// they are for. What it remembers of one partition is StoredOffsets; the caller knows when the sink
// may be asked.
import assert from 'node:assert'
import type { Lineage } from '../../schemas/record.ts'
import { StoredOffsets } from './stored-offsets.ts'
import type { ModelOfOutcome, Sink } from '../../schemas/ports/sink.ts'

/** What a sink tells of what it has. */
export type SinkReads = Pick<Sink<unknown>, 'recover' | 'storedFrom' | 'storedAttempts' | 'ofModel'>

/** The identity of an outcome. */
export type OutcomeOf = Lineage & ModelOfOutcome

/** The stored events of one sink. Its methods throw what the sink's reads throw. */
export class Deduplicator {
  readonly #sink: SinkReads
  readonly #byPartition = new Map<string, StoredOffsets>()

  constructor(sink: SinkReads) {
    this.#sink = sink
  }

  /** Asks the sink together about events that were sent again; see StoredOffsets.prepare. */
  async prepare(events: readonly OutcomeOf[]): Promise<void> {
    const groups = Map.groupBy(events, (event) => this.#offsetsOf(event))
    for (const [offsets, group] of groups) await offsets.prepare(group)
  }

  /** Whether the sink has the event; see StoredOffsets.has. */
  has(event: OutcomeOf): Promise<boolean> {
    return this.#offsetsOf(event).has(event)
  }

  /** True when the sink lacks this attempt, which counts as stored from here on. */
  claim(event: OutcomeOf): Promise<boolean> {
    return this.#offsetsOf(event).claim(event)
  }

  #offsetsOf({ origin, model }: OutcomeOf): StoredOffsets {
    const { topic, partition } = origin
    const key = `${topic}/${partition}/${model ?? ''}`
    let offsets = this.#byPartition.get(key)
    if (offsets === undefined) {
      const reads = model === undefined ? this.#sink : this.#sink.ofModel?.(model)
      assert(reads !== undefined, 'a sink of several models has the reads of each')
      offsets = new StoredOffsets({
        recover: () => reads.recover(topic, partition),
        page: (from) => reads.storedFrom(topic, partition, from),
        attempts: (origins) => reads.storedAttempts(topic, partition, origins),
      })
      this.#byPartition.set(key, offsets)
    }
    return offsets
  }
}
