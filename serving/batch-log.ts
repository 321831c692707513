// Collects the figures of inference batches and writes them to ClickHouse every two seconds. A
// crash may lose some: they are measurements, not results.
import type { Analytics } from '../infra/clickhouse/clickhouse.ts'
import { seconds } from '../infra/sinks/classification-rows.ts'
import { randomUUID } from 'node:crypto'
import type { BatchRecord } from '../models/inference/batcher.ts'
import { counted } from '../schemas/counted.ts'
import { errorMessage } from '../schemas/errors.ts'

const columns = [
  'at',
  'size',
  'tokens',
  'padded_tokens',
  'wait_ms',
  'run_ms',
  'worker',
  'model',
  'version',
] as const satisfies readonly [string, ...string[]]
const flushMs = 2_000
const rowsMax = 20_000

/** Buffers figures of batches; the caller closes it to write the last ones. */
export class BatchLog {
  readonly #analytics: Analytics
  readonly #log: (line: string) => void
  #rows: unknown[][] = []
  #timer: NodeJS.Timeout | undefined
  #flushing = Promise.resolve()

  constructor(analytics: Analytics, log: (line: string) => void) {
    this.#analytics = analytics
    this.#log = log
  }

  /** Starts writing every two seconds. */
  start(): void {
    this.#timer = setInterval(() => {
      this.#flushing = this.#flushing.then(() => this.#flush())
    }, flushMs)
    this.#timer.unref()
  }

  /** Adds one batch; the oldest are dropped while ClickHouse is away. */
  add(batch: BatchRecord, model: { name: string; version: string }): void {
    if (this.#rows.length >= rowsMax) this.#rows.shift()
    this.#rows.push([
      seconds(Date.now()),
      batch.size,
      batch.tokens,
      batch.paddedTokens,
      batch.waitMs,
      batch.runMs,
      batch.worker,
      model.name,
      model.version,
    ])
  }

  /** Writes what is left. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#flushing
    await this.#flush()
  }

  async #flush(): Promise<void> {
    if (this.#rows.length === 0) return
    const rows = this.#rows
    this.#rows = []
    try {
      await this.#analytics.insert('inference_batches', {
        columns,
        values: rows,
        token: randomUUID(),
      })
    } catch (error) {
      const batches = counted(rows.length, 'batch', 'batches')
      this.#log(`the figures of ${batches} were not written to ClickHouse: ${errorMessage(error)}`)
    }
  }
}
