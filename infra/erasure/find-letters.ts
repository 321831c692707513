// Finds the dead letters of events: by their origin, their key, or what their payload says. It
// reads only; erase-rows.ts deletes.
import { deadLetterId } from '../../schemas/dead-letter.ts'
import type { Origin } from '../../schemas/validated.ts'
import type { Analytics } from '../clickhouse/clickhouse.ts'
import type { EventSelection } from './find-events.ts'
import { needlesOf, payloadNames } from './payload-match.ts'

/** One event with a dead letter. */
export type FoundLetter = {
  readonly origin: Origin
  /** The value as it arrived, as far as it is kept; empty where none is stored. */
  readonly payload: Buffer
}

type LetterRow = Origin & {
  readonly key: string
  readonly payload: string
  readonly isBase64: boolean
}

/**
 * The events whose dead letters belong to a selection, at most `eventsMax`. ClickHouse finds the
 * candidates by the bytes of ids or attributes, and each is then checked field by field.
 */
export async function findLetters(
  analytics: Analytics,
  selection: EventSelection,
  { eventsMax }: { eventsMax: number },
): Promise<FoundLetter[]> {
  const found = new Map<string, FoundLetter>()
  const { where, parameters } = candidates(selection)
  const rows = analytics.stream<LetterRow>(
    `SELECT topic, partition, offset, toUnixTimestamp64Milli(record_time) AS recordTimeMs,
       if(key_base64 = '', key, base64Decode(key_base64)) AS key,
       if(payload_base64 = '', payload, payload_base64) AS payload,
       toBool(payload_base64 != '') AS isBase64
     FROM (SELECT *, if(payload_base64 = '', payload, base64Decode(payload_base64)) AS bytes
           FROM dead_letters)
     WHERE ${where}
     ORDER BY topic, partition, offset, recordTimeMs`,
    parameters,
  )
  for await (const { key, payload: kept, isBase64, ...origin } of rows) {
    const payload = Buffer.from(kept, isBase64 ? 'base64' : 'utf8')
    if (!belongs(selection, { key, payload, origin })) continue
    found.set(`${deadLetterId(origin)}/${origin.recordTimeMs}`, { origin, payload })
    if (found.size >= eventsMax) break
  }
  return [...found.values()]
}

function belongs(
  selection: EventSelection,
  { key, payload, origin }: { key: string; payload: Buffer; origin: Origin },
): boolean {
  if ('ids' in selection) {
    if (selection.ids.includes(key) || selection.ids.includes(deadLetterId(origin))) return true
  }
  return payloadNames(payload, selection)
}

function candidates(selection: EventSelection): {
  where: string
  parameters: Record<string, unknown>
} {
  if ('ids' in selection) {
    return {
      where: `key IN {ids: Array(String)}
        OR concat(topic, '/', toString(partition), '/', toString(offset)) IN {ids: Array(String)}
        OR multiSearchAny(bytes, {needles: Array(String)})`,
      parameters: { ids: selection.ids, needles: selection.ids.flatMap(needlesOf) },
    }
  }
  const attributes = Object.entries(selection.attributes)
  return {
    where: attributes
      .map(
        (_, at) =>
          `(multiSearchAny(bytes, {names${at}: Array(String)})
            AND multiSearchAny(bytes, {values${at}: Array(String)}))`,
      )
      .join(' AND '),
    parameters: Object.fromEntries(
      attributes.flatMap(([name, value], at) => [
        [`names${at}`, needlesOf(name)],
        [`values${at}`, needlesOf(value)],
      ]),
    ),
  }
}
