// How the settings of an input choose its decoder, envelope and mapping, and which combinations of
// formats, presets and schema files are refused.
import { describe, expect, it } from 'vitest'
import { configSchema } from '../../configs/schema.ts'
import { mapRecord } from '../../schemas/mapping/event-mapping.ts'
import { inputMapping, openInput } from './input-reading.ts'

function inputOf(fields: object) {
  return configSchema.parse({ inputs: [{ topic: 'shop', ...fields }] }).inputs[0]!
}

describe('an input', () => {
  it('takes id, source and time of a CloudEvent, unless its settings say otherwise', () => {
    const event = { id: 'e-1', source: '/shop', type: 't', data: 'text', team: 'x' }
    const mapped = (fields: object) =>
      mapRecord(
        { value: event, key: null, headers: {} },
        inputMapping(inputOf({ preset: 'cloudevents', ...fields })),
      )
    expect(mapped({ fields: { text: 'data' } })).toMatchObject({
      value: { id: 'e-1', source: '/shop', time: null, text: 'text' },
    })
    const own = { fields: { text: 'data', id: 'ce-{id}' }, constants: { source: 'bus' } }
    expect(mapped(own)).toMatchObject({ value: { id: 'ce-e-1', source: 'bus' } })
  })

  it('of the format text is its whole value', async () => {
    const value = Buffer.from('hello')
    const text = openInput(inputOf({ format: 'text' }), configSchema.parse({}))
    const decoded = await text.decode({ key: null, value })
    expect(decoded.kind === 'ok' && mapRecord(decoded.value, text.mapping)).toMatchObject({
      value: { text: 'hello' },
    })
  })

  it.each<[object, string, string]>([
    [{ format: 'json', schemaFile: 'a.json' }, 'schemaFile', 'only for the formats avro'],
    [{ format: 'json', message: 'A' }, 'message', 'only for the format protobuf'],
    [{ format: 'protobuf', schemaFile: 'a.proto' }, 'message', 'needs the name of the message'],
    [{ format: 'text', preset: 'cloudevents', fields: {} }, 'fields.text', 'where the text is'],
    [{ preset: 'debezium', fields: {} }, 'fields.text', 'where the text is'],
    [{ deadLetterTopic: 'shop' }, 'deadLetterTopic', 'would come back'],
    [{ deadLetterTopic: 'winnow.events' }, 'deadLetterTopic', 'Winnow itself'],
  ])('%j is refused', (fields, path, message) => {
    const input = { topic: 'shop', fields: { text: 'note' }, ...fields }
    const parsed = configSchema.safeParse({ inputs: [input] })
    const issues = parsed.error?.issues.map((one) => [one.path.slice(2).join('.'), one.message])
    expect(issues).toEqual([[path, expect.stringContaining(message) as string]])
  })
})
