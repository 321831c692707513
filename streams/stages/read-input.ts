// Reads a record of a configured input: decodes it, takes it out of its envelope, maps its fields
// to those of an event. decode-event.ts does the same for winnow.events.
import { mapRecord, type EventMapping } from '../../schemas/mapping/event-mapping.ts'
import type { EventRecord } from '../../schemas/event.ts'
import type { Filtered, Outcome } from '../../schemas/outcome.ts'
import type { EncodedRecord, Envelope, RecordDecoder } from '../../schemas/ports/record-decoder.ts'

/** How the records of one input become events. */
export type InputReading = {
  readonly decode: RecordDecoder
  readonly envelope: Envelope | undefined
  readonly mapping: EventMapping
}

/** The event of one record, still to be validated. Throws only what the decoder throws. */
export async function readInput(
  record: EncodedRecord,
  { decode, envelope, mapping }: InputReading,
): Promise<Outcome<EventRecord> | Filtered> {
  const decoded = await decode(record)
  if (decoded.kind === 'rejected') return decoded
  const content = envelope === undefined ? decoded : envelope(decoded.value)
  return content.kind === 'ok' ? mapRecord(content.value, mapping) : content
}
