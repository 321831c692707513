// Reads the figures by which guards judge a promoted version. The rows of all consumers count, so
// that every consumer gets the same answer.
import type { Analytics } from '../clickhouse/clickhouse.ts'
import { seconds } from '../sinks/classification-rows.ts'

/** A promoted version and the previous champion. */
export type Promotion = {
  readonly name: string
  readonly version: string
  readonly before: string
  readonly promotedAtMs: number
}

/**
 * The figures since a promotion. The label shares of the previous champion are those of the last
 * `windowMs` before it. Throws analytics_unavailable, analytics_refused.
 */
export async function readGuardFigures(
  analytics: Analytics,
  { name, version, before, promotedAtMs }: Promotion,
  windowMs: number,
) {
  const parameters = {
    model: name,
    version,
    before,
    promoted: seconds(promotedAtMs),
    from: seconds(promotedAtMs - windowMs),
  }
  const promoted = `toDateTime64({promoted: String}, 3, 'UTC')`
  const isNow = `version = {version: String} AND classified_at >= ${promoted}`
  const wasBefore = `version = {before: String} AND classified_at < ${promoted}
    AND classified_at >= toDateTime64({from: String}, 3, 'UTC')`
  const main = `model = {model: String} AND role = 'champion' AND attempt = 0`
  const [[champion], [letters], labels, [pairs]] = await Promise.all([
    analytics.rows<{ events: number; latencyP95Ms: number }>(
      `SELECT count() AS events,
         if(events = 0, 0, quantileTDigest(0.95)(queue_ms + infer_ms)) AS latencyP95Ms
       FROM classifications WHERE ${main} AND ${isNow}`,
      parameters,
    ),
    analytics.rows<{ errors: number }>(
      `SELECT count() AS errors FROM dead_letters
       WHERE model = {model: String} AND stage = 'infer' AND attempt = 0
         AND rejected_at >= ${promoted}`,
      parameters,
    ),
    analytics.rows<{ label: string; now: number; before: number }>(
      `SELECT label, countIf(${isNow}) AS now, countIf(${wasBefore}) AS before
       FROM classifications WHERE ${main} AND ((${isNow}) OR (${wasBefore}))
       GROUP BY label`,
      parameters,
    ),
    analytics.rows<{ pairs: number; disagreeing: number }>(
      `SELECT count() AS pairs, countIf(answer_a != answer_b) AS disagreeing
       FROM version_pairs
       WHERE model = {model: String} AND version_a = {version: String}
         AND version_b = {before: String} AND classified_at >= ${promoted}`,
      parameters,
    ),
  ])
  return { ...champion!, ...letters!, labels, ...pairs! }
}
