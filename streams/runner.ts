// Runs a slice of stages between one input topic and one sink. It owns polling, retry, ordering,
// commits and draining; it knows nothing of what the stages do.
//
// Delivery: an offset is committed only after the results and dead letters of it and of all polled
// offsets before it are durable in the sink (OffsetTracker). After a crash or a rebalance Kafka
// delivers from the last commit again; what the sink has already is recognised by origin and
// dropped (DeliveredEvents), so a row is written once. Before the sink is asked, a fence keeps
// every earlier owner of the partitions from writing any more. A write that failed is looked at in
// the same way before it is tried again. Chunks of one partition reach the sink in order.
import assert from 'node:assert'
import type { Config } from '../configs/schema.ts'
import { counted } from '../schemas/counted.ts'
import { WinnowError, errorMessage } from '../schemas/errors.ts'
import type { Fence } from '../schemas/fence.ts'
import { lineageOf, type KafkaRecord } from '../schemas/record.ts'
import type { PassedOffsets, RecordChunk } from '../schemas/record.ts'
import { BlockWriter, type WriteResult } from './delivery/block-writer.ts'
import { Committer } from './delivery/committer.ts'
import { DeliveredEvents } from './delivery/delivered-events.ts'
import { InFlightBudget } from './delivery/in-flight-budget.ts'
import { OffsetTracker, type TrackedChunk } from './delivery/offset-tracker.ts'
import type { Block, Sink } from '../schemas/ports/sink.ts'
import type { Passage, Settled, Slice } from './stages/settled.ts'
import type { RecordSource } from '../schemas/ports/record-source.ts'
import type { RunnerMetrics } from '../schemas/ports/runner-metrics.ts'
import { pause, retry } from './delivery/retry.ts'
import { rowsOf, storeBlock } from './delivery/store-block.ts'

/** What is being retried, in log lines. */
const operationNames = { slice: 'processing events', write: 'storing results' } as const

