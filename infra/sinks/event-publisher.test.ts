import { describe, expect, it } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import { jsonOf, openJsonSchemas } from '../../tests/support/json-schemas.ts'
import { createRecordingProducer } from '../../tests/support/recording-producer.ts'
import { createEventPublisher, mapAtOnce, type MapInTurns } from './event-publisher.ts'

async function opened(inTurns?: MapInTurns) {
  const producer = createRecordingProducer()
  const clients = { producer, schemas: await openJsonSchemas(), ...(inTurns && { inTurns }) }
  return { producer, publisher: createEventPublisher(clients, 'events') }
}

describe('createEventPublisher', () => {
  it('sends events in their order, keyed by id, absent fields as null', async () => {
    const { publisher, producer } = await opened()
    const whole = {
      id: 'e-1',
      text: 'one',
      source: 'mail',
      time: 5,
      attributes: { lang: 'en' },
      label: 'spam',
    }
    await publisher.publish([whole, { text: 'two', id: null, time: undefined }])
    expect(producer.sent.map(({ topic }) => topic)).toEqual(['events'])
    const { records } = producer.sent[0]!
    expect(records.map(({ key }) => key)).toEqual(['e-1', null])
    expect(records.map(({ value }) => jsonOf(value))).toEqual([
      whole,
      { id: null, text: 'two', source: null, time: null, attributes: {}, label: null },
    ])
  })

  it('passes the trace of the request on with each event', async () => {
    const { publisher, producer } = await opened()
    await publisher.publish([{ text: 'one' }, { text: 'two' }], { traceparent: '00-1-2-01' })
    const traces = producer.sent[0]!.records.map(({ traceparent }) => traceparent)
    expect(traces).toEqual(['00-1-2-01', '00-1-2-01'])
  })

  it('encodes in turns where others wait for the thread, and sends only then', async () => {
    const mapped: number[] = []
    const { publisher, producer } = await opened(async (items, map) => {
      const results = []
      for (const item of items) {
        await Promise.resolve()
        mapped.push(producer.sent.length)
        results.push(map(item))
      }
      return results
    })
    await publisher.publish([{ text: 'one' }, { text: 'two' }])
    expect(mapped).toEqual([0, 0])
    expect(producer.sent[0]!.records).toHaveLength(2)
  })

  it('throws what the broker answers, and sends nothing that cannot be encoded', async () => {
    const { publisher, producer } = await opened(() =>
      Promise.reject(new TypeError('no such field')),
    )
    await expect(publisher.publish([{ text: 'one' }])).rejects.toThrow('no such field')
    expect(producer.sent).toEqual([])
    const plain = await opened()
    const away = new WinnowError('broker_unavailable', 'away')
    plain.producer.failures.push(away)
    await expect(plain.publisher.publish([{ text: 'one' }])).rejects.toBe(away)
  })
})

describe('mapAtOnce', () => {
  it('maps every item, in order', async () => {
    expect(await mapAtOnce([1, 2, 3], (n) => n * 2)).toEqual([2, 4, 6])
  })
})
