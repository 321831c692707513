// Chains stages: reads the records of a chunk, then applies one stage after the other to those that
// are still accepted. A rejected event leaves its neighbours alone.
import type { LoopTurns } from '../models/runtime/sliced-work.ts'
import { ok, type Filtered, type Outcome } from '../schemas/outcome.ts'
import { lineageOf, type KafkaRecord, type Lineage } from '../schemas/record.ts'
import type { Origin } from '../schemas/validated.ts'
import type { ChunkModels, ModelSource } from './stages/infer.ts'
import type { RecordOutcome, StageChain } from './stages/record-outcome.ts'

/** The stages in their order. */
export const stageNames = ['validate', 'tokenize', 'infer'] as const
export type StageName = (typeof stageNames)[number]

/** Stages that follow one another, such as `validate..tokenize`. */
export type StageRange = { first: StageName; last: StageName }

/** The stages of a range, in order. */
export function stagesOf(range: StageRange): StageName[] {
  return stageNames.slice(stageNames.indexOf(range.first), stageNames.indexOf(range.last) + 1)
}

/** One stage: one outcome per input, in order. Throws operating failures. */
export type Stage<In, Out> = {
  readonly name: StageName
  apply(inputs: readonly In[], models: readonly ChunkModels[]): Promise<(Outcome<Out> | Filtered)[]>
}

/** Part of a chain: what became of each record so far, to what becomes of it next. */
export type ChainPart<In, Out> = (
  chunk: readonly RecordOutcome<In>[],
  models: readonly ChunkModels[],
) => Promise<RecordOutcome<Out>[]>

/** Applies a stage to the records that are still accepted. */
export function applyStage<In, Out>(stage: Stage<In, Out>): ChainPart<In, Out> {
  return async (chunk, models) => {
    const inputs = chunk.flatMap(({ outcome }) => (outcome.kind === 'ok' ? [outcome.value] : []))
    const outcomes = (await stage.apply(inputs, models)).values()
    return chunk.map(({ outcome, ...one }) =>
      outcome.kind === 'ok'
        ? { ...one, stage: stage.name, outcome: outcomes.next().value! }
        : { ...one, outcome },
    )
  }
}

/** Applies one part after another. */
export function inSequence<In, Between, Out>(
  first: ChainPart<In, Between>,
  second: ChainPart<Between, Out>,
): ChainPart<In, Out> {
  return async (chunk, models) => second(await first(chunk, models), models)
}

/** Reads the value of a record; its rejection names what is wrong with the value. */
export type ReadValue<T> = (record: KafkaRecord) => Promise<Outcome<T> | Filtered>

export type ReaderOptions<T> = {
  readonly stage: StageName
  readonly read: ReadValue<T>
  /** Where the event entered, if the value says so; else the record itself is the origin. */
  readonly originOf?: (value: T) => Origin
  /** Shares the event loop among the chunks under way, and with heartbeats. */
  readonly turns: LoopTurns
}

/** Records that are read at once: a registry may have to be asked for the schema of each. */
const readsAtOnce = 8

/** The first part of a chain: reads the values of records. */
export function readRecords<T>(options: ReaderOptions<T>): ChainPart<KafkaRecord, T> {
  const { stage, read, originOf, turns } = options
  return async (chunk) => {
    const reads: Promise<Outcome<T> | Filtered>[] = []
    for (const [at, { record }] of chunk.entries()) {
      if (at >= readsAtOnce) await reads[at - readsAtOnce]
      const { unreadable } = record
      const value =
        unreadable === undefined
          ? turns.call(() => read(record))
          : Promise.resolve({ kind: 'rejected' as const, error: unreadable })
      value.catch(() => undefined) // Awaited in its turn; a failure meanwhile is not unhandled.
      reads.push(value)
    }
    const outcomes = await Promise.all(reads)
    return chunk.map((one, at) => {
      const outcome = outcomes[at]!
      if (outcome.kind !== 'ok' || originOf === undefined) return { ...one, stage, outcome }
      const origin = originOf(outcome.value)
      return { ...one, origin, attempt: attemptOf(one, origin), stage, outcome }
    })
  }
}

export type StageChainOptions<Between, Out> = {
  readonly range: StageRange
  /** Runs chunk by chunk in the order of each partition, which finds a second event with one id. */
  readonly inOrder: ChainPart<KafkaRecord, Between>
  /** Runs for several chunks of a partition at once. */
  readonly anyOrder: ChainPart<Between, Out>
  /** Whether records are where their events entered; else their headers name an earlier record. */
  readonly startsAtOrigin: boolean
  /** Where the stages get their models, the same ones for all of a chunk; one for each name. */
  readonly models: readonly ModelSource[]
  /** Whether an outcome is about one of the models. */
  readonly isByModel?: boolean
}

/** Makes a chain of two parts. */
export function chainStages<Between, Out>(
  options: StageChainOptions<Between, Out>,
): StageChain<Out> {
  const { range, inOrder, anyOrder, startsAtOrigin, isByModel = false } = options
  const order = new KeyedOrder()
  return {
    name: stagesOf(range).join('..'),
    startsAtOrigin,
    models: isByModel ? options.models.map(({ name }) => name) : undefined,
    begin(partition) {
      const place = order.take(partition)
      const models = options.models.map((source) => source.acquire())
      return {
        async apply(records) {
          const chunk = records.map((record) => ({
            record,
            ...(startsAtOrigin ? lineageOf(record) : inheritedLineage(record)),
            stage: range.first,
            outcome: ok(record),
          }))
          await place.turn
          const ordered = await inOrder(chunk, models)
          place.leave()
          return anyOrder(ordered, models)
        },
        end() {
          place.leave()
          for (const one of models) one.release()
        },
      }
    },
  }
}

/** Queues, one per key. */
class KeyedOrder {
  readonly #last = new Map<number, Promise<void>>()

  /** Takes the next place: its turn comes when the one before it has left. */
  take(key: number): { readonly turn: Promise<void>; leave: () => void } {
    const before = this.#last.get(key) ?? Promise.resolve()
    let leave: () => void = () => undefined
    const left = new Promise<void>((resolve) => {
      leave = resolve
    })
    this.#last.set(
      key,
      before.then(() => left),
    )
    return { turn: before, leave: () => leave() }
  }
}

/** What an earlier stage says in the headers; a record without them stands for itself. */
function inheritedLineage(record: KafkaRecord): Lineage {
  const { topic, partition, offset, recordTimeMs, lineage } = record
  return lineage ?? { origin: { topic, partition, offset, recordTimeMs }, attempt: 0 }
}

/** The attempt that the headers give, if they and the value name the same event. */
function attemptOf({ origin, attempt }: Lineage, valueOrigin: Origin): number {
  const { topic, partition, offset } = valueOrigin
  const agree = origin.topic === topic && origin.partition === partition && origin.offset === offset
  return agree ? attempt : 0
}
