// Decodes a record on winnow.labels: Avro in Confluent wire format if the value starts with a
// schema id, else UTF-8 JSON.
import { z } from 'zod'
import { labelJson, type LabelRecord } from '../../schemas/label.ts'
import { startsWithSchemaId } from '../../schemas/schema-id.ts'
import { decodeJson, type AvroReader } from './decode-event.ts'
import { eventTime, type TimeRules } from './event-time.ts'
import { ok, rejected, type Outcome } from '../../schemas/outcome.ts'

/** Unknown fields are ignored, as Avro's schema resolution does. */
const openLabelJson = z.object(labelJson.shape)

/** A label of one event, its time resolved. */
export type EventLabel = {
  readonly eventId: string
  /** Null withdraws the earlier label of `by`. */
  readonly label: string | null
  /** '' if nobody is named. */
  readonly by: string
  readonly timeMs: number
}

/** Decodes and checks the value of one record. Throws only what `readAvro` throws. */
export async function decodeLabel(
  record: { readonly value: Buffer | null; readonly recordTimeMs: number },
  readAvro: AvroReader<LabelRecord>,
  rules: TimeRules,
): Promise<Outcome<EventLabel>> {
  const { value, recordTimeMs } = record
  if (value === null) return rejected('value_null', 'the record has no value')
  const decoded = startsWithSchemaId(value) ? await readAvro(value) : decodeJsonLabel(value)
  if (decoded.kind === 'rejected') return decoded
  const { id, label, by, time } = decoded.value
  if (id === '' || label === '') {
    return rejected('field_type', `${id === '' ? 'id' : 'label'} must not be empty`)
  }
  const at = eventTime(time, recordTimeMs, rules)
  if (at.kind !== 'ok') return at
  return ok({ eventId: id, label, by: by ?? '', timeMs: at.value })
}

function decodeJsonLabel(value: Buffer): Outcome<LabelRecord> {
  const expected = 'a JSON label must be an object with an "id" and a "label"'
  const json = decodeJson(value, openLabelJson, expected)
  if (json.kind !== 'ok') return json
  const { id, label, by, time } = json.value
  return ok({ id, label, by: by ?? null, time: time ?? null })
}
