// Schema ids in record headers, as the serialisers of Confluent and Apicurio write them: the id
// moves in front of the value, and values without such headers stay unchanged.
import type { IHeaders } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { readSchemaId } from '../../schemas/schema-id.ts'
import { recordOf } from '../kafka/record-source.ts'
import { identifiedValue } from './schema-id-headers.ts'

const body = Buffer.from([0, 2, 0x61])
const bytes = (hex: string) => Buffer.from(hex, 'hex')
const guidHeader = bytes('0100112233445566778899aabbccddeeff')
const guid = { kind: 'guid', id: '00112233-4455-6677-8899-aabbccddeeff' }

describe('a schema id in the headers', () => {
  it('is put in front of the value of a consumed record', () => {
    const headers = { 'apicurio.value.globalId': bytes('0000000000000007') }
    const message = { key: null, value: body, headers, timestamp: '5', offset: '3', attributes: 0 }
    const { value } = recordOf('winnow.events', 0, message)
    expect(value?.toString('hex')).toBe(`000000000000000007${body.toString('hex')}`)
  })

  it.each<[string, IHeaders, object]>([
    ["Confluent's GUID", { __value_schema_id: guidHeader }, guid],
    ["Confluent's number", { __value_schema_id: bytes('0000000007') }, { kind: 'id', id: 7 }],
    ['global', { 'apicurio.value.globalId': bytes('0000000000000007') }, { kind: 'global', id: 7 }],
    ['content', { 'apicurio.value.contentId': bytes('0000000000000009') }, { kind: 'id', id: 9 }],
    ['given twice', { __value_schema_id: [bytes('0000000001'), guidHeader] }, guid],
  ])('is put in front of the value: %s', (_name, headers, schema) => {
    const value = identifiedValue(body, headers)!
    expect(readSchemaId(value)).toEqual({ kind: 'ok', schema, body })
  })

  it.each<[string, Buffer | null, IHeaders | undefined]>([
    ['without headers', body, undefined],
    ['with other headers', body, { traceparent: 'x', 'apicurio.key.globalId': bytes('00') }],
    ['with an id cut short', body, { 'apicurio.value.globalId': bytes('00000007') }],
    ['with an id beyond 32 bits', body, { 'apicurio.value.globalId': bytes('0000000100000000') }],
    ['with a GUID cut short', body, { __value_schema_id: bytes('0100112233') }],
    ['with an id without bytes', body, { __value_schema_id: undefined }],
    ['in JSON', Buffer.from('{"text":"a"}'), { __value_schema_id: guidHeader }],
    ['that is not there', null, { __value_schema_id: guidHeader }],
  ])('leaves the value unchanged: %s', (_name, value, headers) => {
    expect(identifiedValue(value, headers)).toBe(value)
  })
})
