// Sends records to topics of other systems, whose limit on the size of a record Winnow does not
// set. One record that is too large must not stop the stream: it is sent in a shorter form.
import { WinnowError } from '../../schemas/errors.ts'
import type { OutgoingRecord } from '../../schemas/record.ts'
import type { RecordProducer } from '../kafka/kafka.ts'

/** A record, and what is sent in its place where the topic does not take one of its size. */
export type BoundedRecord = {
  readonly record: OutgoingRecord
  readonly shortened: () => OutgoingRecord
}

/** Names, in the headers of a shortened record, what it lacks. */
export const shortenedHeader = 'winnow-shortened'

/** Sends the records, in order where none is too large. Throws what the producer throws. */
export async function sendBounded(
  producer: RecordProducer,
  topic: string,
  records: readonly BoundedRecord[],
): Promise<void> {
  if (records.length === 0) return
  try {
    await producer.send(
      topic,
      records.map(({ record }) => record),
    )
  } catch (error) {
    if (!isTooLarge(error)) throw error
    // The limit counts for what goes into one request, so each record is tried alone.
    if (records.length === 1) await producer.send(topic, [records[0]!.shortened()])
    else for (const one of records) await sendBounded(producer, topic, [one])
  }
}

function isTooLarge(error: unknown): boolean {
  if (!(error instanceof WinnowError)) return false
  const { kafkaError } = error.details
  return kafkaError === 'MESSAGE_TOO_LARGE' || kafkaError === 'RECORD_LIST_TOO_LARGE'
}
