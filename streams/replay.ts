// Runs a bounded part of a topic through a slice once more, as fast as it goes. It owns order,
// bounds and blocks; where records come from and where results go is passed in. Nothing is
// committed: how far it got is what the sink holds.
import type { KafkaRecord } from '../schemas/record.ts'
import { InFlightBudget } from './delivery/in-flight-budget.ts'
import type { Settled, Slice } from './stages/settled.ts'

/** Records of one partition, in offset order. */
export type ReplayChunk = { readonly partition: number; readonly records: readonly KafkaRecord[] }

export type ReplayOptions<Output> = {
  chunks: AsyncIterable<ReplayChunk>
  slice: Slice<Output>
  /** Stores the results of a run of records of one partition; called in their order. */
  write(block: ReplayBlock<Output>): Promise<void>
  /** Bounds on what is between reading and writing. */
  limits: { eventsMax: number; bytesMax: number; blockRowsMax: number }
  onProgress?: (progress: ReplayProgress) => void
}

export type ReplayBlock<Output> = {
  readonly partition: number
  /** Offsets of its first and last record. */
  readonly from: number
  readonly through: number
  readonly settled: readonly Settled<Output>[]
}

export type ReplayProgress = { events: number; results: number; rejected: Record<string, number> }

/** Records that go through the slice together; as in the stream. */
const chunkRecordsMax = 128

/**
 * Replays all chunks; resolves when everything is written. Throws what reading or writing throws.
 */
export async function replay<Output>(options: ReplayOptions<Output>): Promise<ReplayProgress> {
  const { limits, slice } = options
  const budget = new InFlightBudget(limits)
  const progress: ReplayProgress = { events: 0, results: 0, rejected: {} }
  const lanes = new Map<number, Lane<Output>>()
  const failure = { error: undefined as unknown, failed: false }
  for await (const { partition, records } of options.chunks) {
    let lane = lanes.get(partition)
    if (lane === undefined) lanes.set(partition, (lane = { tail: Promise.resolve(), rows: [] }))
    for (let at = 0; at < records.length; at += chunkRecordsMax) {
      const part = records.slice(at, at + chunkRecordsMax)
      const bytes = part.reduce((sum, record) => sum + (record.value?.length ?? 0), 0)
      while (!budget.tryTake(part.length, bytes) && !failure.failed) await budget.change(1_000)
      if (failure.failed) throw failure.error
      const passage = slice.begin()
      const settling = passage.apply(part).finally(() => passage.end())
      settling.catch(() => undefined) // Awaited in its turn below.
      lane.tail = lane.tail
        .then(async () => {
          if (failure.failed) return
          note(progress, await settling)
          lane.rows.push(...(await settling))
          if (lane.rows.length >= limits.blockRowsMax) await flush(lane, partition, options)
          options.onProgress?.(progress)
        })
        .catch((error: unknown) => {
          failure.error ??= error
          failure.failed = true
        })
        .finally(() => budget.give(part.length, bytes))
    }
  }
  await Promise.all([...lanes.values()].map(({ tail }) => tail))
  if (failure.failed) throw failure.error
  for (const [partition, lane] of lanes) await flush(lane, partition, options)
  options.onProgress?.(progress)
  return progress
}

type Lane<Output> = { tail: Promise<void>; rows: Settled<Output>[] }

async function flush<Output>(
  lane: Lane<Output>,
  partition: number,
  options: ReplayOptions<Output>,
): Promise<void> {
  const settled = lane.rows
  if (settled.length === 0) return
  lane.rows = []
  const from = settled[0]!.record.offset
  await options.write({ partition, from, through: settled.at(-1)!.record.offset, settled })
}

function note(progress: ReplayProgress, settled: readonly Settled<unknown>[]): void {
  progress.events += settled.length
  for (const { outcome } of settled) {
    if (outcome.kind === 'ok') progress.results++
    else progress.rejected[outcome.error.code] = (progress.rejected[outcome.error.code] ?? 0) + 1
  }
}
