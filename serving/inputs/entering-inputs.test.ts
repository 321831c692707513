// Records of topics, read as the configuration says.
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../configs/load.ts'
import { rejected } from '../../schemas/outcome.ts'
import { sampleRecord } from '../../tests/support/sample-records.ts'
import { entryOfTopic, eventReader, openInputs } from './entering-inputs.ts'

const config = loadConfig({
  env: {
    WINNOW_INPUTS: JSON.stringify([
      { topic: 'orders', fields: { text: 'order.note' } },
      { topic: 'lines', format: 'text', cleaning: { steps: ['markup'] } },
    ]),
  },
})
const readAvro = () => Promise.resolve(rejected('avro_undecodable', 'no Avro here'))

describe('inputs', () => {
  it('have cleaning of their own, or that of all', () => {
    const inputs = openInputs(config)
    expect([...inputs].map(([topic, { cleaning }]) => [topic, cleaning])).toEqual([
      ['orders', config.cleaning],
      ['lines', { steps: ['markup'] }],
    ])
  })

  it('are read by their mapping, and other topics in the form of Winnow', async () => {
    const record = (value: object) => sampleRecord(0, { value: Buffer.from(JSON.stringify(value)) })
    const orders = eventReader(config, { topic: 'orders', readAvro })
    expect(await orders(record({ order: { note: 'a' } }))).toMatchObject({ value: { text: 'a' } })
    const own = eventReader(config, { topic: 'winnow.events', readAvro })
    expect(await own(record({ text: 'b' }))).toMatchObject({ value: { text: 'b' } })
  })

  it('enter pipelines, and other topics do not', () => {
    expect(entryOfTopic(config, 'orders')?.inputOf('orders')).toBeDefined()
    expect(entryOfTopic(config, 'orders')?.inputOf('other')).toBeUndefined()
    expect(entryOfTopic(config, 'winnow.events')).toBeUndefined()
  })

  it('have decoders that can be wrapped', async () => {
    const seen: string[] = []
    const inputs = openInputs(config, (decode) => (record) => {
      seen.push('decoded')
      return decode(record)
    })
    await inputs.get('lines')!.reading.decode({ value: Buffer.from('a'), key: null })
    expect(seen).toEqual(['decoded'])
  })
})
