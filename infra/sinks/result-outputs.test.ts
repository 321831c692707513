// What a topic of another system gets of results: whole or in the value that arrived, with its key
// and headers, of the inputs and labels that it wants.
import { describe, expect, it } from 'vitest'
import { configSchema } from '../../configs/schema.ts'
import { withSchemaId } from '../../schemas/schema-id.ts'
import type { KafkaRecord } from '../../schemas/record.ts'
import { outputOf, sampleClassification, sampleRecord } from '../../tests/support/sample-records.ts'
import { resultOutput } from './result-outputs.ts'

const inputs = ['shop', 'desk'].map((topic) => ({ topic, fields: { text: 'note' } }))

function boundedOf(output: object, record: Partial<KafkaRecord> = {}, fields = {}) {
  const [parsed] = configSchema.parse({ inputs, outputs: [{ topic: 'out', ...output }] }).outputs
  const value = sampleClassification({ topic: 'shop', ...fields })
  return resultOutput(parsed!).records([
    { ...outputOf(value), record: sampleRecord(0, { topic: 'shop', ...record }) },
  ])
}

function recordsOf(output: object, record: Partial<KafkaRecord> = {}, fields = {}) {
  return boundedOf(output, record, fields).map((one) => one.record)
}
const textOf = (output: object, value: string | Buffer) =>
  String(recordsOf(output, { value: Buffer.from(value) })[0]!.value)

describe('a result', () => {
  it('has the fields of winnow.classified, the key and the headers that arrived', () => {
    const headers = { 'x-shop': Buffer.from('berlin'), 'content-type': Buffer.from('text/plain') }
    const key = Buffer.from('k-1')
    const [record] = recordsOf({}, { key, headers, traceparent: 'trace' })
    expect(record).toMatchObject({ key, traceparent: 'trace' })
    expect(record!.headers).toEqual({ 'x-shop': headers['x-shop'] })
    expect(JSON.parse(String(record!.value))).toEqual({
      ...sampleClassification({ topic: 'shop' }),
    })
  })

  it('goes only to outputs that want its input, its model and its label', () => {
    expect(recordsOf({ inputs: ['desk'] })).toEqual([])
    expect(recordsOf({ inputs: ['shop', 'desk'] })).toHaveLength(1)
    expect(recordsOf({ models: ['other'] })).toEqual([])
    expect(recordsOf({ models: ['mail'] })).toHaveLength(1)
    expect(recordsOf({ labels: ['spam'] })).toEqual([])
    expect(recordsOf({ labels: ['spam'] }, {}, { label: 'spam' })).toHaveLength(1)
  })
})

describe('an enriched value', () => {
  const output = { value: 'enriched', inputs: ['shop'] }

  it('is the value that arrived, number for number, and the result', () => {
    const text = textOf(output, '{"id":9007199254740993,"price":1.10,"note":"a"}')
    expect(text).toMatch(/^\{"id":9007199254740993,"price":1\.10,"note":"a","winnow":\{/)
    const { winnow } = JSON.parse(text) as { winnow: object }
    expect(winnow).toMatchObject({ label: 'ham', score: 0.75, model: 'mail', topic: 'shop' })
    expect(winnow).not.toHaveProperty('text')
  })

  it('takes the field that the output names, also in place of one of that name', () => {
    const text = textOf({ ...output, field: 'label' }, '{"label":"old","note":"a"}')
    expect(JSON.parse(text)).toMatchObject({ note: 'a', label: { label: 'ham' } })
  })

  it('is made of JSON behind the id of a schema, and of what is no object', () => {
    const value = withSchemaId({ kind: 'id', id: 7 }, Buffer.from('{"note":"a"}'))
    expect(JSON.parse(textOf(output, value))).toMatchObject({ note: 'a', winnow: {} })
    expect(JSON.parse(textOf(output, '["a"]'))).toMatchObject({ value: ['a'], winnow: {} })
    expect(textOf(output, ' 1.10')).toMatch(/^\{"value":1\.10,"winnow":/)
    expect(textOf(output, '\ufeff{"a":1.10}')).toMatch(/^\{"a":1\.10,"winnow":/)
    expect(textOf(output, '{"__proto__":1}')).toMatch(/^\{"__proto__":1,"winnow":/)
    for (const value of ['{', '']) expect(textOf(output, value)).toMatch(/^\{"winnow":/)
  })

  it('keeps its content type', () => {
    const headers = { 'content-type': Buffer.from('application/json') }
    const value = Buffer.from('{}')
    expect(recordsOf(output, { headers, value })[0]!.headers).toEqual(headers)
  })
})

describe('where a topic does not take a record of its size', () => {
  const shortenedOf = (output: object, value: string) => {
    const [one] = boundedOf(output, { value: Buffer.from(value), key: Buffer.from('k') })
    return one!.shortened()
  }

  it('a result goes without text and attributes', () => {
    const { key, value, headers } = shortenedOf({}, '{"note":"a"}')
    expect([String(key), headers]).toEqual(['k', { 'winnow-shortened': 'text,attributes' }])
    expect(JSON.parse(String(value))).toMatchObject({ label: 'ham', text: '', attributes: {} })
  })

  it('an enriched value is the result alone', () => {
    const output = { value: 'enriched', inputs: ['shop'] }
    const { value, headers } = shortenedOf(output, '{"note":"a"}')
    expect(headers).toEqual({ 'winnow-shortened': 'value' })
    expect(Object.keys(JSON.parse(String(value)) as object)).toEqual(['winnow'])
  })
})

describe('outputs that cannot be', () => {
  it.each<[object, string, string]>([
    [{ topic: 'winnow.classified' }, 'topic', 'Winnow itself'],
    [{ topic: 'shop' }, 'topic', 'classified again'],
    [{ inputs: ['other'] }, 'inputs.0', 'not the topic of an input'],
    [{ value: 'enriched' }, 'inputs', 'needs them'],
    [{ value: 'enriched', inputs: ['winnow.events'] }, 'inputs.0', 'json-schema'],
    [{ value: 'enriched', inputs: ['shop'], format: 'avro' }, 'format', 'is JSON'],
    [{ field: '__proto__' }, 'field', '__proto__'],
  ])('%j are refused', (output, path, message) => {
    const parsed = configSchema.safeParse({ inputs, outputs: [{ topic: 'out', ...output }] })
    const issues = parsed.error?.issues.map((one) => [one.path.slice(2).join('.'), one.message])
    expect(issues).toEqual([[path, expect.stringContaining(message) as string]])
  })

  it('in Avro without a registry', () => {
    const outputs = [{ topic: 'out', format: 'avro' }]
    const parsed = configSchema.safeParse({ registry: { url: 'none' }, outputs })
    expect(parsed.error?.issues[0]?.message).toBe('avro needs a registry')
  })
})
