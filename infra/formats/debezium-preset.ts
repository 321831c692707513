// The preset debezium: a change of a table row, as Debezium's connectors write it, in JSON with or
// without its schema or in any other format. Paths lead into the change (before, after, op, source,
// ts_ms). What is no new state of a row, such as a deletion, is left out.
import { errorMessage } from '../../schemas/errors.ts'
import { parseExactJson } from '../../schemas/exact-json.ts'
import { isJsonObject } from '../../schemas/json-object.ts'
import { filtered, ok, rejected } from '../../schemas/outcome.ts'
import type { Envelope } from '../../schemas/ports/record-decoder.ts'

/** Created, updated, and read by a snapshot. */
const statesOfRows: ReadonlySet<unknown> = new Set(['c', 'u', 'r'])
/** Deleted, truncated, and messages of the database's log. */
const others: ReadonlySet<unknown> = new Set(['d', 't', 'm'])

/** Takes the change out of a record. */
export const debeziumEnvelope: Envelope = (record) => {
  const change = payloadOf(record.value)
  const key = payloadOf(record.key)
  // A tombstone, which follows a deletion.
  if (change === null) return filtered
  const op = isJsonObject(change) ? change['op'] : undefined
  if (!isJsonObject(change) || op === undefined) {
    const message =
      'the value is no change of Debezium: it has no "op"; leave out the preset if ' +
      'ExtractNewRecordState has taken the row out of it'
    return rejected('field_missing', message)
  }
  if (others.has(op)) return filtered
  if (!statesOfRows.has(op)) {
    return rejected(
      'field_type',
      `op is ${JSON.stringify(op).slice(0, 40)}, which Debezium does not write`,
    )
  }
  const { after } = change
  // The connector of MongoDB writes documents as JSON texts.
  if (typeof after !== 'string') return ok({ ...record, key, value: change })
  try {
    return ok({ ...record, key, value: { ...change, after: parseExactJson(after) } })
  } catch (error) {
    return rejected('json_invalid', `after: ${errorMessage(error)}`)
  }
}

/** The payload, where the JSON of Kafka Connect has its schema beside it. */
function payloadOf(value: unknown): unknown {
  if (!isJsonObject(value)) return value
  const isWithSchema = Object.hasOwn(value, 'schema') && Object.hasOwn(value, 'payload')
  return isWithSchema && Object.keys(value).length === 2 ? value['payload'] : value
}
