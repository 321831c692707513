// What topics of other systems get of results: a record for each, with the key and the headers of
// the record that was classified. When they are sent, and what a repeated block does, is
// result-sink.ts.
import type { Output } from '../../configs/outputs.ts'
import type { Classification } from '../../schemas/classification.ts'
import { exactJsonText, parseForPassing } from '../../schemas/exact-json.ts'
import type { BlockOutput } from '../../schemas/ports/sink.ts'
import type { KafkaRecord } from '../../schemas/record.ts'
import { readSchemaId } from '../../schemas/schema-id.ts'
import { jsonBytes } from '../schema-registry/json-values.ts'
import { shortenedHeader, type BoundedRecord } from './bounded-send.ts'
import { passedHeaders } from './passed-headers.ts'

/** A topic of another system that gets results. */
export type ResultOutput = {
  readonly topic: string
  /** The records for the results of a block, in their order. */
  readonly records: (outputs: readonly BlockOutput<Classification>[]) => BoundedRecord[]
}

/** Makes an output. Results are JSON unless `encodeAvro` encodes them for its topic. */
export function resultOutput(
  output: Output,
  encodeAvro?: (result: Classification) => Buffer,
): ResultOutput {
  const { topic, inputs, models, labels, field } = output
  const topics = inputs && new Set(inputs)
  const names = models && new Set(models)
  const wanted = labels && new Set(labels)
  const encode = encodeAvro ?? jsonBytes
  return {
    topic,
    records: (outputs) =>
      outputs
        .filter(({ origin }) => topics?.has(origin.topic) !== false)
        .filter(({ value }) => names?.has(value.model) !== false)
        .filter(({ value }) => wanted?.has(value.label) !== false)
        .map(({ record: arrived, value: result }) => {
          const { key, traceparent } = arrived
          const headers = passedHeaders(arrived.headers, output.value)
          const isEnriched = output.value === 'enriched'
          const value = isEnriched ? enriched(arrived, result, field) : encode(result)
          return {
            record: { key, value, headers, traceparent },
            shortened: () => ({
              ...{ key, traceparent },
              value: isEnriched
                ? jsonBytes({ [field]: resultFields(result) })
                : encode({ ...result, text: '', attributes: {} }),
              headers: { ...headers, [shortenedHeader]: isEnriched ? 'value' : 'text,attributes' },
            }),
          }
        }),
  }
}

/** The value that arrived with the result in one more field; numbers keep their text. */
function enriched({ value }: KafkaRecord, result: Classification, field: string): Buffer {
  return Buffer.from(exactJsonText({ ...fieldsOf(value), [field]: resultFields(result) }))
}

/** The fields of a value that was read as JSON; a list or a text, which has none, is in one. */
function fieldsOf(value: Buffer | null): object {
  if (value === null) return {}
  const identified = readSchemaId(value)
  const text = utf8.decode(identified.kind === 'ok' ? identified.body : value)
  try {
    const given = parseForPassing(text)
    // A number that is passed on is an object too.
    return text.trimStart().startsWith('{') ? (given as object) : { value: given }
  } catch {
    // Its own format reads it as something else; the stream must not end here.
    return {}
  }
}

/** As for the mapping, a byte order mark is no part of the text. */
const utf8 = new TextDecoder()

/** What an enriched value says of the result: neither text nor attributes, which it has itself. */
function resultFields(result: Classification) {
  const { label, score, labels, probabilities, outOfScope, answeredBy } = result
  const { model, version, role, classifiedAtMs } = result
  const { eventId, topic, partition, offset } = result
  return {
    ...{ label, score, labels, probabilities, outOfScope, answeredBy },
    ...{ model, version, role, classifiedAtMs },
    ...{ eventId, topic, partition, offset },
  }
}
