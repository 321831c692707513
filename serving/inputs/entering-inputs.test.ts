// Records of topics, read as the configuration says.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { loadConfig } from '../../configs/load.ts'
import { configSchema } from '../../configs/schema.ts'
import { rejected } from '../../schemas/outcome.ts'
import type { KafkaRecord } from '../../schemas/record.ts'
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

describe('the examples of docs/inputs.md', () => {
  const page = readFileSync(new URL('../../docs/inputs.md', import.meta.url), 'utf8')
  const blocks = (language: string) =>
    [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)]
      .filter(([, given]) => given === language)
      .map(([, , code]) => code!)

  async function read(topic: string, value: string, more: Partial<KafkaRecord> = {}) {
    const yaml = blocks('yaml').find((code) => code.includes(`topic: ${topic}\n`))
    const mapped = configSchema.parse(parse(yaml!))
    const record = sampleRecord(0, { value: Buffer.from(value), key: null, ...more })
    return eventReader(mapped, { topic, readAvro })(record)
  }

  it('become what the page says', async () => {
    expect(await read('orders', blocks('json')[0]!)).toEqual({
      kind: 'ok',
      value: {
        id: 'order-4711',
        text: 'Late again\n\nMy parcel is late for the second time.',
        source: 'shop',
        time: 1_780_272_000_000,
        label: null,
        attributes: { customer: '9007199254740993' },
      },
    })
    const row = /`(17;[^`]*)`/.exec(page)![1]!
    expect(await read('exports', row)).toMatchObject({
      value: { id: 'export-17', text: 'Where is my money; I paid twice', label: 'refund' },
    })
    const ofHost = { key: Buffer.from('web-1'), headers: { service: 'shop' } }
    expect(await read('app-logs', 'out of memory', ofHost)).toMatchObject({
      value: { text: 'out of memory', source: 'shop', attributes: { host: 'web-1' } },
    })
  })
})
