// Rows name every column once and keep what the records say.
import { describe, expect, it } from 'vitest'
import { sampleClassification, sampleDeadLetter } from '../../tests/support/sample-records.ts'
import {
  classificationColumns,
  classificationRow,
  deadLetterColumns,
  deadLetterRow,
  knownLabelRow,
  labelColumns,
  seconds,
} from './classification-rows.ts'

function asObject(columns: readonly string[], row: readonly unknown[]): Record<string, unknown> {
  expect(row).toHaveLength(columns.length)
  expect(new Set(columns).size).toBe(columns.length)
  return Object.fromEntries(columns.map((column, index) => [column, row[index]]))
}

describe('classificationRow', () => {
  it('puts each field in its column, with times in seconds', () => {
    const one = sampleClassification({ offset: 17, recordTimeMs: 1_700_000_000_123 })
    expect(asObject(classificationColumns, classificationRow(one, 2))).toEqual({
      attempt: 2,
      event_id: one.eventId,
      topic: one.topic,
      partition: one.partition,
      offset: 17,
      record_time: '1700000000.123',
      event_time: seconds(one.eventTimeMs),
      classified_at: seconds(one.classifiedAtMs),
      source: one.source,
      attributes: one.attributes,
      text: one.text,
      label: one.label,
      score: one.score,
      labels: one.labels,
      out_of_scope: one.outOfScope,
      probabilities: one.probabilities,
      model: one.model,
      version: one.version,
      role: one.role,
      tokens: one.tokens,
      truncated: one.truncated,
      answered_by: '',
      queue_ms: one.queueMs,
      infer_ms: one.inferMs,
    })
  })
})

describe('deadLetterRow', () => {
  it('shows bytes as text, invalid UTF-8 as U+FFFD, and null as empty', () => {
    const letter = sampleDeadLetter({ key: Buffer.from('k'), payload: Buffer.from([0x61, 0xff]) })
    expect(asObject(deadLetterColumns, deadLetterRow(letter))).toMatchObject({
      code: letter.code,
      key: 'k',
      payload: 'a\ufffd',
      payload_bytes: letter.payloadBytes,
    })
    const bare = deadLetterRow(sampleDeadLetter({ key: null, payload: null }))
    expect(asObject(deadLetterColumns, bare)).toMatchObject({ key: '', payload: '' })
  })
})

describe('knownLabelRow', () => {
  it('holds the producer’s label with the time of the event', () => {
    const one = sampleClassification({ knownLabel: 'spam', eventTimeMs: 5_000 })
    expect(asObject(labelColumns, knownLabelRow(one))).toEqual({
      event_id: one.eventId,
      label: 'spam',
      labelled_at: '0000000005.000',
      labelled_by: 'producer',
    })
  })
})

describe('seconds', () => {
  it.each([
    [0, '0000000000.000'],
    [1, '0000000000.001'],
    [1_700_000_000_999, '1700000000.999'],
    [1.5, '0000000000.002'],
  ])('%d ms is %s', (ms, text) => expect(seconds(ms)).toBe(text))
})
