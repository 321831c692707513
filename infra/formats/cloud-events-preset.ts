// The preset cloudevents: an event of CloudEvents 1.0 on Kafka (cloudevents/spec:
// kafka-protocol-binding.md), structured as JSON or with its attributes in headers. Both become one
// object of attributes and `data`, into which paths lead.
import { cloudEventDefects, decodedData } from '../../schemas/mapping/cloud-event.ts'
import { isJsonObject } from '../../schemas/json-object.ts'
import { ok, rejected } from '../../schemas/outcome.ts'
import type { DecodedRecord, Envelope } from '../../schemas/ports/record-decoder.ts'

const attributePrefix = 'ce_'

/** Takes the event out of a record in either mode. */
export const cloudEventsEnvelope: Envelope = (record) => {
  const attributes = attributesOf(record)
  if (attributes === undefined) {
    const message =
      'the record is no CloudEvent: it has no header ce_specversion, and its value is no JSON object'
    return rejected('event_not_object', message)
  }
  const given = new Map(Object.entries(attributes).filter(([, one]) => one !== null))
  const [defect] = cloudEventDefects(given)
  if (defect !== undefined) return rejected(defect.code, `CloudEvent: ${defect.message}`)
  const { data_base64: encoded, ...rest } = attributes
  if (encoded === undefined || encoded === null) return ok({ ...record, value: attributes })
  const data = decodedData(given)
  if (data !== undefined) return ok({ ...record, value: { ...rest, data } })
  return rejected('field_type', 'CloudEvent: data_base64 is not text or JSON in base64')
}

/** The event as one object; undefined if the record holds none. */
function attributesOf({ value, headers }: DecodedRecord): Record<string, unknown> | undefined {
  const contentType = headers['content-type'] ?? ''
  const isStructured = /^application\/cloudevents/i.test(contentType)
  const isBinary = Object.hasOwn(headers, `${attributePrefix}specversion`) && !isStructured
  if (!isBinary) return isJsonObject(value) ? value : undefined
  const attributes = Object.entries(headers)
    .filter(([name]) => name.startsWith(attributePrefix))
    .map(([name, text]): [string, unknown] => [name.slice(attributePrefix.length), text])
  return Object.fromEntries([
    ...attributes,
    ...(contentType === '' ? [] : [['datacontenttype', contentType] as const]),
    ...(value === null ? [] : [['data', value] as const]),
  ])
}
