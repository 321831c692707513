// Runs a chain of stages between one input topic and one sink: polling, retry, commits and
// draining. What the stages do is theirs; what is known of the assigned partitions is
// assignment.ts.
//
// Delivery: an offset is committed only after the results and dead letters of it and of all polled
// offsets before it are durable in the sink (OffsetTracker). After a crash or a rebalance Kafka
// delivers again from the last commit; what the sink already has is recognised by its origin and
// dropped (Deduplicator), so a row is written once. Before the sink is asked, a fence keeps every
// earlier owner of the partitions from writing. After a failed write the sink is asked in the same
// way before the next try. Chunks of one partition reach the sink in order.
import assert from 'node:assert'
import type { Config } from '../configs/schema.ts'
import { counted } from '../schemas/counted.ts'
import { WinnowError, errorMessage } from '../schemas/errors.ts'
import {
  lineageOf,
  type KafkaRecord,
  type PassedOffsets,
  type RecordChunk,
} from '../schemas/record.ts'
import type { RecordSource } from '../schemas/ports/record-source.ts'
import type { RunnerMetrics } from '../schemas/ports/runner-metrics.ts'
import type { Block, Sink } from '../schemas/ports/sink.ts'
import { Assignment } from './assignment.ts'
import { BlockWriter, type WriteResult } from './delivery/block-writer.ts'
import { Committer } from './delivery/committer.ts'
import type { SinkReads } from './delivery/deduplicator.ts'
import { InFlightBudget } from './delivery/in-flight-budget.ts'
import { pause, retry, type RetryOptions } from '../models/runtime/retry.ts'
import { rowsOf, storeBlock } from './delivery/store-block.ts'
import type { ChunkTransform, RecordOutcome, StageChain } from './stages/record-outcome.ts'

/** What is being retried, in log lines. */
const operationNames = { stages: 'processing events', write: 'storing results' } as const

export type RunnerOptions<Output> = {
  source: RecordSource
  chain: StageChain<Output>
  sink: Sink<Output>
  config: Config['stream']
  metrics: RunnerMetrics
  /** One line for a person: failures that are being retried. */
  log: (line: string) => void
}

export type Runner = {
  /** Joins the group and works until `stop` or a failure. */
  start(): Promise<void>
  /**
   * Finishes what is in flight (at most drainMsMax), commits, and leaves the group. After a failure
   * it only leaves. Never throws: `ended` tells what failed.
   */
  stop(): Promise<void>
  /** Settles when the runner has ended; rejects with what ended it. */
  readonly ended: Promise<void>
  /** Whether the group was joined and nothing failed for good. */
  isReady(): boolean
}

/** While the group is being joined, polled chunks are refused, but not in a busy loop. */
const rejoinPauseMs = 50

/** A consumer with no larger share of its events in flight keeps up with its topic. */
const keptUpShare = 1 / 8

/** A chunk between poll and commit. */
type InFlightChunk = { chunk: RecordChunk; bytes: number; assignment: Assignment }

/** Makes a runner; nothing happens before `start`. */
export function createRunner<Output>(options: RunnerOptions<Output>): Runner {
  return new StageRunner(options)
}

class StageRunner<Output> implements Runner {
  readonly ended: Promise<void>
  readonly #options: RunnerOptions<Output>
  readonly #budget: InFlightBudget
  readonly #writer: BlockWriter<Output>
  readonly #committer: Committer
  readonly #stopping = new AbortController()
  #resolveEnd: () => void = () => undefined
  #rejectEnd: (error: unknown) => void = () => undefined
  /** The latest one; undefined while the group is being joined. */
  #assignment: Assignment | undefined
  /** Resolves when nothing of earlier assignments is being written any more. */
  #earlierWrites = Promise.resolve()
  #computing = 0
  #failure: unknown

