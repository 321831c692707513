// Runs a bounded part of a topic through a chain of stages again, as fast as it can. It owns
// order, bounds and blocks; where records come from and where results go is passed in. Nothing is
// committed: what the sink holds tells how far it came.
import type { KafkaRecord } from '../schemas/record.ts'
import { InFlightBudget } from './delivery/in-flight-budget.ts'
import type { RecordOutcome, StageChain } from './stages/record-outcome.ts'

/** Records of one partition, in offset order. */
export type ReplayChunk = { readonly partition: number; readonly records: readonly KafkaRecord[] }

export type ReplayOptions<Output> = {
  chunks: AsyncIterable<ReplayChunk>
  chain: StageChain<Output>
  /** Stores the results of a run of records of one partition; called in their order. */
  write(block: ReplayBlock<Output>): Promise<void>
  /** Bounds on what is in flight between reading and writing. */
  limits: { eventsMax: number; bytesMax: number; blockRowsMax: number }
  onProgress?: (progress: ReplayProgress) => void
}

export type ReplayBlock<Output> = {
  readonly partition: number
  /** Offsets of its first and last record. */
  readonly from: number
  readonly through: number
  readonly outcomes: readonly RecordOutcome<Output>[]
}

export type ReplayProgress = {
  events: number
  results: number
  /** Events that the filter of their input leaves out. */
  filtered: number
  rejected: Record<string, number>
}

/** Records per chunk, as in the stream. */
const chunkRecordsMax = 128

/**
 * Replays all chunks; resolves when everything is written. Throws what reading or writing throws.
 */
export async function replay<Output>(options: ReplayOptions<Output>): Promise<ReplayProgress> {
  const { limits, chain } = options
  const budget = new InFlightBudget(limits)
  const progress: ReplayProgress = { events: 0, results: 0, filtered: 0, rejected: {} }
  const queues = new Map<number, PartitionQueue<Output>>()
  const failure = { error: undefined as unknown, failed: false }
  for await (const { partition, records } of options.chunks) {
    let queue = queues.get(partition)
    if (queue === undefined) queues.set(partition, (queue = { tail: Promise.resolve(), rows: [] }))
    for (let at = 0; at < records.length; at += chunkRecordsMax) {
      const part = records.slice(at, at + chunkRecordsMax)
      const bytes = part.reduce((sum, record) => sum + (record.value?.length ?? 0), 0)
      while (!budget.tryTake(part.length, bytes) && !failure.failed) await budget.change(1_000)
      if (failure.failed) throw failure.error
      const transform = chain.begin(partition)
      const computing = transform.apply(part).finally(() => transform.end())
      computing.catch(() => undefined) // Awaited in its turn below.
      queue.tail = queue.tail
        .then(async () => {
          if (failure.failed) return
          note(progress, await computing)
          queue.rows.push(...(await computing))
          if (queue.rows.length >= limits.blockRowsMax) await flush(queue, partition, options)
          options.onProgress?.(progress)
        })
        .catch((error: unknown) => {
          failure.error ??= error
          failure.failed = true
        })
        .finally(() => budget.give(part.length, bytes))
    }
  }
  await Promise.all([...queues.values()].map(({ tail }) => tail))
  if (failure.failed) throw failure.error
  for (const [partition, queue] of queues) await flush(queue, partition, options)
  options.onProgress?.(progress)
  return progress
}

type PartitionQueue<Output> = { tail: Promise<void>; rows: RecordOutcome<Output>[] }

async function flush<Output>(
  queue: PartitionQueue<Output>,
  partition: number,
  options: ReplayOptions<Output>,
): Promise<void> {
  const outcomes = queue.rows
  if (outcomes.length === 0) return
  queue.rows = []
  const from = outcomes[0]!.record.offset
  await options.write({ partition, from, through: outcomes.at(-1)!.record.offset, outcomes })
}

function note(progress: ReplayProgress, outcomes: readonly RecordOutcome<unknown>[]): void {
  progress.events += outcomes.length
  for (const { outcome } of outcomes) {
    if (outcome.kind === 'ok') progress.results++
    else if (outcome.kind === 'filtered') progress.filtered++
    else progress.rejected[outcome.error.code] = (progress.rejected[outcome.error.code] ?? 0) + 1
  }
}
