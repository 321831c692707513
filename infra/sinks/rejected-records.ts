// What the dead-letter topic of an input gets: the record as it arrived, with headers that say why
// it was rejected, so that its owners can repair it and send it again without knowing Winnow.
import { deadLetterId, type DeadLetter } from '../../schemas/dead-letter.ts'
import type { Block } from '../../schemas/ports/sink.ts'
import type { OutgoingRecord } from '../../schemas/record.ts'
import { shortenedHeader, type BoundedRecord } from './bounded-send.ts'
import { passedHeaders } from './passed-headers.ts'

/**
 * The records of the dead letters of a block, in their order. Left out are those whose record is
 * not the one that entered, but the output of a stage that ran apart.
 */
export function rejectedRecords({
  deadLetters,
  records,
}: Pick<Block<unknown>, 'deadLetters' | 'records'>): BoundedRecord[] {
  return deadLetters.flatMap((letter): BoundedRecord[] => {
    const arrived = records?.get(letter)
    if (arrived === undefined || arrived.topic !== letter.topic) return []
    const { key, value, traceparent } = arrived
    const headers = { ...passedHeaders(arrived.headers, 'same'), ...reasonHeaders(letter) }
    const record: OutgoingRecord = { key, value, headers, traceparent }
    const shortened = () => ({
      ...record,
      value: null,
      headers: { ...headers, [shortenedHeader]: 'value' },
    })
    return [{ record, shortened }]
  })
}

function reasonHeaders(letter: DeadLetter): Record<string, string> {
  return {
    'winnow-error-code': letter.code,
    'winnow-error-message': letter.message,
    'winnow-error-stage': letter.stage,
    'winnow-event': deadLetterId(letter),
  }
}
