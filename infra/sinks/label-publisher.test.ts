import { describe, expect, it } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import { jsonOf, openJsonSchemas } from '../../tests/support/json-schemas.ts'
import { createRecordingProducer } from '../../tests/support/recording-producer.ts'
import { createLabelPublisher } from './label-publisher.ts'

async function opened() {
  const producer = createRecordingProducer()
  const clients = { producer, schemas: await openJsonSchemas() }
  return { producer, publisher: createLabelPublisher(clients, 'labels') }
}

describe('createLabelPublisher', () => {
  it('sends labels in their order, keyed by the event, absent fields as null', async () => {
    const { publisher, producer } = await opened()
    await publisher.publish([
      { id: 'e-1', label: 'spam', by: 'ann', time: '2026-01-01T00:00:00Z' },
      { id: 'e-1', label: null },
    ])
    expect(producer.sent.map(({ topic }) => topic)).toEqual(['labels'])
    const { records } = producer.sent[0]!
    expect(records.map(({ key }) => key)).toEqual(['e-1', 'e-1'])
    expect(records.map(({ value }) => jsonOf(value))).toEqual([
      { id: 'e-1', label: 'spam', by: 'ann', time: '2026-01-01T00:00:00Z' },
      { id: 'e-1', label: null, by: null, time: null },
    ])
  })

  it('passes the trace of the request on', async () => {
    const { publisher, producer } = await opened()
    await publisher.publish([{ id: 'e-1', label: 'spam' }], { traceparent: '00-1-2-01' })
    expect(producer.sent[0]!.records[0]!.traceparent).toBe('00-1-2-01')
  })

  it('throws what the broker answers', async () => {
    const { publisher, producer } = await opened()
    const refused = new WinnowError('broker_refused', 'not authorized')
    producer.failures.push(refused)
    await expect(publisher.publish([{ id: 'e-1', label: 'spam' }])).rejects.toBe(refused)
  })
})
