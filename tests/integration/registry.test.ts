// Schemas on the real registry: registered once, incompatible changes refused, values of older and
// newer writers read, and an unreachable registry told from a missing schema.
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { COMPATIBILITY, SchemaType } from '@kafkajs/confluent-schema-registry'
import avro from 'avsc'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { loadConfig } from '../../configs/load.ts'
import { openSchemas } from '../../infra/schema-registry/registry.ts'
import { identifiedValue } from '../../infra/schema-registry/schema-id-headers.ts'
import { eventAvro, type EventRecord } from '../../schemas/event.ts'
import { withSchemaId } from '../../schemas/schema-id.ts'
import { topicSchemas } from '../../schemas/subjects.ts'
import { connectionVariables, uniqueName } from '../support/backends.ts'
import { registryClient, registryHeaders } from '../support/registry-client.ts'
import { openTcpProxy } from '../support/tcp-proxy.ts'

const stack = inject('stack')
const { registryUrl } = stack
const headers = registryHeaders(stack)
const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const registryAt = (url: string) =>
  loadConfig({ env: { ...connectionVariables(stack), WINNOW_REGISTRY_URL: url } }).registry
const prefixOf = () => `${uniqueName()}.`
const event: EventRecord = {
  id: 'e-1',
  text: 'where is my parcel?',
  source: null,
  time: 1_700_000_000_000,
  attributes: { lang: 'en' },
  label: null,
}

async function versionsOf(subject: string): Promise<number[]> {
  const response = await fetch(`${registryUrl}/subjects/${encodeURIComponent(subject)}/versions`, {
    headers,
  })
  return (await response.json()) as number[]
}

const jsonSchema = JSON.stringify({
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  properties: { text: { type: 'string' } },
})
const protobufSchema = 'syntax = "proto3"; message Event { string text = 1; }'

function recordOf(fields: object[], name = 'Event'): object {
  return { type: 'record', name, namespace: 'com.acme', fields }
}

