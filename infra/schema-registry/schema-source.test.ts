// What a registry returns for a schema id, across registries: Confluent's API, Apicurio's own,
// references, other schema languages, invalid responses.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../configs/load.ts'
import { createRegistryHttp } from './registry-http.ts'
import { findSchema } from './schema-source.ts'

const event = { type: 'record', name: 'Event', fields: [] }
const native = '/apis/registry/v2'
const guid = '00112233-4455-6677-8899-aabbccddeeff'
const json = JSON.stringify
const refersTo = (...subjects: string[]) =>
  subjects.map((subject) => ({ name: subject, subject, version: 1 }))
const subject = (name: string, ...needed: string[]) =>
  json({ schema: json({ ...event, name }), references: refersTo(...needed) })

/** What the registry holds, by path: a text, or the status of a refusal. */
const answers: Record<string, string | number | [string, string]> = {
  '/ccompat/schemas/ids/1': json({ schema: json(event) }),
  '/ccompat/schemas/ids/2': json({ schema: '{}', schemaType: 'JSON' }),
  '/ccompat/schemas/ids/3': json({ schema: 'syntax', schemaType: 'PROTOBUF' }),
  '/ccompat/schemas/ids/4': json({ schema: 'x', schemaType: 'THRIFT' }),
  '/ccompat/schemas/ids/5': json({ schema: json(event), references: refersTo('a', 'b') }),
  '/ccompat/schemas/ids/6': json({ schema: json(event), references: refersTo('gone') }),
  '/ccompat/schemas/ids/7': '<html>a proxy</html>',
  '/ccompat/schemas/ids/8': 401,
  '/ccompat/schemas/ids/9': 422,
  '/ccompat/schemas/ids/10': json({ schema: 'string' }),
  '/ccompat/schemas/ids/11': json({ schema: json(event), references: refersTo('loop') }),
  '/ccompat/schemas/ids/12': json({ schema: json(event), references: refersTo('n0') }),
  '/ccompat/schemas/ids/13': json({ schema: 'x'.repeat(5_000_000) }),
  [`/ccompat/schemas/guids/${guid}`]: json({ schema: json(event) }),
  '/ccompat/subjects/a/versions/1': subject('A', 'c'),
  '/ccompat/subjects/b/versions/1': subject('B', 'c'),
  '/ccompat/subjects/c/versions/1': subject('C'),
  '/ccompat/subjects/loop/versions/1': subject('L', 'loop'),
  [`${native}/ids/globalIds/1`]: ['application/json', json(event)],
  [`${native}/ids/globalIds/1/references`]: json([{ artifactId: 'a', version: '1', name: 'A' }]),
  [`${native}/groups/default/artifacts/a/versions/1`]: json({ ...event, name: 'A' }),
  [`${native}/ids/globalIds/2`]: ['application/json', json({ type: 'object' })],
  [`${native}/ids/globalIds/3`]: ['application/x-protobuf', 'syntax = "proto3";'],
  [`${native}/ids/globalIds/4`]: ['application/graphql', 'type Event'],
}
for (let at = 0; at < 200; at++) {
  answers[`/ccompat/subjects/n${at}/versions/1`] = subject(`N${at}`, `n${at + 1}`)
}

let server: Server
const seen: { url: string; authorization: string | undefined }[] = []
beforeAll(async () => {
  server = createServer((request, response) => {
    const url = request.url!.replace('/apis/ccompat/v7', '/ccompat')
    seen.push({ url, authorization: request.headers.authorization })
    const answer = answers[url] ?? 404
    if (typeof answer === 'number') response.writeHead(answer).end('{"message":"no"}')
    else if (typeof answer === 'string') response.end(answer)
    else response.setHeader('content-type', answer[0]).end(answer[1])
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(() => new Promise((resolve) => server.close(resolve)))

function httpAt(path: string, credentials = '') {
  const { port } = server.address() as AddressInfo
  const url = `http://${credentials}127.0.0.1:${port}${path}`
  return createRegistryHttp(loadConfig({ env: { WINNOW_REGISTRY_URL: url } }).registry)
}
const apicurio = '/apis/ccompat/v7'
const protobuf = (text: string) => ({
  kind: 'protobuf',
  what: 'a Protobuf schema',
  text,
  imports: expect.any(Function) as unknown,
})
const named = (...names: string[]) => names.map((name) => ({ ...event, name }))

describe('findSchema', () => {
  it.each([
    [1, { kind: 'avro', json: event, references: [] }],
    [2, { kind: 'json', what: 'a JSON Schema' }],
    [3, protobuf('syntax')],
    [4, { kind: 'other', what: 'a schema of type THRIFT' }],
    [5, { kind: 'avro', json: event, references: named('C', 'A', 'B') }],
    [6, { kind: 'unusable', message: 'it refers to gone version 1, which is not there' }],
    [9, { kind: 'unknown' }],
    [10, { kind: 'avro', json: 'string', references: [] }],
    [11, { kind: 'avro', json: event, references: named('L') }],
    [12, { kind: 'unusable', message: 'it needs more than 100 other schemas' }],
    [404, { kind: 'unknown' }],
  ])('of Confluent id %d', async (id, found) => {
    expect(await findSchema(httpAt(apicurio), { kind: 'id', id })).toEqual(found)
  })

  it.each([
    [1, { kind: 'avro', json: event, references: named('A') }],
    [2, { kind: 'json', what: 'a JSON Schema' }],
    [3, protobuf('syntax = "proto3";')],
    [4, { kind: 'other', what: 'a schema of type application/graphql' }],
    [404, { kind: 'unknown' }],
  ])("of Apicurio's global id %d", async (id, found) => {
    expect(await findSchema(httpAt(`${apicurio}/`), { kind: 'global', id })).toEqual(found)
  })

  it('of a GUID', async () => {
    const found = { kind: 'avro', json: event, references: [] }
    expect(await findSchema(httpAt(apicurio), { kind: 'guid', id: guid })).toEqual(found)
  })

  it('of a global id needs a registry that is Apicurio', async () => {
    const found = await findSchema(httpAt('/ccompat'), { kind: 'global', id: 1 })
    expect(found).toEqual({ kind: 'unsupported' })
  })

  it.each([
    [7, 'registry_unavailable', 'did not answer with JSON'],
    [8, 'registry_refused', 'it refuses the credentials (status 401); check registry.username'],
  ])('of id %d throws, because no event is to blame', async (id, code, message) => {
    await expect(findSchema(httpAt(apicurio), { kind: 'id', id })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    })
  })

  it('of a schema that is too large is unusable at once', async () => {
    const before = seen.length
    const found = await findSchema(httpAt(apicurio), { kind: 'id', id: 13 })
    expect(found).toMatchObject({ kind: 'unusable' })
    expect(seen.length - before).toBe(1)
  })

  it('sends credentials from the address like those from the settings', async () => {
    await findSchema(httpAt(apicurio, 'user:p%40ss@'), { kind: 'id', id: 1 })
    const basic = Buffer.from('user:p@ss').toString('base64')
    expect(seen.at(-1)).toMatchObject({ authorization: `Basic ${basic}` })
  })
})
