// Collects finished chunks into blocks and writes one block at a time. A consumer that keeps up
// writes soon, with a pause after each block that grows with the time of its write; one that has
// much under way writes a block when it is large, or its oldest row waited long enough. While a
// block is being written the next one grows, so that a slow sink gets larger blocks, not more.
import { createHash } from 'node:crypto'
import { payloadBytesMax, type DeadLetter } from '../../schemas/dead-letter.ts'
import type { Block, BlockOutput, ModelOfOutcome } from '../../schemas/ports/sink.ts'
import type { KafkaRecord } from '../../schemas/record.ts'
import type { Origin } from '../../schemas/validated.ts'
import type { RecordOutcome } from '../stages/record-outcome.ts'

export type FinishedChunk<Output> = {
  readonly outcomes: readonly RecordOutcome<Output>[]
  /** Called when the chunk is durable. */
  onDurable(): void
  /** Called instead when the chunk is dropped before it was written. */
  onDropped(): void
}

/** Dropped: the block is not stored, and its events will be delivered again. */
export type WriteResult = 'stored' | 'dropped'

export type BlockWriterOptions<Output> = {
  rowsMax: number
  ageMsMax: number
  /** Shortest pause between two blocks of a consumer that keeps up. */
  pauseMsMin: number
  nowMs: () => number
  /** Whether so little is under way to this writer that waiting for it makes no larger block. */
  keepsUp: () => boolean
  /** Writes a block, trying again as needed; a rejection ends the runner. */
  write(block: Block<Output>): Promise<WriteResult>
  onFailure: (error: unknown) => void
}

/**
 * The pause after a block in times of its write: small parts are expensive, so writing takes half
 * of the time at most.
 */
const pauseFactor = 1

/** Turns chunks into blocks; `write` of the options makes a block durable. */
export class BlockWriter<Output> {
  readonly #options: BlockWriterOptions<Output>
  #chunks: FinishedChunk<Output>[] = []
  #rows = 0
  #oldestMs = 0
  /** When the next block of a consumer that keeps up may begin. */
  #pausedUntilMs = 0
  #flushing: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #failed = false

  constructor(options: BlockWriterOptions<Output>) {
    this.#options = options
  }

  /** Takes a finished chunk; returns at once. */
  add(chunk: FinishedChunk<Output>): void {
    if (this.#chunks.length === 0) this.#oldestMs = this.#options.nowMs()
    this.#chunks.push(chunk)
    this.#rows += chunk.outcomes.length
    this.consider()
  }

  /** Writes a block if one is due. */
  consider(): void {
    if (this.#failed || this.#flushing !== undefined || this.#chunks.length === 0) return
    const dueMs = this.#dueMs() - this.#options.nowMs()
    clearTimeout(this.#timer)
    if (dueMs <= 0) this.#flush()
    else this.#timer = setTimeout(() => this.consider(), dueMs)
  }

  /** Drops the chunks that are not being written. Resolves when the current write has ended. */
  async reset(): Promise<void> {
    clearTimeout(this.#timer)
    const dropped = this.#chunks
    this.#chunks = []
    this.#rows = 0
    for (const chunk of dropped) chunk.onDropped()
    await this.#flushing
  }

  #dueMs(): number {
    const { rowsMax, ageMsMax, keepsUp } = this.#options
    if (this.#rows >= rowsMax) return 0
    const latestMs = this.#oldestMs + ageMsMax
    return keepsUp() ? Math.min(this.#pausedUntilMs, latestMs) : latestMs
  }

  #flush(): void {
    const chunks = this.#take()
    const startMs = this.#options.nowMs()
    this.#flushing = this.#options
      .write(blockOf(chunks, this.#options.nowMs()))
      .then((result) => {
        for (const chunk of chunks) {
          if (result === 'stored') chunk.onDurable()
          else chunk.onDropped()
        }
      })
      .catch((error: unknown) => {
        this.#failed = true
        this.#options.onFailure(error)
      })
      .finally(() => {
        const { nowMs, pauseMsMin } = this.#options
        const endMs = nowMs()
        this.#pausedUntilMs = endMs + Math.max(pauseMsMin, pauseFactor * (endMs - startMs))
        this.#flushing = undefined
        this.consider()
      })
  }

  /** Whole chunks up to rowsMax rows, at least one. */
  #take(): FinishedChunk<Output>[] {
    let rows = 0
    let count = 0
    while (count < this.#chunks.length) {
      rows += this.#chunks[count]!.outcomes.length
      if (count > 0 && rows > this.#options.rowsMax) break
      count++
    }
    const taken = this.#chunks.splice(0, count)
    this.#rows = this.#chunks.reduce((sum, chunk) => sum + chunk.outcomes.length, 0)
    this.#oldestMs = this.#options.nowMs()
    return taken
  }
}

function blockOf<Output>(chunks: readonly FinishedChunk<Output>[], nowMs: number): Block<Output> {
  // Hashed at once: a call per event takes longer than its few bytes.
  let identity = ''
  const outputs: BlockOutput<Output>[] = []
  const deadLetters: DeadLetter[] = []
  const records = new Map<DeadLetter, KafkaRecord>()
  const filtered: (Origin & ModelOfOutcome)[] = []
  for (const chunk of chunks) {
    for (const one of chunk.outcomes) {
      const { record, origin, attempt, model } = one
      const { topic, partition, offset, recordTimeMs } = origin
      const { kind } = one.outcome
      if (kind === 'filtered' && one.outcome.reason === 'other_model') continue
      const about = model === undefined ? '' : `/${model}`
      identity += `${topic}/${partition}/${offset}/${recordTimeMs}/${attempt}/${kind}${about}\n`
      if (one.outcome.kind === 'ok') {
        outputs.push({ record, origin, attempt, value: one.outcome.value, ...(model && { model }) })
      } else if (one.outcome.kind === 'rejected') {
        const letter = deadLetterOf(one, nowMs)
        deadLetters.push(letter)
        records.set(letter, record)
      } else if (attempt === 0) {
        // A later attempt leaves its dead letter open.
        filtered.push({ topic, partition, offset, recordTimeMs, ...(model && { model }) })
      }
    }
  }
  const token = createHash('sha256').update(identity).digest('hex')
  return { token, outputs, deadLetters, records, ...(filtered.length > 0 && { filtered }) }
}

function deadLetterOf(one: RecordOutcome<unknown>, nowMs: number): DeadLetter {
  const { origin, attempt, outcome, stage, record } = one
  if (outcome.kind !== 'rejected') throw new TypeError('only a rejected event is a dead letter')
  return {
    ...origin,
    code: outcome.error.code,
    // What is cut out of a text may begin or end in the middle of a surrogate pair.
    message: outcome.error.message.slice(0, 1_000).toWellFormed(),
    stage,
    rejectedAtMs: nowMs,
    key: record.key,
    payload: record.value === null ? null : record.value.subarray(0, payloadBytesMax),
    payloadBytes: record.value?.length ?? 0,
    payloadTopic: record.topic === origin.topic ? '' : record.topic,
    model: one.model ?? '',
    attempt,
  }
}