/** Registers a schema of any kind, and returns its id. */
async function registered(subject: string, body: object): Promise<number> {
  const answer = await fetch(`${registryUrl}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const { id } = (await answer.json()) as { id: number }
  expect(id).toBeGreaterThan(0)
  return id
}

/** The id of the newest schema of a subject in Apicurio's own API. */
async function globalIdOf(subject: string): Promise<number> {
  const native = registryUrl.replace(/\/apis\/.*$/, '/apis/registry/v2')
  const answer = await fetch(`${native}/groups/default/artifacts/${subject}/meta`, { headers })
  return ((await answer.json()) as { globalId: number }).globalId
}

/** Registers a schema as another program would, and encodes a value with it. */
async function writtenBy(schema: object, value: object, subject: string): Promise<Buffer> {
  const registry = registryClient(stack)
  const { id } = await registry.register(
    { type: SchemaType.AVRO, schema: JSON.stringify(schema) },
    { subject, compatibility: COMPATIBILITY.BACKWARD },
  )
  const head = Buffer.alloc(5)
  head.writeUInt32BE(id, 1)
  return Buffer.concat([head, avro.Type.forSchema(schema as avro.Schema).toBuffer(value)])
}

describe('openSchemas', () => {
  it('registers each schema once, however often it runs', async () => {
    const prefix = prefixOf()
    await openSchemas(registryAt(registryUrl), prefix)
    await openSchemas(registryAt(registryUrl), prefix)
    for (const topic of Object.keys(topicSchemas)) {
      expect(await versionsOf(`${prefix}${topic}-value`)).toEqual([1])
    }
  })

  it('works for processes that start at the same time, which then read each other', async () => {
    const prefix = prefixOf()
    const [first, ...others] = await Promise.all(
      [1, 2, 3, 4].map(() => openSchemas(registryAt(registryUrl), prefix)),
    )
    const value = first!.encode('events', event)
    for (const other of others) {
      expect(await other.decode('events', value)).toEqual({ kind: 'ok', value: event })
    }
  })

  it('encodes what it decodes, with the id of the registered schema', async () => {
    const prefix = prefixOf()
    const schemas = await openSchemas(registryAt(registryUrl), prefix)
    const value = schemas.encode('events', event)
    const latest = await fetch(
      `${registryUrl}/subjects/${encodeURIComponent(`${prefix}events-value`)}/versions/latest`,
      { headers },
    )
    expect(value[0]).toBe(0)
    expect(value.readUInt32BE(1)).toBe(((await latest.json()) as { id: number }).id)
    expect(await schemas.decode('events', value)).toEqual({ kind: 'ok', value: event })
    expect(await registryClient(stack).decode(value)).toEqual(event)
  })

  it('is schema_incompatible where the registry holds a schema that ours cannot follow', async () => {
    const prefix = prefixOf()
    const fields = [{ name: 'text', type: 'int' }]
    const other = { type: 'record', name: 'Event', namespace: 'winnow', fields }
    await writtenBy(other, { text: 1 }, `${prefix}events-value`)
    await expect(openSchemas(registryAt(registryUrl), prefix)).rejects.toMatchObject({
      code: 'schema_incompatible',
      message: expect.stringContaining(`${prefix}events-value`) as string,
    })
    expect(await versionsOf(`${prefix}events-value`)).toEqual([1])
  })
})

describe('a subject that others made', () => {
  const { NONE, FULL, BACKWARD_TRANSITIVE } = COMPATIBILITY
  it.each([NONE, FULL, BACKWARD_TRANSITIVE])('keeps its level %s', async (level) => {
    const prefix = prefixOf()
    const subject = `${prefix}events-value`
    await registryClient(stack).register(
      { type: SchemaType.AVRO, schema: JSON.stringify(eventAvro) },
      { subject, compatibility: level },
    )
    const schemas = await openSchemas(registryAt(registryUrl), prefix)
    const value = schemas.encode('events', event)
    expect(await schemas.decode('events', value)).toEqual({ kind: 'ok', value: event })
    const config = await fetch(`${registryUrl}/config/${encodeURIComponent(subject)}`, { headers })
    expect(await config.json()).toEqual({ compatibilityLevel: level })
  })
})

describe('decode', () => {
  it.each([
    ['JSON', jsonSchema, 'is a JSON Schema; PREFIXevents takes Avro or plain JSON'],
    ['PROTOBUF', protobufSchema, 'is a Protobuf schema; PREFIXevents takes Avro or plain JSON'],
    [
      'AVRO',
      '{"type":"fixed","name":"F","size":3}',
      'cannot be read here: fixed F cannot be read as record winnow.Event',
    ],
  ])('names the %s schema that a value was written with', async (schemaType, schema, what) => {
    const prefix = prefixOf()
    const schemas = await openSchemas(registryAt(registryUrl), prefix)
    const id = await registered(`${prefix}foreign-value`, { schemaType, schema })
    const message = `schema ${id} ${what.replace('PREFIX', prefix)}`
    const rejected = { kind: 'rejected', error: { code: 'schema_mismatch', message } }
    const value = withSchemaId({ kind: 'id', id }, Buffer.from([1, 2, 3]))
    expect(await schemas.decode('events', value)).toEqual(rejected)
  })

  it('reads records of another namespace and texts that may be null, each for itself', async () => {
    const prefix = prefixOf()
    const schemas = await openSchemas(registryAt(registryUrl), prefix)
    const schema = recordOf([
      { name: 'id', type: 'string' },
      { name: 'text', type: ['null', 'string'], default: null },
    ])
    const value = await writtenBy(schema, { id: 'e-1', text: 'a' }, `${prefix}ksql-value`)
    const blank = Buffer.concat([value.subarray(0, 5), Buffer.from([6, ...Buffer.from('e-2'), 0])])
    const rest = { source: null, time: null, attributes: {}, label: null }
    expect(await schemas.decode('events', value)).toEqual({
      kind: 'ok',
      value: { id: 'e-1', text: 'a', ...rest },
    })
    expect(await schemas.decode('events', blank)).toEqual({
      kind: 'rejected',
      error: { code: 'field_type', message: 'text is null where string is expected' },
    })
  })

  it('reads values whose schema refers to others', async () => {
    const prefix = prefixOf()
    const schemas = await openSchemas(registryAt(registryUrl), prefix)
    const [inner, outer] = [`${prefix}inner-value`, `${prefix}outer-value`]
    const innermost = recordOf([{ name: 'n', type: 'int' }], 'Inner')
    await registered(inner, { schema: JSON.stringify(innermost) })
    const middle = recordOf([{ name: 'inner', type: 'com.acme.Inner' }], 'Outer')
    const toInner = [{ name: 'com.acme.Inner', subject: inner, version: 1 }]
    await registered(outer, { schema: JSON.stringify(middle), references: toInner })
    const event = recordOf([
      { name: 'outer', type: 'com.acme.Outer' },
      { name: 'text', type: 'string' },
    ])
    const references = [{ name: 'com.acme.Outer', subject: outer, version: 1 }]
    const id = await registered(`${prefix}referring-value`, {
      schema: JSON.stringify(event),
      references,
    })
    const body = Buffer.from([2, 2, 0x61])
    const expected = { kind: 'ok', value: { text: 'a' } }
    const value = withSchemaId({ kind: 'id', id }, body)
    expect(await schemas.decode('events', value)).toMatchObject(expected)
    const global = await globalIdOf(`${prefix}referring-value`)
    const long = withSchemaId({ kind: 'global', id: global }, body)
    expect(await schemas.decode('events', long)).toMatchObject(expected)
  })

  it("reads Apicurio's global ids, in the value and in a header, and says what they name", async () => {
    const prefix = prefixOf()
    const schemas = await openSchemas(registryAt(registryUrl), prefix)
    const own = await globalIdOf(`${prefix}events-value`)
    const body = schemas.encode('events', event).subarray(5)
    const header = Buffer.alloc(8)
    header.writeUInt32BE(own, 4)
    const inHeader = identifiedValue(body, { 'apicurio.value.globalId': header })!
    const inValue = withSchemaId({ kind: 'global', id: own }, body)
    for (const value of [inHeader, inValue]) {
      expect(await schemas.decode('events', value)).toEqual({ kind: 'ok', value: event })
    }
    await registered(`${prefix}json-value`, { schemaType: 'JSON', schema: jsonSchema })
    await registered(`${prefix}proto-value`, { schemaType: 'PROTOBUF', schema: protobufSchema })
    const json = await globalIdOf(`${prefix}json-value`)
    const protobuf = await globalIdOf(`${prefix}proto-value`)
    const cases = [
      [json, 'schema_mismatch', `schema with global id ${json} is a JSON Schema;`],
      [protobuf, 'schema_mismatch', `schema with global id ${protobuf} is a Protobuf schema;`],
      [9_999_999, 'schema_unknown', 'the registry has no schema with global id 9999999'],
    ] as const
    for (const [id, code, message] of cases) {
      const decoded = await schemas.decode('events', withSchemaId({ kind: 'global', id }, body))
      expect(decoded).toMatchObject({
        kind: 'rejected',
        error: { code, message: expect.stringContaining(message) as string },
      })
    }
  })

  it('says so of a GUID that the registry does not have', async () => {
    const schemas = await openSchemas(registryAt(registryUrl), prefixOf())
    const value = Buffer.concat([Buffer.from([1]), Buffer.alloc(16, 0xab), Buffer.from([0])])
    expect(await schemas.decode('events', value)).toEqual({
      kind: 'rejected',
      error: {
        code: 'schema_unknown',
        message: 'the registry has no schema with GUID abababab-abab-abab-abab-abababababab',
      },
    })
  })

  it('reads what an older producer wrote, without the fields that came later', async () => {
    const prefix = prefixOf()
    const fields = eventAvro.fields.filter(({ name }) => !['label', 'attributes'].includes(name))
    const { label, attributes, ...older } = event
    const value = await writtenBy({ ...eventAvro, fields }, older, `${prefix}events-value`)
    const schemas = await openSchemas(registryAt(registryUrl), prefix)
    expect(await schemas.decode('events', value)).toEqual({
      kind: 'ok',
      value: { ...older, label: null, attributes: {} },
    })
    expect([label, attributes]).toEqual([null, { lang: 'en' }])
  })

  it('reads what a newer producer wrote, leaving out the fields that it does not know', async () => {
    const prefix = prefixOf()
    const schemas = await openSchemas(registryAt(registryUrl), prefix)
    const fields = [...eventAvro.fields, { name: 'mood', type: 'string', default: '' }]
    const newer = { ...event, mood: 'glad' }
    const value = await writtenBy({ ...eventAvro, fields }, newer, `${prefix}events-value`)
    expect(await schemas.decode('events', value)).toEqual({ kind: 'ok', value: event })
  })

  it('gives schema_unknown, schema_mismatch or avro_undecodable as values', async () => {
    const prefix = prefixOf()
    const schemas = await openSchemas(registryAt(registryUrl), prefix)
    const value = schemas.encode('events', event)
    const unknown = Buffer.from(value)
    unknown.writeUInt32BE(2_000_000_000, 1)
    const other = { type: 'record', name: 'Other', fields: [{ name: 'n', type: 'int' }] }
    const mismatch = await writtenBy(other, { n: 1 }, `${prefix}other-value`)
    const cases = [
      [unknown, 'schema_unknown'],
      [mismatch, 'schema_mismatch'],
      [value.subarray(0, 12), 'avro_undecodable'],
      [Buffer.concat([value, Buffer.from([1])]), 'avro_undecodable'],
      [value.subarray(0, 4), 'avro_undecodable'],
    ] as const
    for (const [bytes, code] of cases) {
      const decoded = await schemas.decode('events', bytes)
      expect(decoded).toMatchObject({ kind: 'rejected', error: { code } })
    }
  })
})

describe('a registry that is away', () => {
  it('is registry_unavailable at start, within seconds', async () => {
    const startMs = performance.now()
    await expect(
      openSchemas(registryAt('http://127.0.0.1:9/apis/ccompat/v7'), prefixOf()),
    ).rejects.toMatchObject({ code: 'registry_unavailable' })
    expect(performance.now() - startMs).toBeLessThan(10_000)
  })

  it('is thrown by decode, so that no event is blamed for it, and passes', async () => {
    const { host, pathname } = new URL(registryUrl)
    const proxy = await openTcpProxy(host)
    closers.push(() => proxy.close())
    const prefix = prefixOf()
    const schemas = await openSchemas(registryAt(`http://${proxy.address}${pathname}`), prefix)
    const fields = [...eventAvro.fields, { name: 'mood', type: 'string', default: '' }]
    const newer = { ...event, mood: '' }
    const value = await writtenBy({ ...eventAvro, fields }, newer, `${prefix}events-value`)
    proxy.cut()
    await expect(schemas.decode('events', value)).rejects.toMatchObject({
      code: 'registry_unavailable',
      retryable: true,
    })
    // A known schema needs no registry.
    const own = schemas.encode('events', event)
    expect(await schemas.decode('events', own)).toMatchObject({ kind: 'ok' })
    proxy.restore()
    expect(await schemas.decode('events', value)).toEqual({ kind: 'ok', value: event })
  })

  it.each([
    ['accepts and never answers', undefined],
    ['answers 500', 500],
  ])(
    'that %s is registry_unavailable, not an endless wait',
    async (_how, status) => {
      const server = createServer((_request, response) => {
        if (status !== undefined)
          response.writeHead(status).end('{"error_code":50001,"message":"x"}')
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      closers.push(() => {
        server.closeAllConnections()
        return new Promise((resolve) => server.close(resolve))
      })
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const config = { ...registryAt(url), requestMsMax: 300 }
      await expect(openSchemas(config, prefixOf())).rejects.toMatchObject({
        code: 'registry_unavailable',
      })
    },
    20_000,
  )
})
