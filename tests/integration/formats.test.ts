// The formats of inputs on the real registry: values that Confluent's client, protobufjs and avsc
// wrote, of any subject and version, with references; read by configuration alone.
import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SchemaType } from '@kafkajs/confluent-schema-registry'
import avro from 'avsc'
import protobuf from 'protobufjs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { loadConfig } from '../../configs/load.ts'
import { openInput } from '../../infra/formats/input-reading.ts'
import { identifiedValue } from '../../infra/schema-registry/schema-id-headers.ts'
import { withSchemaId } from '../../schemas/schema-id.ts'
import type { EncodedRecord } from '../../schemas/ports/record-decoder.ts'
import { readInput } from '../../streams/stages/read-input.ts'
import { connectionVariables, uniqueName } from '../support/backends.ts'
import { registryClient, registryHeaders } from '../support/registry-client.ts'
import { openTcpProxy } from '../support/tcp-proxy.ts'

const stack = inject('stack')
const registry = registryClient(stack)
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'winnow-formats-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Reads records as the stream does with this input. */
function reader(input: object, registryUrl = stack.registryUrl) {
  const config = loadConfig({
    env: {
      ...connectionVariables(stack),
      WINNOW_REGISTRY_URL: registryUrl,
      WINNOW_INPUTS: JSON.stringify([{ topic: 'shop.orders', ...input }]),
    },
  })
  const opened = openInput(config.inputs[0]!, config)
  return (record: Partial<EncodedRecord>) =>
    readInput({ key: null, value: null, ...record }, opened)
}

async function registered(subject: string, body: object): Promise<number> {
  const answer = await fetch(`${stack.registryUrl}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { ...registryHeaders(stack), 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const { id } = (await answer.json()) as { id: number }
  expect(id).toBeGreaterThan(0)
  return id
}

const money =
  'syntax = "proto3"; package common; message Money { int64 cents = 1; string currency = 2; }'
const orders = `syntax = "proto3";
package shop;
import "common/money.proto";
import "google/protobuf/timestamp.proto";
message Ignored { string a = 1; }
message Order {
  int64 number = 1;
  string note = 2;
  common.Money total = 3;
  google.protobuf.Timestamp at = 4;
  message Return { string reason = 1; }
}`

describe('Protobuf in Confluent wire format, with references', () => {
  const name = uniqueName()
  const fields = {
    text: 'note',
    id: 'order-{number}',
    time: 'at',
    attributes: { cents: 'total.cents', currency: 'total.currency' },
  }
  let id: number
  const { root } = protobuf.parse(
    orders
      .replace('import "common/money.proto";', '')
      .replace('import "google/protobuf/timestamp.proto";', '')
      .replace('google.protobuf.Timestamp', 'Timestamp') +
      'message Timestamp { int64 seconds = 1; int32 nanos = 2; }',
    { keepCase: true },
  )
  protobuf.parse(money, root, { keepCase: true })
  const encoded = (type: string, value: object) => {
    const known = root.lookupType(type)
    return Buffer.from(known.encode(known.fromObject(value)).finish())
  }
  /** Confluent's path of indexes: a count, then each, in zigzag encoding. */
  const value = (indexes: number[], body: Buffer) =>
    withSchemaId(
      { kind: 'id', id },
      Buffer.concat([Buffer.from(indexes.map((one) => 2 * one)), body]),
    )

  beforeAll(async () => {
    await registered(`${name}-money`, { schemaType: 'PROTOBUF', schema: money })
    id = await registered(`${name}-value`, {
      schemaType: 'PROTOBUF',
      schema: orders,
      references: [{ name: 'common/money.proto', subject: `${name}-money`, version: 1 }],
    })
  })

  it('reads the message that the indexes name', async () => {
    const read = reader({ format: 'protobuf', fields })
    const body = encoded('shop.Order', {
      number: '9007199254740993',
      note: 'where is it?',
      total: { cents: 1_250, currency: 'EUR' },
      at: { seconds: 1_700_000_000, nanos: 0 },
    })
    expect(await read({ value: value([1, 1], body) })).toEqual({
      kind: 'ok',
      value: {
        id: 'order-9007199254740993',
        text: 'where is it?',
        source: null,
        time: '2023-11-14T22:13:20Z',
        label: null,
        attributes: { cents: '1250', currency: 'EUR' },
      },
    })
    const nested = reader({ format: 'protobuf', fields: { text: 'reason' } })
    const reason = encoded('shop.Order.Return', { reason: 'too small' })
    expect(await nested({ value: value([2, 1, 0], reason) })).toMatchObject({
      value: { text: 'too small' },
    })
  })

  it('names what is wrong with others', async () => {
    const read = reader({ format: 'protobuf', fields })
    const cases: [Buffer, string, string][] = [
      [value([1, 7], Buffer.alloc(0)), 'protobuf_undecodable', 'no message with the indexes 7'],
      [value([1, 1], Buffer.from([0x12, 9, 1])), 'protobuf_undecodable', 'note needs 9 bytes'],
      [value([], Buffer.from([1])), 'protobuf_undecodable', 'no valid indexes'],
      [Buffer.from('{"note":"a"}'), 'protobuf_undecodable', 'does not start with a schema id'],
      [
        withSchemaId({ kind: 'id', id: 2_000_000_000 }, Buffer.of(0)),
        'schema_unknown',
        'has no schema',
      ],
      [value([1, 1], encoded('shop.Order', { note: 'a' })), 'path_missing', '"at"'],
    ]
    for (const [bytes, code, message] of cases) {
      expect(await read({ value: bytes })).toMatchObject({
        kind: 'rejected',
        error: { code, message: expect.stringContaining(message) as string },
      })
    }
    expect(
      await reader({ format: 'avro', fields })({ value: value([0], Buffer.alloc(0)) }),
    ).toMatchObject({
      error: {
        code: 'schema_mismatch',
        message: `schema ${id} is a Protobuf schema, and the input has the format avro`,
      },
    })
  })

  it('reads ids in headers, with the indexes behind them', async () => {
    const read = reader({ format: 'protobuf', fields: { text: 'note' } })
    const bytes = value([1, 1], encoded('shop.Order', { note: 'hello' }))
    const header = bytes.subarray(0, 7)
    const inHeader = identifiedValue(bytes.subarray(7), { __value_schema_id: header })
    expect(inHeader).toEqual(bytes)
    expect(await read({ value: inHeader })).toMatchObject({ value: { text: 'hello' } })
  })

  it('reads a value without indexes where the input names its message', async () => {
    // The client @kafkajs/confluent-schema-registry leaves them out.
    const { id: own } = await registry.register(
      {
        type: SchemaType.PROTOBUF,
        schema: 'syntax = "proto3"; package a; message A { string b = 1; }',
      },
      { subject: `${name}-kafkajs` },
    )
    const value = await registry.encode(own, { b: 'hello' })
    const input = { format: 'protobuf', fields: { text: 'b' } }
    expect(await reader(input)({ value })).toMatchObject({
      error: { code: 'protobuf_undecodable' },
    })
    expect(await reader({ ...input, message: 'A' })({ value })).toMatchObject({
      value: { text: 'hello' },
    })
    expect(await reader({ ...input, message: 'B' })({ value })).toMatchObject({
      error: { code: 'protobuf_undecodable', message: `schema ${own} has no message B` },
    })
  })

  it('is thrown while the registry is away, and read when it is back', async () => {
    const { host, pathname } = new URL(stack.registryUrl)
    const proxy = await openTcpProxy(host)
    try {
      const read = reader(
        { format: 'protobuf', fields: { text: 'note' } },
        `http://${proxy.address}${pathname}`,
      )
      const record = { value: value([1, 1], encoded('shop.Order', { note: 'a' })) }
      proxy.cut()
      await expect(read(record)).rejects.toMatchObject({
        code: 'registry_unavailable',
        retryable: true,
      })
      proxy.restore()
      expect(await read(record)).toMatchObject({ value: { text: 'a' } })
    } finally {
      await proxy.close()
    }
  })
})

