// Schemas on the real registry: registered once, incompatible changes refused, values of older and
// newer writers read, and a registry that is away told from a schema that is not there.
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { COMPATIBILITY, SchemaType } from '@kafkajs/confluent-schema-registry'
import avro from 'avsc'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { loadConfig } from '../../configs/load.ts'
import { openSchemas } from '../../infra/registry.ts'
import { eventAvro, type EventRecord } from '../../schemas/event.ts'
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

/** Registers a schema as some other program would, and encodes a value with it. */
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
    ['JSON', '{"type":"object","properties":{"text":{"type":"string"}}}'],
    ['PROTOBUF', 'syntax = "proto3"; message Event { string text = 1; }'],
    ['AVRO', '{"type":"fixed","name":"F","size":3}'],
  ])('is a value, not a failure, for the id of a %s schema', async (schemaType, schema) => {
    const prefix = prefixOf()
    const schemas = await openSchemas(registryAt(registryUrl), prefix)
    const answer = await fetch(`${registryUrl}/subjects/${prefix}foreign-value/versions`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ schemaType, schema }),
    })
    const { id } = (await answer.json()) as { id: number }
    const value = Buffer.from([0, 0, 0, id >> 8, id & 255, 1, 2, 3])
    expect(await schemas.decode('events', value)).toMatchObject({
      kind: 'rejected',
      error: { code: 'schema_mismatch' },
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
    // What is known already needs no registry.
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
