// Tells which events of one origin partition are stored: by an earlier life of this consumer, which
// is read back from the sink, or by this one. Two events are the same when offset and record time
// agree; a topic that was deleted and created again gives other record times. Events come in the
// order of their offsets, except dead letters that were sent again, which are looked up one by one.
import type { Lineage } from '../../schemas/record.ts'
import type { Origin } from '../../schemas/validated.ts'
import type { StoredPage } from '../../schemas/ports/sink.ts'

/** Offsets remembered; for earlier ones the sink is asked again. Far more than is in flight. */
const rememberedMax = 30_000

export type PartitionReads = {
  /** Completes what an earlier writer of the partition left unfinished; see Sink.recover. */
  recover(): Promise<void>
  /** Reads from the sink what is stored from an offset on. */
  page(fromOffset: number): Promise<StoredPage>
  /** Reads from the sink at which attempt each event was stored; see Sink.storedAttempts. */
  attempts(origins: readonly Origin[]): Promise<readonly number[]>
}

/** The stored events of one origin partition. */
export class StoredOffsets {
  readonly #reads: PartitionReads
  readonly #recordTimeMs = new Map<number, number>()
  /** The attempt at which events that were sent again are stored, by offset and record time. */
  readonly #attempts = new Map<string, number>()
  /** Stored offsets from here to `#through` are known. */
  #from = Infinity
  #through = -1
  #isRecovered = false

  constructor(reads: PartitionReads) {
    this.#reads = reads
  }

  /**
   * Asks the sink about all events that were sent again at once; other events need no preparation.
   */
  async prepare(events: readonly Lineage[]): Promise<void> {
    const unknown = new Map(
      events
        .filter(({ origin, attempt }) => attempt > 0 && !this.#attempts.has(keyOf(origin)))
        .map(({ origin }) => [keyOf(origin), origin]),
    )
    if (unknown.size === 0) return
    const found = await this.#reads.attempts([...unknown.values()])
    for (const [at, key] of [...unknown.keys()].entries()) {
      // The answer lacks what was claimed since the question.
      this.#attempts.set(key, Math.max(found[at]!, this.#attempts.get(key) ?? -1))
    }
    this.#forgetAttempts()
  }

  /** True when this attempt is not stored; it counts as stored from here on. */
  async claim(event: Lineage): Promise<boolean> {
    if (await this.has(event)) return false
    const { origin, attempt } = event
    if (attempt > 0) {
      this.#attempts.set(keyOf(origin), attempt)
      this.#forgetAttempts()
      return true
    }
    this.#recordTimeMs.set(origin.offset, origin.recordTimeMs)
    this.#forget()
    return true
  }

  /**
   * Whether the event is stored: as a result, or as a dead letter of this attempt or a later one.
   * Asks the sink unless the answer is known.
   */
  async has({ origin, attempt }: Lineage): Promise<boolean> {
    if (attempt > 0) {
      const key = keyOf(origin)
      await this.prepare([{ origin, attempt }])
      const stored = this.#attempts.get(key)!
      if (stored >= 0 || !this.#isKnown(origin)) return stored >= attempt
      // The event itself is still in flight here: it was sent again for another model's dead
      // letter.
      this.#attempts.delete(key)
      return true
    }
    if (this.#attempts.size > 0 && (this.#attempts.get(keyOf(origin)) ?? -1) >= 0) return true
    // An upstream stage that restarted may repeat events from before the first one seen here.
    if (origin.offset < this.#from) {
      this.#from = origin.offset
      this.#through = -1
    }
    while (origin.offset > this.#through) await this.#load(origin.offset)
    return this.#isKnown(origin)
  }

  #isKnown({ offset, recordTimeMs }: Origin): boolean {
    return this.#recordTimeMs.get(offset) === recordTimeMs
  }

  async #load(fromOffset: number): Promise<void> {
    if (!this.#isRecovered) await this.#reads.recover()
    this.#isRecovered = true
    const page = await this.#reads.page(fromOffset)
    for (const [offset, time] of page.recordTimeMsByOffset) this.#recordTimeMs.set(offset, time)
    this.#through = page.through
    this.#forget()
  }

  /** Forgets the oldest offsets; the sink will be asked again for offsets up to them. */
  #forget(): void {
    while (this.#recordTimeMs.size > rememberedMax) {
      const [first] = this.#recordTimeMs.keys()
      this.#recordTimeMs.delete(first!)
      this.#from = Math.max(this.#from, first! + 1)
    }
  }

  #forgetAttempts(): void {
    while (this.#attempts.size > rememberedMax) {
      const [first] = this.#attempts.keys()
      this.#attempts.delete(first!)
    }
  }
}

function keyOf({ offset, recordTimeMs }: Origin): string {
  return `${offset}/${recordTimeMs}`
}
