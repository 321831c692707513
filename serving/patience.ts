// Lets a one-shot command wait for a ClickHouse that is away: it says so at once, retries for a
// bounded time, then fails with the last reason. Stages retry without a bound.
import type { Config } from '../configs/schema.ts'
import { createAnalytics, type Analytics } from '../infra/clickhouse/clickhouse.ts'
import { WinnowError } from '../schemas/errors.ts'
import { retry } from '../models/runtime/retry.ts'

/** Repeats a call until it succeeds or the time is up. */
export type Patience = <T>(call: () => Promise<T>) => Promise<T>

const pauseMsMax = 2_000

/** Makes a `Patience`. Each call has the whole time; `signal` ends all of them early. */
export function createPatience(options: {
  waitMsMax: number
  log: (line: string) => void
  signal?: AbortSignal | undefined
}): Patience {
  const { waitMsMax, log, signal } = options
  return async (call) => {
    let told: string | undefined
    const deadline = AbortSignal.timeout(waitMsMax)
    try {
      return await retry(call, {
        pauseMsMax,
        signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
        onRetry({ message }) {
          if (told !== message) log(`${message}; trying again for up to ${waitMsMax / 1_000} s`)
          told = message
        },
      })
    } catch (error) {
      const isOver = told !== undefined && error instanceof WinnowError && error.retryable
      if (!isOver || signal?.aborted === true) throw error
      const message = `${error.message} (tried for ${waitMsMax / 1_000} s, clickhouse.waitMsMax)`
      throw new WinnowError(error.code, message, { cause: error, details: error.details })
    }
  }
}

/** A client with retries; see `patientAnalytics`. The caller closes it. */
export function openPatientAnalytics(
  config: Config['clickhouse'],
  options: { log: (line: string) => void; signal?: AbortSignal | undefined },
): Analytics {
  const { waitMsMax } = config
  return patientAnalytics(createAnalytics(config), createPatience({ ...options, waitMsMax }))
}

/**
 * The same client with retries. A statement or an insert is repeated after a failure whose effect
 * is unknown, so use it only for what may run twice. A stream of rows is retried until its first
 * row. `text` runs what a person typed, once.
 */
export function patientAnalytics(analytics: Analytics, patience: Patience): Analytics {
  return {
    ...analytics,
    rows: (sql, parameters) => patience(() => analytics.rows(sql, parameters)),
    run: (sql, parameters) => patience(() => analytics.run(sql, parameters)),
    runFence: (sql, parameters) => patience(() => analytics.runFence(sql, parameters)),
    define: (sql, parameters) => patience(() => analytics.define(sql, parameters)),
    createLike: (table) => patience(() => analytics.createLike(table)),
    insert: (table, insertion) => patience(() => analytics.insert(table, insertion)),
    async *stream<Row>(sql: string, parameters?: Record<string, unknown>) {
      const { first, rows } = await patience(async () => {
        const rows = analytics.stream<Row>(sql, parameters)
        return { first: await rows.next(), rows }
      })
      if (first.done === true) return
      try {
        yield first.value
        yield* rows
      } finally {
        await rows.return(undefined)
      }
    },
  }
}
