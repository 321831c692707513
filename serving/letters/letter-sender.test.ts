// Which dead letters are sent again, and why the others are not. Reading records from their topic
// is tested on a real broker in tests/integration/dead-letters.test.ts.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OpenEvent } from '../../infra/readers/dead-letter-reader.ts'
import { WinnowError } from '../../schemas/errors.ts'
import {
  createRecordingProducer,
  type RecordingProducer,
} from '../../tests/support/recording-producer.ts'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { LetterSender, type SenderOptions } from './letter-sender.ts'

let scripted: ScriptedEngine
let producer: RecordingProducer
beforeEach(async () => {
  scripted = await openScriptedEngine()
  producer = createRecordingProducer()
})
afterEach(() => scripted.close())

const event = (offset: number, fields: Partial<OpenEvent> = {}): OpenEvent => ({
  topic: 'events',
  partition: 0,
  offset,
  recordTimeMs: 1_000 + offset,
  code: 'text_empty',
  attempt: 0,
  payloadBytes: 5,
  isSent: false,
  ...fields,
})

/** The dead letters of these offsets keep their whole value. */
function kept(...offsets: readonly number[]) {
  const rows = offsets.map((offset) => ({
    offset,
    recordTimeMs: 1_000 + offset,
    code: 'text_empty',
    key: `k${offset}`,
    keyBase64: '',
    payload: 'hello',
    payloadBase64: '',
    payloadBytes: 5,
  }))
  scripted.answer('FROM dead_letters', rows)
}

function opened(options: Partial<SenderOptions> = {}) {
  const sent: string[] = []
  const skipped: string[] = []
  const sender = new LetterSender({
    analytics: scripted.analytics,
    // Nothing here reads from the topic.
    kafka: undefined as never,
    producer,
    bounds: new Map([['events', new Map([[0, { low: 2, high: 10 }]])]]),
    retries: { topic: 'retries', partitions: 2, inputs: new Set(), withHeaders: new Set() },
    again: false,
    by: 'ann@here',
    signal: new AbortController().signal,
    onSent: ({ offset }, from) => sent.push(`${offset} from the ${from}`),
    onSkipped: ({ offset }, reason) => skipped.push(`${offset} ${reason}`),
    ...options,
  })
  return { sender, sent, skipped }
}

describe('LetterSender', () => {
  it('sends what a dead letter keeps to its partition, as the next attempt, then notes it', async () => {
    kept(3, 4)
    const { sender, sent } = opened()
    await sender.send([event(3), event(4, { attempt: 2 })])
    expect(producer.sent).toEqual([
      {
        topic: 'events',
        records: [
          [3, 1],
          [4, 3],
        ].map(([offset, attempt]) => ({
          partition: 0,
          key: Buffer.from(`k${offset}`),
          value: Buffer.from('hello'),
          lineage: {
            origin: { topic: 'events', partition: 0, offset, recordTimeMs: 1_000 + offset! },
            attempt,
          },
        })),
      },
    ])
    expect(scripted.inserts()).toMatchObject([
      {
        table: 'dead_letter_replays',
        rows: [
          { offset: 3, attempt: 1 },
          { offset: 4, attempt: 3 },
        ],
      },
    ])
    expect(sent).toEqual(['3 from the dead letter', '4 from the dead letter'])
  })

  it('sends events of the topics of other systems to the topic for retries', async () => {
    kept(3)
    const { sender, sent } = opened({
      bounds: new Map([['orders', new Map([[5, { low: 2, high: 10 }]])]]),
      retries: {
        topic: 'retries',
        partitions: 2,
        inputs: new Set(['orders']),
        withHeaders: new Set(),
      },
    })
    await sender.send([event(3, { topic: 'orders', partition: 5 })])
    expect(producer.sent).toMatchObject([
      {
        topic: 'retries',
        records: [
          {
            partition: 1,
            value: Buffer.from('hello'),
            lineage: { origin: { topic: 'orders', partition: 5, offset: 3 }, attempt: 1 },
          },
        ],
      },
    ])
    expect(sent).toEqual(['3 from the dead letter'])
  })

  it('reads an event again from its topic if its mapping needs headers', async () => {
    kept(3)
    const orders = new Set(['orders'])
    const { sender } = opened({
      bounds: new Map([['orders', new Map([[0, { low: 2, high: 10 }]])]]),
      retries: { topic: 'retries', partitions: 2, inputs: orders, withHeaders: orders },
    })
    await sender.send([event(3, { topic: 'orders' })])
    expect([sender.waiting, producer.sent]).toEqual([1, []])
  })

  it.each([
    ['not_an_input', event(3, { topic: 'validated' })],
    ['topic_remade', event(10)],
    ['topic_remade', event(3, { partition: 7 })],
    ['already_sent', event(3, { isSent: true })],
    // Its letter keeps nothing, and the record is before the first that the topic holds.
    ['expired', event(1)],
  ])('skips with %s', async (reason, skippedEvent) => {
    kept(3)
    const { sender, sent, skipped } = opened()
    await sender.send([skippedEvent])
    expect(skipped).toEqual([`${skippedEvent.offset} ${reason}`])
    expect({ sent, records: producer.sent, inserts: scripted.inserts() }).toEqual({
      sent: [],
      records: [],
      inserts: [],
    })
  })

  it('sends once more what was sent before, where that is asked for', async () => {
    kept(3)
    const { sender, sent } = opened({ again: true })
    await sender.send([event(3, { isSent: true })])
    expect(sent).toEqual(['3 from the dead letter'])
  })

  it('remembers what must be read again from its topic, and sends the rest', async () => {
    kept(3)
    const { sender, sent, skipped } = opened()
    await sender.send([event(2), event(3), event(9)])
    expect(sender.waiting).toBe(2)
    expect({ sent, skipped }).toEqual({ sent: ['3 from the dead letter'], skipped: [] })
  })

  it('counts without a producer what it would send, and sends and notes nothing', async () => {
    kept(3)
    const { sender, sent } = opened({ producer: undefined })
    await sender.send([event(3), event(4)])
    expect(sender.waiting).toBe(1)
    await sender.flush()
    expect(sender.waiting).toBe(0)
    expect(sent).toEqual(['3 from the dead letter', '4 from the topic'])
    expect(scripted.inserts()).toEqual([])
  })

  it('lets no more wait than it may, and then reads those again by itself', async () => {
    const bounds = new Map([['events', new Map([[0, { low: 0, high: 20_000 }]])]])
    const { sender, sent } = opened({ producer: undefined, bounds })
    const events = Array.from({ length: 10_000 }, (_, offset) => event(offset))
    for (let at = 0; at < 9_500; at += 500) await sender.send(events.slice(at, at + 500))
    expect([sender.waiting, sent.length]).toEqual([9_500, 0])
    await sender.send(events.slice(9_500))
    expect([sender.waiting, sent.length]).toEqual([0, 10_000])
  })

  it('notes nothing that the broker did not take', async () => {
    kept(3)
    const away = new WinnowError('broker_unavailable', 'away')
    producer.failures.push(away)
    const { sender, sent } = opened()
    await expect(sender.send([event(3)])).rejects.toBe(away)
    expect({ sent, inserts: scripted.inserts() }).toEqual({ sent: [], inserts: [] })
  })
})