describe('Avro of any subject', () => {
  it('reads each registered version, and logical types in plain form', async () => {
    const subject = `${uniqueName()}-value`
    const fields = [
      { name: 'note', type: ['null', 'string'], default: null },
      { name: 'number', type: 'long' },
      { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 20, scale: 2 } },
      { name: 'at', type: { type: 'long', logicalType: 'timestamp-micros' } },
    ]
    const schema = { type: 'record', name: 'Order', namespace: 'com.acme', fields }
    const first = await registered(subject, { schema: JSON.stringify(schema) })
    const more = [...fields, { name: 'shop', type: 'string', default: 'berlin' }]
    const second = await registered(subject, {
      schema: JSON.stringify({ ...schema, fields: more }),
    })
    expect(second).not.toBe(first)
    const attributes = { number: 'number', price: 'price', shop: 'shop?' }
    const read = reader({ format: 'avro', fields: { text: 'note', time: 'at', attributes } })
    const price = Buffer.from([0xfb, 0x2e])
    const row = { note: { string: 'a' }, number: 7, price, at: 1_700_000_000_000_001, shop: 'ulm' }
    const written = (id: number, of: object) =>
      withSchemaId(
        { kind: 'id', id },
        avro.Type.forSchema(of as avro.Schema, { wrapUnions: true }).toBuffer(row),
      )
    const expected = { text: 'a', time: '2023-11-14T22:13:20.000001Z' }
    expect(await read({ value: written(first, schema) })).toMatchObject({
      value: { ...expected, attributes: { number: '7', price: '-12.34' } },
    })
    expect(await read({ value: written(second, { ...schema, fields: more }) })).toMatchObject({
      value: { ...expected, attributes: { shop: 'ulm' } },
    })
  })

  it('reads changes of Debezium, and leaves deletions and tombstones out', async () => {
    const name = uniqueName()
    const row = {
      type: 'record',
      name: 'Value',
      fields: [
        { name: 'id', type: 'long' },
        { name: 'note', type: ['null', 'string'], default: null },
        {
          name: 'changed',
          type: { type: 'long', 'connect.name': 'io.debezium.time.MicroTimestamp' },
        },
      ],
    }
    const envelope = {
      type: 'record',
      name: 'Envelope',
      namespace: `${name}.inventory.orders`,
      fields: [
        { name: 'before', type: ['null', row], default: null },
        { name: 'after', type: ['null', 'Value'], default: null },
        {
          name: 'source',
          type: {
            type: 'record',
            name: 'Source',
            namespace: 'io.debezium',
            fields: [{ name: 'table', type: 'string' }],
          },
        },
        { name: 'op', type: 'string' },
        { name: 'ts_ms', type: ['null', 'long'], default: null },
      ],
    }
    const { id } = await registry.register(
      { type: SchemaType.AVRO, schema: JSON.stringify(envelope) },
      { subject: `${name}-value` },
    )
    const read = reader({
      format: 'avro',
      preset: 'debezium',
      fields: {
        text: 'after.note',
        id: 'order-{after.id}',
        time: 'after.changed',
        source: 'source.table',
      },
    })
    const after = { id: 1, note: 'late', changed: 1_700_000_000_000_000 }
    const change = { before: null, after, source: { table: 'orders' }, op: 'u', ts_ms: 1 }
    expect(await read({ value: await registry.encode(id, change) })).toMatchObject({
      kind: 'ok',
      value: { text: 'late', id: 'order-1', time: '2023-11-14T22:13:20.000000Z', source: 'orders' },
    })
    const deletion = await registry.encode(id, { ...change, before: after, after: null, op: 'd' })
    expect(await read({ value: deletion })).toMatchObject({ kind: 'filtered' })
    expect(await read({ value: null })).toMatchObject({ kind: 'filtered' })
  })
})

