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

/**
 * Sends the records, in order where none is too large. Throws what the producer throws; for a size,
 * only where a topic does not even take a record without key and headers.
 */
export async function sendBounded(
  producer: RecordProducer,
  topic: string,
  records: readonly BoundedRecord[],
): Promise<void> {
  if (records.length === 0) return
  const isTaken = await trySend(
    producer,
    topic,
    records.map(({ record }) => record),
  )
  if (isTaken) return
  if (records.length > 1) {
    // The limit counts for what goes into one request, so a part of them may pass.
    const half = Math.ceil(records.length / 2)
    await sendBounded(producer, topic, records.slice(0, half))
    await sendBounded(producer, topic, records.slice(half))
    return
  }
  const shortened = records[0]!.shortened()
  if (!(await trySend(producer, topic, [shortened]))) {
    await producer.send(topic, [withoutKey(shortened)])
  }
}

/** Whether the topic took the records; false if they are too large for it. */
async function trySend(
  producer: RecordProducer,
  topic: string,
  records: readonly OutgoingRecord[],
): Promise<boolean> {
  try {
    await producer.send(topic, records)
    return true
  } catch (error) {
    if (isTooLarge(error)) return false
    throw error
  }
}

/** Without key, and without headers but those of Winnow. */
function withoutKey({ headers = {}, ...record }: OutgoingRecord): OutgoingRecord {
  const own = Object.entries(headers).filter(([name]) => name.startsWith('winnow-'))
  const shortened = `key,headers,${String(headers[shortenedHeader])}`
  return {
    ...record,
    key: null,
    headers: { ...Object.fromEntries(own), [shortenedHeader]: shortened },
  }
}

function isTooLarge(error: unknown): boolean {
  if (!(error instanceof WinnowError)) return false
  const { kafkaError } = error.details
  return kafkaError === 'MESSAGE_TOO_LARGE' || kafkaError === 'RECORD_LIST_TOO_LARGE'
}
