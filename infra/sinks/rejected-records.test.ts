// What the dead-letter topic of an input gets: the record as it arrived, and why it was rejected.
import { expect, it } from 'vitest'
import { sampleDeadLetter, sampleRecord } from '../../tests/support/sample-records.ts'
import { rejectedRecords } from './rejected-records.ts'

it('is the whole record, with the reason in headers', () => {
  const letter = sampleDeadLetter({ topic: 't', offset: 3 })
  const headers = { 'x-shop': Buffer.from('berlin'), 'content-type': Buffer.from('text/plain') }
  const value = Buffer.alloc(100_000, 'a')
  const record = sampleRecord(3, { key: Buffer.from('k'), value, headers })
  const records = new Map([[letter, record]])
  const [sent] = rejectedRecords({ deadLetters: [letter], records })
  const expected = {
    key: record.key,
    value,
    traceparent: undefined,
    headers: {
      ...headers,
      'winnow-error-code': 'text_empty',
      'winnow-error-message': 'no text is left after cleaning',
      'winnow-error-stage': 'validate',
      'winnow-event': 't/0/3',
    },
  }
  expect(sent!.record).toEqual(expected)
  // Where the topic does not take a record of its size.
  expect(sent!.shortened()).toEqual({
    ...expected,
    value: null,
    headers: { ...expected.headers, 'winnow-shortened': 'value' },
  })
})

it('is nothing where the record is not the one that entered', () => {
  const letter = sampleDeadLetter({ topic: 'shop' })
  expect(rejectedRecords({ deadLetters: [letter], records: undefined })).toEqual([])
  const records = new Map([[letter, sampleRecord(0, { topic: 'winnow.tokenized' })]])
  expect(rejectedRecords({ deadLetters: [letter], records })).toEqual([])
})