  constructor(options: RunnerOptions<Output>) {
    this.#options = options
    const { config } = options
    this.ended = new Promise((resolve, reject) => {
      this.#resolveEnd = resolve
      this.#rejectEnd = reject
    })
    this.ended.catch(() => undefined)
    this.#budget = new InFlightBudget({
      eventsMax: config.inFlightEventsMax,
      bytesMax: config.inFlightBytesMax,
    })
    this.#writer = new BlockWriter<Output>({
      rowsMax: config.blockRowsMax,
      ageMsMax: config.blockAgeMsMax,
      nowMs: () => Date.now(),
      pauseMsMin: config.blockPauseMsMin,
      keepsUp: () =>
        this.#computing === 0 || this.#budget.events <= config.inFlightEventsMax * keptUpShare,
      write: (block: Block<Output>) => this.#write(block),
      onFailure: (error) => this.#fail(error),
    })
    this.#committer = new Committer({
      commit: (offsets) => options.source.commit(offsets),
      pauseMsMax: config.retryMsMax,
      signal: this.#stopping.signal,
      onFailure: (error) => {
        options.metrics.retried('commit', error instanceof WinnowError ? error.code : 'internal')
        options.log(`the offsets were not committed, trying again: ${errorMessage(error)}`)
        if (error instanceof WinnowError && !error.retryable) this.#fail(error)
      },
    })
  }

  async start(): Promise<void> {
    await this.#options.source.start({
      onChunk: (chunk, heartbeat) => this.#onChunk(chunk, heartbeat),
      onPassed: (passed) => this.#onPassed(passed),
      onAssigned: (partitions) => this.#onAssigned(partitions),
      onFailure: (error) => this.#fail(error),
    })
  }

  isReady(): boolean {
    const isRunning = this.#failure === undefined && !this.#stopping.signal.aborted
    return isRunning && this.#assignment !== undefined
  }

  async stop(): Promise<void> {
    const { source, config, log } = this.#options
    source.pause()
    const deadlineMs = Date.now() + config.drainMsMax
    while (this.#budget.events > 0 && this.#failure === undefined && Date.now() < deadlineMs) {
      await this.#budget.change(50)
    }
    if (this.#budget.events > 0) {
      log(
        `stopped with ${counted(this.#budget.events, 'event')} in flight, which Kafka will deliver again`,
      )
    }
    if (this.#failure === undefined) await this.#committer.flush()
    this.#stopping.abort()
    await source
      .close()
      .catch((error: unknown) => log(`could not leave the consumer group: ${errorMessage(error)}`))
    if (this.#failure === undefined) this.#resolveEnd()
  }

  #onAssigned(partitions: readonly number[]): void {
    this.#endAssignment()
    const { sink } = this.#options
    const retrying = this.#retrying('write')
    const assignment = new Assignment({
      // What is being written at this moment must be in the sink when it is asked.
      earlier: this.#earlierWrites,
      raiseFence: (raising) =>
        retry(
          () => (raising.hasEnded ? Promise.resolve(undefined) : sink.fence(partitions)),
          retrying,
        ),
      reads: patientReads(sink, retrying),
      models: this.#options.chain.models,
    })
    this.#assignment = assignment
    this.#earlierWrites = assignment.owned.catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) this.#fail(error)
    })
  }

  /** Drops what is not being written. */
  #endAssignment(): void {
    this.#assignment?.end()
    this.#assignment = undefined
    this.#committer.reset()
    const written = this.#writer.reset()
    this.#earlierWrites = this.#earlierWrites.then(() => written)
  }

  /** Takes a chunk in flight as soon as there is room; false when its assignment ended first. */
  async #onChunk(chunk: RecordChunk, heartbeat: () => Promise<void>): Promise<boolean> {
    const assignment = this.#assignment
    if (assignment === undefined) {
      await pause(rejoinPauseMs, this.#stopping.signal)
      return false
    }
    const bytes = chunk.records.reduce((sum, record) => sum + (record.value?.length ?? 0), 0)
    while (!this.#budget.tryTake(chunk.records.length, bytes)) {
      await this.#budget.change(1_000)
      await heartbeat()
      if (this.#stopping.signal.aborted || assignment.hasEnded) return false
    }
    this.#options.metrics.inFlight(this.#budget.events, this.#budget.bytes)
    const partition = assignment.partition(chunk.partition)
    const tracked = partition.tracker.begin(chunk.nextOffset)
    const inFlight = { chunk, bytes, assignment }
    const outcomes = this.#compute(inFlight, this.#options.chain.begin(chunk.partition))
    const onDurable = () => this.#onDurable(chunk, partition.tracker.finish(tracked))
    partition.handedOver = partition.handedOver.then(() =>
      this.#handOver(inFlight, outcomes, onDurable),
    )
    return true
  }

  /** Offsets without records are committed once everything before them is durable. */
  #onPassed(passed: PassedOffsets): void {
    // Between assignments nothing is lost: the partition will be read again from its last commit.
    const tracker = this.#assignment?.partition(passed.partition).tracker
    if (tracker !== undefined) this.#onDurable(passed, tracker.pass(passed.nextOffset))
  }

  /** Applies the stages; undefined when the runner stops or fails first. */
  async #compute(
    { chunk, assignment }: InFlightChunk,
    transform: ChunkTransform<Output>,
  ): Promise<RecordOutcome<Output>[] | undefined> {
    this.#computing++
    const startMs = performance.now()
    try {
      const records = await this.#missing(chunk.records, assignment)
      return await retry(() => transform.apply(records), this.#retrying('stages'))
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#fail(error)
      return undefined
    } finally {
      transform.end()
      this.#options.metrics.chainSeconds((performance.now() - startMs) / 1_000)
      this.#computing--
    }
  }

  /** Spares the stages what the sink has, if the origin is known before any stage. */
  async #missing(
    records: readonly KafkaRecord[],
    assignment: Assignment,
  ): Promise<readonly KafkaRecord[]> {
    if (!this.#options.chain.startsAtOrigin) return records
    const events = records.map((record) => ({ record, ...lineageOf(record) }))
    return (await assignment.missing(events)).map(({ record }) => record)
  }

  /** Gives the outcomes of a chunk to the writer, in the order of its partition. */
  async #handOver(
    { chunk, bytes, assignment }: InFlightChunk,
    computing: Promise<RecordOutcome<Output>[] | undefined>,
    onDurable: () => void,
  ): Promise<void> {
    const release = () => {
      this.#budget.give(chunk.records.length, bytes)
      this.#options.metrics.inFlight(this.#budget.events, this.#budget.bytes)
    }
    try {
      const computed = await computing
      const outcomes = computed === undefined ? [] : await assignment.claim(computed)
      if (computed === undefined || assignment.hasEnded) {
        release()
        return
      }
      this.#countOutcomes(outcomes)
      this.#writer.add({
        outcomes,
        onDurable: () => {
          release()
          if (!assignment.hasEnded) onDurable()
        },
        onDropped: release,
      })
    } catch (error) {
      release()
      this.#fail(error)
    }
  }

  async #write(block: Block<Output>): Promise<WriteResult> {
    const rows = rowsOf(block)
    const startMs = performance.now()
    const assignment = this.#assignment
    if (rows > 0) {
      assert(assignment !== undefined, 'the writer forgets the chunks of an assignment that ended')
      try {
        await storeBlock(block, {
          sink: this.#options.sink,
          fence: assignment.fence,
          patiently: (call) => retry(call, this.#retrying('write')),
          onFence: (raised) => assignment.raised(raised),
        })
      } catch (error) {
        if (!(error instanceof WinnowError) || error.code !== 'fenced') throw error
        this.#onFenced(error, assignment)
        return 'dropped'
      }
    }
    const written = block.outputs.length + block.deadLetters.length
    this.#options.metrics.blockWritten(written, (performance.now() - startMs) / 1_000)
    return 'stored'
  }

  /** The group moved on without this consumer: it joins again and reads from the last commits. */
  #onFenced(error: WinnowError, assignment: Assignment): void {
    this.#options.metrics.retried('write', error.code)
    if (assignment.hasEnded || this.#stopping.signal.aborted) return
    this.#options.log(`${error.message}; joining the group again`)
    this.#endAssignment()
    this.#options.source.rejoin().catch((failure: unknown) => this.#fail(failure))
  }

  #onDurable(read: PassedOffsets, committable: number | undefined): void {
    const { topic, partition, highWatermark } = read
    if (committable === undefined) return
    this.#options.metrics.lag(topic, partition, Math.max(0, highWatermark - committable))
    this.#committer.add({ topic, partition, offset: committable })
  }

  #countOutcomes(outcomes: readonly RecordOutcome<Output>[]): void {
    const counts = new Map<string, number>()
    for (const { stage, outcome } of outcomes) {
      const key = `${stage} ${codeOf(outcome)}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    for (const [key, events] of counts) {
      const [stage, code] = key.split(' ') as [string, Parameters<RunnerMetrics['outcomes']>[1]]
      this.#options.metrics.outcomes(stage, code, events)
    }
  }

  #retrying(operation: 'stages' | 'write'): RetryOptions {
    return {
      pauseMsMax: this.#options.config.retryMsMax,
      signal: this.#stopping.signal,
      onRetry: (error: WinnowError) => {
        this.#options.metrics.retried(operation, error.code)
        this.#options.log(`${operationNames[operation]} failed, trying again: ${error.message}`)
      },
    }
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#stopping.abort()
    this.#rejectEnd(error)
  }
}

/** What an outcome counts as. */
function codeOf(outcome: RecordOutcome<unknown>['outcome']): string {
  if (outcome.kind === 'rejected') return outcome.error.code
  return outcome.kind === 'filtered' && outcome.reason === 'other_model'
    ? 'other_model'
    : outcome.kind
}

/** The reads of a sink, repeated until they succeed. */
function patientReads(sink: SinkReads, retrying: RetryOptions): SinkReads {
  const { ofModel } = sink
  return {
    ofModel: ofModel && ((model) => patientReads(ofModel(model), retrying)),
    recover: (...partition) => retry(() => sink.recover(...partition), retrying),
    storedFrom: (...place) => retry(() => sink.storedFrom(...place), retrying),
    storedAttempts: (...which) => retry(() => sink.storedAttempts(...which), retrying),
  }
}
