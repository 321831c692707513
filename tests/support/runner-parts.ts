// What tests give a runner: a source driven by hand, chains of one stage, and metrics that nobody reads.
import type { Outcome } from '../../schemas/outcome.ts'
import type { RecordSource, SourceHandlers } from '../../schemas/ports/record-source.ts'
import type { RunnerMetrics } from '../../schemas/ports/runner-metrics.ts'
import { lineageOf, type KafkaRecord, type RecordChunk } from '../../schemas/record.ts'
import type {
  ChunkTransform,
  RecordOutcome,
  StageChain,
} from '../../streams/stages/record-outcome.ts'

/** Metrics that nobody reads. */
export const noMetrics: RunnerMetrics = {
  outcomes: () => undefined,
  chainSeconds: () => undefined,
  blockWritten: () => undefined,
  retried: () => undefined,
  inFlight: () => undefined,
  lag: () => undefined,
}

/** A record with what a stage decided on it. */
export function withOutcome<Output>(
  record: KafkaRecord,
  outcome: Outcome<Output>,
  stage = 'test',
): RecordOutcome<Output> {
  return { record, ...lineageOf(record), stage, outcome }
}

/** A chain that applies `apply` to each chunk. */
export function chainOf<Output>(apply: ChunkTransform<Output>['apply']): StageChain<Output> {
  return { name: 'test', startsAtOrigin: true, begin: () => ({ apply, end: () => undefined }) }
}

/** A chain that decides on each record by itself. */
export function chainOfEach<Output>(
  outcomeOf: (record: KafkaRecord) => Outcome<Output>,
): StageChain<Output> {
  return chainOf((records) =>
    Promise.resolve(records.map((record) => withOutcome(record, outcomeOf(record)))),
  )
}

/** Records of one partition as a chunk, which is by default the last of it. */
export function chunkOf(records: readonly KafkaRecord[]): RecordChunk {
  const { topic, partition } = records[0]!
  const nextOffset = records.at(-1)!.offset + 1
  return { topic, partition, records, nextOffset, highWatermark: nextOffset }
}

/**
 * A source of partition 0 that delivers what the test hands to its handlers. Its calls do nothing,
 * unless replaced.
 */
export function drivenSource(replaced: Partial<RecordSource> = {}): {
  source: RecordSource
  /** Those of the runner that has started the source. */
  handlers: () => SourceHandlers
} {
  let handlers: SourceHandlers | undefined
  return {
    source: {
      start(given) {
        handlers = given
        given.onAssigned([0])
        return Promise.resolve()
      },
      commit: () => Promise.resolve(),
      rejoin: () => Promise.resolve(),
      pause: () => undefined,
      close: () => Promise.resolve(),
      ...replaced,
    },
    handlers: () => handlers!,
  }
}
