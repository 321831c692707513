// The places of forgotten events: a record that is delivered again, or that a replay reads, makes
// no row of them. They name no person.
import { randomUUID } from 'node:crypto'
import type { Origin } from '../../schemas/validated.ts'
import type { Analytics } from '../clickhouse/clickhouse.ts'
import { seconds } from '../sinks/classification-rows.ts'

/** Remembers that events are forgotten. */
export async function rememberForgotten(
  analytics: Analytics,
  origins: readonly Origin[],
): Promise<void> {
  const now = seconds(Date.now())
  await analytics.insert('forgotten_events', {
    columns: ['topic', 'partition', 'offset', 'record_time', 'forgotten_at'],
    values: origins.map(({ topic, partition, offset, recordTimeMs }) => {
      return [topic, partition, offset, seconds(recordTimeMs), now]
    }),
    token: randomUUID(),
  })
}

/** Tells whether an event of one topic is forgotten, as far as it was at the call. */
export async function readForgotten(
  analytics: Analytics,
  topic: string,
): Promise<(origin: Origin) => boolean> {
  const rows = await analytics.rows<{ place: string }>(
    `SELECT DISTINCT concat(toString(partition), '/', toString(offset), '/',
       toString(toUnixTimestamp64Milli(record_time))) AS place
     FROM forgotten_events WHERE topic = {topic: String}`,
    { topic },
  )
  const places = new Set(rows.map(({ place }) => place))
  return ({ partition, offset, recordTimeMs }) =>
    places.has(`${partition}/${offset}/${recordTimeMs}`)
}
