// How the records of an input topic are read before its mapping is applied. One decoder per format;
// the JSON, text, CSV and Avro ones are in infra/formats/. Mapping fields is schemas/mapping/.
import type { Filtered, Outcome } from '../outcome.ts'
import type { KafkaRecord } from '../record.ts'

/** What a decoder reads. */
export type EncodedRecord = Pick<KafkaRecord, 'key' | 'value' | 'headers'>

/**
 * A record whose parts paths can lead into. Values are those of JSON, and bigints for whole numbers
 * that a number would round. Objects have own properties only.
 */
export type DecodedRecord = {
  readonly value: unknown
  /** Text, or as `keyFormat` says; null if the record has no key. */
  readonly key: unknown
  /** Header values as UTF-8 text; of a repeated header, the last one. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Decodes one record. A defect of the record is a rejection; throws operating failures only, such
 * as `registry_unavailable`.
 */
export type RecordDecoder = (record: EncodedRecord) => Promise<Outcome<DecodedRecord>>

/** Decodes the value or the key of a record; null is a tombstone, or no key. */
export type PartDecoder = (bytes: Buffer) => Promise<Outcome<unknown>>

/**
 * Takes a record out of an envelope, such as that of Debezium, before its fields are mapped. It may
 * filter what is no event, such as a deletion.
 */
export type Envelope = (record: DecodedRecord) => Outcome<DecodedRecord> | Filtered