describe('JSON Schema in wire format', () => {
  it('reads what the client of Confluent writes', async () => {
    const schema = JSON.stringify({ type: 'object', properties: { note: { type: 'string' } } })
    const { id } = await registry.register(
      { type: SchemaType.JSON, schema },
      { subject: `${uniqueName()}-value` },
    )
    const read = reader({ format: 'json-schema', fields: { text: 'note' } })
    expect(await read({ value: await registry.encode(id, { note: 'a' }) })).toMatchObject({
      value: { text: 'a' },
    })
    expect(await read({ value: Buffer.from('{"note":"b"}') })).toMatchObject({
      value: { text: 'b' },
    })
    expect(await read({ value: Buffer.of(0, 0, 0) })).toMatchObject({
      error: { code: 'json_invalid' },
    })
  })
})

describe('raw values with a schema file', () => {
  it('reads Protobuf by a .proto file with imports', async () => {
    mkdirSync(join(folder, 'proto/common'), { recursive: true })
    mkdirSync(join(folder, 'proto/shop'), { recursive: true })
    writeFileSync(join(folder, 'proto/common/money.proto'), money)
    const schemaFile = join(folder, 'proto/shop/orders.proto')
    writeFileSync(schemaFile, orders)
    const read = reader({
      format: 'protobuf',
      schemaFile,
      message: 'shop.Order',
      fields: { text: 'note', attributes: { cents: 'total.cents' } },
    })
    const bytes = Buffer.from([0x12, 1, 0x61, 0x1a, 2, 0x08, 5])
    expect(await read({ value: bytes })).toMatchObject({
      value: { text: 'a', attributes: { cents: '5' } },
    })
    expect(() =>
      reader({ format: 'protobuf', schemaFile, message: 'Nothing', fields: { text: 'note' } }),
    ).toThrow(/orders\.proto has no message Nothing; it has shop\.Ignored, shop\.Order/)
  })

  it('reads Avro by an .avsc file, and says what is wrong with one', async () => {
    const schemaFile = join(folder, 'order.avsc')
    writeFileSync(
      schemaFile,
      '{"type":"record","name":"O","fields":[{"name":"note","type":"bytes"}]}',
    )
    const read = reader({ format: 'avro', schemaFile, bytes: 'utf8', fields: { text: 'note' } })
    expect(await read({ value: Buffer.from([2, 0x61]) })).toMatchObject({ value: { text: 'a' } })
    expect(await read({ value: Buffer.from([2]) })).toMatchObject({
      error: { code: 'avro_undecodable' },
    })
    writeFileSync(schemaFile, '{"type":"record","name":"O"}')
    expect(() => reader({ format: 'avro', schemaFile, fields: { text: 'note' } })).toThrow(
      /cannot be used: record O has no list of fields/,
    )
    expect(() =>
      reader({ format: 'avro', schemaFile: join(folder, 'none.avsc'), fields: { text: 'a' } }),
    ).toThrow(/cannot read schemaFile .*none\.avsc/)
  })
})
