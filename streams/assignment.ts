// The state of the partitions since their latest assignment: what was delivered, what is under way,
// and the fence under which results are written. When the group moves on, the assignment ends and
// whatever is left of its work is dropped, since Kafka delivers those records again.
import assert from 'node:assert'
import type { Fence } from '../schemas/fence.ts'
import { Deduplicator, type OutcomeOf, type SinkReads } from './delivery/deduplicator.ts'
import { OffsetTracker } from './delivery/offset-tracker.ts'

/** One partition: which offsets may be committed, and the chunks that wait for the writer. */
export type PartitionState = {
  readonly tracker: OffsetTracker
  /** Resolves when the latest chunk was handed to the writer. */
  handedOver: Promise<void>
}

/** The partitions of one assignment. Its methods throw what the sink's reads throw. */
export class Assignment {
  /** Resolves once no earlier owner, this process included, can write any more. */
  readonly owned: Promise<void>
  readonly #deduplicator: Deduplicator
  /** Undefined stands for the only model, or for none. */
  readonly #models: readonly (string | undefined)[]
  readonly #partitions = new Map<number, PartitionState>()
  #fence: Fence | undefined
  #hasEnded = false

  /**
   * `raiseFence` is called when `earlier` is over, unless the assignment has ended by then. `reads`
   * tells what the sink has.
   */
  constructor(options: {
    earlier: Promise<void>
    raiseFence: (assignment: Assignment) => Promise<Fence | undefined>
    reads: SinkReads
    /** The models that classify each event, where there are several. */
    models?: readonly string[] | undefined
  }) {
    this.#models = options.models ?? [undefined]
    this.#deduplicator = new Deduplicator(options.reads)
    this.owned = options.earlier.then(async () => {
      const fence = await options.raiseFence(this)
      if (!this.#hasEnded) this.#fence = fence
    })
  }

  /** Whether the group has moved on. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** The fence under which to write; only after `owned`. */
  get fence(): Fence {
    assert(this.#fence !== undefined, 'rows reach the writer only after the fence was raised')
    return this.#fence
  }

  /** Writes under a later fence from here on. */
  raised(fence: Fence): void {
    if (!this.#hasEnded) this.#fence = fence
  }

  partition(number: number): PartitionState {
    let state = this.#partitions.get(number)
    if (state === undefined) {
      state = { tracker: new OffsetTracker(), handedOver: Promise.resolve() }
      this.#partitions.set(number, state)
    }
    return state
  }

  /**
   * The events for which the sink lacks the outcome of a model, in order; none when the assignment
   * ends meanwhile.
   */
  missing<Event extends OutcomeOf>(events: readonly Event[]): Promise<Event[]> {
    const outcomesOf = (event: Event) => this.#models.map((model) => ({ ...event, model }))
    return this.#filter(events, {
      outcomesOf,
      isWanted: async (event) => {
        for (const outcome of outcomesOf(event)) {
          if (!(await this.#deduplicator.has(outcome))) return true
        }
        return false
      },
    })
  }

  /** The outcomes that the sink lacks, in order; those it returns count as stored from here on. */
  claim<Event extends OutcomeOf>(outcomes: readonly Event[]): Promise<Event[]> {
    return this.#filter(outcomes, {
      outcomesOf: (outcome) => [outcome],
      isWanted: (outcome) => this.#deduplicator.claim(outcome),
    })
  }

  end(): void {
    this.#hasEnded = true
  }

  async #filter<Event extends OutcomeOf>(
    events: readonly Event[],
    by: {
      outcomesOf: (event: Event) => readonly OutcomeOf[]
      isWanted: (event: Event) => Promise<boolean>
    },
  ): Promise<Event[]> {
    await this.owned
    await this.#deduplicator.prepare(events.flatMap((event) => by.outcomesOf(event)))
    const wanted: Event[] = []
    for (const event of events) {
      if (this.#hasEnded) return []
      if (await by.isWanted(event)) wanted.push(event)
    }
    return wanted
  }
}
