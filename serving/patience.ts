// How long a command that does one thing and ends waits for a ClickHouse that is away or fails for
// now: it tries again for a bounded time, says so at once, and then fails with the last reason.
// Stages have no such bound.
import type { Config } from '../configs/schema.ts'
import { createAnalytics, type Analytics } from '../infra/clickhouse/clickhouse.ts'
import { WinnowError } from '../schemas/errors.ts'
import { retry } from '../streams/delivery/retry.ts'

/** Calls until it succeeds or the time is over. */
export type Patience = <T>(call: () => Promise<T>) => Promise<T>

const pauseMsMax = 2_000

/** Makes one. Each call has the whole time; `signal` ends them all early. */
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

/** A client whose calls are patient; see `patientAnalytics`. The caller closes it. */
export function openPatientAnalytics(
  config: Config['clickhouse'],
  options: { log: (line: string) => void; signal?: AbortSignal | undefined },
): Analytics {
  const { waitMsMax } = config
  return patientAnalytics(createAnalytics(config), createPatience({ ...options, waitMsMax }))
}

/**
 * The same client, patient. A statement or an insert is then sent again after a failure of which
 * nobody knows whether it was done: only what may be done twice goes this way. Rows that come one
 * by one are patient until the first has come. `text` runs what a person typed, and runs it once.
 */
export function patientAnalytics(analytics: Analytics, patience: Patience): Analytics {
  return {
    ...analytics,
    rows: (sql, parameters) => patience(() => analytics.rows(sql, parameters)),
    run: (sql, parameters) => patience(() => analytics.run(sql, parameters)),
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
