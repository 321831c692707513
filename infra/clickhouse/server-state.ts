// What `winnow doctor` asks a ClickHouse server: rights of the user, free space, the clock. It only
// reads.
import type { Config } from '../../configs/schema.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { Analytics } from './clickhouse.ts'
import { grantsOf, type Grant, type Use } from './grants.ts'

/** SYNTAX_ERROR: versions before 24.11 have no CHECK GRANT. */
const syntaxCode = 62

/**
 * The grants that the user lacks for a use; undefined if this version of ClickHouse cannot say.
 * Throws analytics_unavailable, analytics_refused.
 */
export async function readMissingGrants(
  analytics: Analytics,
  use: Use,
  config: Config['clickhouse'],
): Promise<Grant[] | undefined> {
  const missing: Grant[] = []
  try {
    for (const grant of grantsOf(use, config)) {
      const isGiven = await hasGrant(analytics, grant)
      if (!isGiven) missing.push(grant)
    }
  } catch (error) {
    if (error instanceof WinnowError && error.details.clickhouseCode === syntaxCode) {
      return undefined
    }
    throw error
  }
  return missing
}

async function hasGrant(analytics: Analytics, { privilege, on }: Grant): Promise<boolean> {
  // This statement takes no FORMAT.
  const answer = await analytics.text(`CHECK GRANT ${privilege} ON ${on}`, 'JSON')
  const { data } = JSON.parse(answer) as { data: { result: number }[] }
  return data[0]?.result === 1
}

/** A disk of the server, as system.disks has it. */
export type Disk = {
  readonly name: string
  readonly freeBytes: number
  readonly totalBytes: number
}

/** The disks of the server that is asked. */
export function readDisks(analytics: Analytics): Promise<Disk[]> {
  return analytics.rows<Disk>(
    `SELECT name, toFloat64(free_space) AS freeBytes, toFloat64(total_space) AS totalBytes
     FROM system.disks ORDER BY name`,
  )
}

/** By how much the server's clock is ahead of this machine's, and how exactly that is known. */
export type ClockSkew = { readonly aheadMs: number; readonly errorMsMax: number }

/** Compares the clocks; half the time that the answer took is the possible error. */
export async function readClockSkew(analytics: Analytics): Promise<ClockSkew> {
  const askedMs = Date.now()
  const startMs = performance.now()
  const [row] = await analytics.rows<{ ms: number }>(
    'SELECT toUnixTimestamp64Milli(now64(3)) AS ms',
  )
  const errorMsMax = (performance.now() - startMs) / 2
  return { aheadMs: row!.ms - (askedMs + errorMsMax), errorMsMax }
}

/** Whether the server shows the database to the user. */
export async function hasDatabase(analytics: Analytics, database: string): Promise<boolean> {
  const [row] = await analytics.rows<{ n: number }>(
    'SELECT count() AS n FROM system.databases WHERE name = {database: String}',
    { database },
  )
  return row!.n > 0
}