export type RunnerOptions<Output> = {
  source: RecordSource
  slice: Slice<Output>
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

/** A partition since its latest assignment. */
type Lane = { tracker: OffsetTracker; handedOver: Promise<void> }

type Flight = {
  chunk: RecordChunk
  tracked: TrackedChunk
  lane: Lane
  epoch: number
  bytes: number
}

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
  /** Counts assignments. Work of an earlier one is dropped: its offsets are delivered again. */
  #epoch = 0
  #lanes = new Map<number, Lane>()
  /** Of this epoch. */
  #delivered: DeliveredEvents
  /** Resolves once earlier owners, this one in its earlier life included, cannot write any more. */
  #owned: Promise<void> = Promise.resolve()
  /** Of this epoch, from when it was raised. */
  #fence: Fence | undefined
  #computing = 0
  #joined = false
  #failure: unknown

  constructor(options: RunnerOptions<Output>) {
    this.#options = options
    const { config } = options
    this.ended = new Promise((resolve, reject) => {
      this.#resolveEnd = resolve
      this.#rejectEnd = reject
    })
    this.ended.catch(() => undefined)
    this.#delivered = this.#newDelivered()
    this.#budget = new InFlightBudget({
      eventsMax: config.inFlightEventsMax,
      bytesMax: config.inFlightBytesMax,
    })
    this.#writer = new BlockWriter<Output>({
      rowsMax: config.blockRowsMax,
      ageMsMax: config.blockAgeMsMax,
      nowMs: () => Date.now(),
      isIdle: () => this.#computing === 0,
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
    return this.#joined && this.#failure === undefined && !this.#stopping.signal.aborted
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
    // Offsets whose rows are being written right now must be found in the sink when it is asked.
    const settled = this.#abandon()
    const epoch = this.#epoch
    this.#joined = true
    this.#owned = this.#owned
      .then(() => settled)
      .then(() => this.#own(partitions, epoch))
      .catch((error: unknown) => {
        if (!this.#stopping.signal.aborted) this.#fail(error)
      })
  }

  /** Ends the epoch; resolves when the write under way has ended. */
  #abandon(): Promise<void> {
    this.#epoch++
    this.#joined = false
    this.#fence = undefined
    this.#lanes = new Map()
    this.#delivered = this.#newDelivered()
    this.#committer.reset()
    return this.#writer.reset()
  }

  async #own(partitions: readonly number[], epoch: number): Promise<void> {
    const raise = () =>
      epoch === this.#epoch ? this.#options.sink.fence(partitions) : Promise.resolve(undefined)
    const fence = await retry(raise, this.#retrying('write'))
    if (epoch === this.#epoch) this.#fence = fence
  }

  /** Takes a chunk in flight as soon as there is room; false when its turn has passed. */
  async #onChunk(chunk: RecordChunk, heartbeat: () => Promise<void>): Promise<boolean> {
    const events = chunk.records.length
    const bytes = chunk.records.reduce((sum, record) => sum + (record.value?.length ?? 0), 0)
    const epoch = this.#epoch
    if (!this.#joined) {
      await pause(rejoinPauseMs, this.#stopping.signal)
      return false
    }
    while (!this.#budget.tryTake(events, bytes)) {
      await this.#budget.change(1_000)
      await heartbeat()
      if (this.#stopping.signal.aborted || epoch !== this.#epoch) return false
    }
    this.#options.metrics.inFlight(this.#budget.events, this.#budget.bytes)
    const lane = this.#laneOf(chunk.partition)
    const tracked = lane.tracker.begin(chunk.nextOffset)
    const flight: Flight = { chunk, tracked, lane, epoch, bytes }
    const settled = this.#compute(flight, this.#options.slice.begin())
    lane.handedOver = lane.handedOver.then(() => this.#handOver(flight, settled))
    return true
  }

  /** Offsets without records are committed once everything before them is durable. */
  #onPassed(passed: PassedOffsets): void {
    // After a rejoin their partition is read from the commit on, so that they come again.
    if (!this.#joined) return
    this.#onDurable(passed, this.#laneOf(passed.partition).tracker.pass(passed.nextOffset))
  }

  #laneOf(partition: number): Lane {
    let lane = this.#lanes.get(partition)
    if (lane === undefined) {
      lane = { tracker: new OffsetTracker(), handedOver: Promise.resolve() }
      this.#lanes.set(partition, lane)
    }
    return lane
  }

  /** Applies the stages; undefined when the runner stops or fails first. */
  async #compute(
    { chunk, epoch }: Flight,
    passage: Passage<Output>,
  ): Promise<Settled<Output>[] | undefined> {
    this.#computing++
    const startMs = performance.now()
    try {
      const records = await this.#undelivered(chunk.records, epoch)
      return await retry(() => passage.apply(records), this.#retrying('slice'))
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#fail(error)
      return undefined
    } finally {
      passage.end()
      this.#options.metrics.sliceSeconds((performance.now() - startMs) / 1_000)
      this.#computing--
    }
  }

  /** Gives a settled chunk to the writer, in the order of its partition. */
  async #handOver(flight: Flight, settling: Promise<Settled<Output>[] | undefined>): Promise<void> {
    const { chunk, lane, tracked, epoch, bytes } = flight
    const release = () => {
      this.#budget.give(chunk.records.length, bytes)
      this.#options.metrics.inFlight(this.#budget.events, this.#budget.bytes)
    }
    try {
      const settled = await settling
      const fresh = settled === undefined ? [] : await this.#claim(settled, epoch)
      if (settled === undefined || epoch !== this.#epoch) {
        release()
        return
      }
      this.#countOutcomes(fresh)
      this.#writer.add({
        settled: fresh,
        onDurable: () => {
          release()
          if (epoch === this.#epoch) this.#onDurable(chunk, lane.tracker.finish(tracked))
        },
        onDropped: release,
      })
    } catch (error) {
      release()
      this.#fail(error)
    }
  }

  /** Spares the stages what was delivered before, where that can be told from the record. */
  async #undelivered(records: readonly KafkaRecord[], epoch: number): Promise<KafkaRecord[]> {
    if (!this.#options.slice.startsAtOrigin) return [...records]
    await this.#owned
    const delivered = this.#delivered
    await delivered.prepare(records.map(lineageOf))
    const fresh: KafkaRecord[] = []
    for (const record of records) {
      if (epoch !== this.#epoch) return []
      if (!(await delivered.has(lineageOf(record)))) fresh.push(record)
    }
    return fresh
  }

  /** Drops what was delivered before; the rest counts as delivered from now on. */
  async #claim(settled: Settled<Output>[], epoch: number): Promise<Settled<Output>[]> {
    await this.#owned
    const delivered = this.#delivered
    await delivered.prepare(settled)
    const fresh: Settled<Output>[] = []
    for (const one of settled) {
      if (epoch !== this.#epoch) return []
      if (await delivered.claim(one)) fresh.push(one)
    }
    return fresh
  }

  #newDelivered(): DeliveredEvents {
    const { sink } = this.#options
    const retrying = this.#retrying('write')
    return new DeliveredEvents({
      delivered: (...place) => retry(() => sink.delivered(...place), retrying),
      settledAttempts: (...which) => retry(() => sink.settledAttempts(...which), retrying),
    })
  }

  async #write(block: Block<Output>): Promise<WriteResult> {
    const rows = rowsOf(block)
    const epoch = this.#epoch
    const startMs = performance.now()
    if (rows > 0) {
      try {
        await this.#store(block, epoch)
      } catch (error) {
        if (!(error instanceof WinnowError) || error.code !== 'fenced') throw error
        this.#onFenced(error, epoch)
        return 'dropped'
      }
    }
    this.#options.metrics.blockWritten(rows, (performance.now() - startMs) / 1_000)
    return 'stored'
  }

  async #store(block: Block<Output>, epoch: number): Promise<void> {
    const fence = this.#fence
    assert(fence !== undefined, 'rows reach the writer only after the fence was raised')
    await storeBlock(block, {
      sink: this.#options.sink,
      fence,
      patiently: (call) => retry(call, this.#retrying('write')),
      onFence: (raised) => {
        if (epoch === this.#epoch) this.#fence = raised
      },
    })
  }

  /** The group moved on without this consumer: it joins again, and starts from the commits. */
  #onFenced(error: WinnowError, epoch: number): void {
    this.#options.metrics.retried('write', error.code)
    if (epoch !== this.#epoch || this.#stopping.signal.aborted) return
    this.#options.log(`${error.message}; joining the group again`)
    void this.#abandon()
    this.#options.source.rejoin().catch((failure: unknown) => this.#fail(failure))
  }

  #onDurable(read: PassedOffsets, committable: number | undefined): void {
    const { topic, partition, highWatermark } = read
    if (committable === undefined) return
    this.#options.metrics.lag(topic, partition, Math.max(0, highWatermark - committable))
    this.#committer.add({ topic, partition, offset: committable })
  }

  #countOutcomes(settled: readonly Settled<Output>[]): void {
    const counts = new Map<string, number>()
    for (const { stage, outcome } of settled) {
      const key = `${stage} ${outcome.kind === 'ok' ? 'ok' : outcome.error.code}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    for (const [key, events] of counts) {
      const [stage, code] = key.split(' ') as [string, Parameters<RunnerMetrics['settled']>[1]]
      this.#options.metrics.settled(stage, code, events)
    }
  }

  #retrying(operation: 'slice' | 'write') {
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
