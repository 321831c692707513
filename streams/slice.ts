// Chains stages into a slice: reads each record, then applies one stage after the other to those
// that are still accepted. One rejected event leaves its neighbours alone.
import type { LoopTurns } from '../models/runtime/sliced-work.ts'
import { lineageOf, type KafkaRecord, type Lineage } from '../schemas/record.ts'
import type { Origin } from '../schemas/validated.ts'
import type { Outcome } from '../schemas/outcome.ts'
import type { ModelSource, PinnedModels } from './stages/infer.ts'
import type { Settled, Slice } from './stages/settled.ts'

/** The stages in their order. */
export const stageNames = ['validate', 'tokenize', 'infer'] as const
export type StageName = (typeof stageNames)[number]

/** A contiguous run of stages. */
export type StageRange = { first: StageName; last: StageName }

/** One stage as the slice sees it: one outcome for each input, in order. */
export type Step<In, Out> = {
  readonly stage: StageName
  /** Whether the chunks of a partition must pass it in their order; such steps come first. */
  readonly keepsOrder?: true
  apply(inputs: readonly In[], models: PinnedModels | undefined): Promise<Outcome<Out>[]>
}

export type Read<In> = (record: KafkaRecord) => Promise<Outcome<In>>

/** The stages that a range names, in order. */
export function stagesOf(range: StageRange): StageName[] {
  return stageNames.slice(stageNames.indexOf(range.first), stageNames.indexOf(range.last) + 1)
}

export type SliceOptions<In> = {
  readStage: StageName
  read: Read<In>
  originOf: (input: In) => Origin | undefined
  steps: readonly Step<never, unknown>[]
  /** Where the steps get their models, the same ones for all of a chunk. */
  models: ModelSource | undefined
  /** Shares the event loop among the chunks under way, and with heartbeats. */
  turns: LoopTurns
}

/**
 * A slice from a reader and steps. `originOf` gives where an event entered, once it is known;
 * until then the record itself is its origin.
 */
export function composeSlice<In, Out>(options: SliceOptions<In>): Slice<Out> {
  const order = new KeyedOrder()
  const steps = options.steps as readonly Step<unknown, unknown>[]
  const names = [...new Set([options.readStage, ...steps.map((step) => step.stage)])]
  return {
    name: names.join('..'),
    startsAtOrigin: options.readStage === 'validate',
    begin() {
      const pin = options.models?.pin()
      return {
        async apply(records) {
          const chunk = new ChunkPassage<In, Out>(options, records)
          // Chunks share the loop, but a second event with one id is found by the order of the
          // partition.
          await order.run(records[0]?.partition ?? 0, async () => {
            await chunk.read()
            for (const step of steps) if (step.keepsOrder === true) await chunk.apply(step, pin)
          })
          for (const step of steps) if (step.keepsOrder !== true) await chunk.apply(step, pin)
          return chunk.settled()
        },
        end: () => pin?.release(),
      }
    },
  }
}

/** Records that are read at once: a registry may have to be asked for the schema of each. */
const readsAtOnce = 8

/** A chunk on its way: what became of each record, and what the next step is given. */
class ChunkPassage<In, Out> {
  readonly #options: SliceOptions<In>
  readonly #records: readonly KafkaRecord[]
  readonly #settled: (Settled<Out> | undefined)[]
  readonly #lineages: Lineage[]
  #live: { at: number; value: unknown }[] = []
  #lastStage: string

  constructor(options: SliceOptions<In>, records: readonly KafkaRecord[]) {
    this.#options = options
    this.#records = records
    this.#settled = records.map(() => undefined)
    this.#lineages = records.map(options.readStage === 'validate' ? lineageOf : inheritedLineage)
    this.#lastStage = options.readStage
  }

  async read(): Promise<void> {
    const { read, originOf, readStage, turns } = this.#options
    const reads: Promise<Outcome<In>>[] = []
    for (const [at, record] of this.#records.entries()) {
      if (at >= readsAtOnce) await reads[at - readsAtOnce]
      const { unreadable } = record
      const input =
        unreadable === undefined
          ? turns.call(() => read(record))
          : Promise.resolve({ kind: 'rejected' as const, error: unreadable })
      input.catch(() => undefined) // Awaited in its turn; a failure meanwhile is not unhandled.
      reads.push(input)
    }
    for (const [at, input] of (await Promise.all(reads)).entries()) {
      if (input.kind === 'rejected') {
        this.#settle(at, readStage, input)
        continue
      }
      const origin = originOf(input.value)
      if (origin !== undefined) {
        this.#lineages[at] = { origin, attempt: attemptOf(this.#lineages[at]!, origin) }
      }
      this.#live.push({ at, value: input.value })
    }
  }

  async apply(step: Step<unknown, unknown>, models: PinnedModels | undefined): Promise<void> {
    this.#lastStage = step.stage
    const live = this.#live
    const outcomes = await step.apply(
      live.map((one) => one.value),
      models,
    )
    this.#live = []
    for (const [index, outcome] of outcomes.entries()) {
      const { at } = live[index]!
      if (outcome.kind === 'ok') this.#live.push({ at, value: outcome.value })
      else this.#settle(at, step.stage, outcome)
    }
  }

  /** One result a record, in order. */
  settled(): Settled<Out>[] {
    for (const { at, value } of this.#live) this.#settle(at, this.#lastStage, { kind: 'ok', value })
    return this.#settled.map((one) => one!)
  }

  #settle(at: number, stage: string, outcome: Outcome<unknown>): void {
    const record = this.#records[at]!
    this.#settled[at] = { record, ...this.#lineages[at]!, stage, outcome: outcome as Outcome<Out> }
  }
}

/** Does things one after the other, in the order in which they were asked for, for each key. */
class KeyedOrder {
  readonly #last = new Map<number, Promise<void>>()

  run(key: number, work: () => Promise<void>): Promise<void> {
    const before = this.#last.get(key) ?? Promise.resolve()
    const done = before.then(work)
    this.#last.set(
      key,
      done.catch(() => undefined),
    )
    return done
  }
}

/** What a stage before this one says in the headers; a record without them stands for itself. */
function inheritedLineage(record: KafkaRecord): Lineage {
  const { topic, partition, offset, recordTimeMs, lineage } = record
  return lineage ?? { origin: { topic, partition, offset, recordTimeMs }, attempt: 0 }
}

/** The attempt that the headers tell, where they and the value tell of one event. */
function attemptOf({ origin, attempt }: Lineage, valueOrigin: Origin): number {
  const { topic, partition, offset } = valueOrigin
  const agree = origin.topic === topic && origin.partition === partition && origin.offset === offset
  return agree ? attempt : 0
}
