// The examples of docs/formats.md, with the topics of this test, in one stream on the real broker,
// registry and engine: every record becomes a row or a dead letter, or is left out.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SchemaType } from '@kafkajs/confluent-schema-registry'
import avro from 'avsc'
import protobuf from 'protobufjs'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { parse } from 'yaml'
import { createTopics } from '../../infra/kafka/topics.ts'
import { withSchemaId } from '../../schemas/schema-id.ts'
import { uniqueName } from '../support/backends.ts'
import { startWinnow } from '../support/cli.ts'
import { registryClient, registryHeaders } from '../support/registry-client.ts'
import { until } from '../support/until.ts'
import { openWorkspace, sampleText, type Workspace } from '../support/workspace.ts'

const stack = inject('stack')
const registry = registryClient(stack)
const prefix = uniqueName()
const count = 30
const numbers = Array.from({ length: count }, (_, number) => number)
const timeMs = Date.UTC(2026, 5, 1)
const noteOf = (number: number) => sampleText(number).text

type Example = { topic: string; schemaFile?: string }
type Message = { key?: string; value: Buffer | string | null; headers?: Record<string, string> }

const page = readFileSync('docs/formats.md', 'utf8')
const [order, rawOrder, rawReturn, debezium, cloudEvents] = [
  ...page.matchAll(/```yaml\n([\s\S]*?)```/g),
].map((block, at) => {
  const [input] = (parse(block[1]!) as { inputs: Example[] }).inputs
  return { ...input!, topic: `${prefix}_${at}` }
}) as [Example, Example, Example, Example, Example]
const proto = /```proto\n([\s\S]*?)```/.exec(page)![1]!
const money = 'syntax = "proto3"; package common; message Money { string currency = 1; }'
const moneyPath = 'common/money.proto'

let space: Workspace
beforeAll(async () => {
  space = await openWorkspace(stack)
  const admin = space.kafka.admin()
  await admin.connect()
  const topics = [order, rawOrder, rawReturn, debezium, cloudEvents].map(({ topic }) => ({
    ...{ topic, numPartitions: 2, replicationFactor: 1 },
  }))
  await createTopics(admin, topics)
  await admin.disconnect()
})
afterAll(() => space.close())

async function send(topic: string, messages: Message[]): Promise<void> {
  const producer = space.kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  await producer.send({ topic, messages })
  await producer.disconnect()
}

async function registered(subject: string, body: object): Promise<number> {
  const answer = await fetch(`${stack.registryUrl}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { ...registryHeaders(stack), 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return ((await answer.json()) as { id: number }).id
}

/** Orders by protobufjs; every tenth ends too early. */
function orderBytes(number: number): Buffer {
  const root = new protobuf.Root()
  for (const text of [money, proto]) protobuf.parse(text, root, { keepCase: true })
  root.addJSON(protobuf.common.get('google/protobuf/timestamp.proto')!.nested!)
  const type = root.lookupType('shop.Order')
  const at = { seconds: timeMs / 1_000 + number, nanos: 0 }
  const value = { number: `90071992547409${number + 10}`, note: noteOf(number), at }
  const total = number % 2 === 0 ? { currency: 'EUR' } : undefined
  const bytes = Buffer.from(type.encode(type.fromObject({ ...value, total })).finish())
  return number % 10 === 9 ? bytes.subarray(0, bytes.length - 3) : bytes
}

async function produceOrders(): Promise<void> {
  await registered(`${order.topic}-money`, { schemaType: 'PROTOBUF', schema: money })
  const id = await registered(`${order.topic}-value`, {
    schemaType: 'PROTOBUF',
    schema: proto,
    references: [{ name: moneyPath, subject: `${order.topic}-money`, version: 1 }],
  })
  const named = (number: number) =>
    withSchemaId({ kind: 'id', id }, Buffer.concat([Buffer.of(0), orderBytes(number)]))
  await send(
    order.topic,
    numbers.map((number) => ({ value: named(number) })),
  )
  const file = join(space.dir, 'schemas', 'shop', 'orders.proto')
  mkdirSync(join(space.dir, 'schemas', 'shop'), { recursive: true })
  mkdirSync(join(space.dir, 'schemas', 'common'))
  writeFileSync(file, proto)
  writeFileSync(join(space.dir, 'schemas', moneyPath), money)
  rawOrder.schemaFile = file
  await send(
    rawOrder.topic,
    numbers.map((number) => ({ value: orderBytes(number) })),
  )
}

async function produceReturns(): Promise<void> {
  const schema = {
    type: 'record',
    name: 'Return',
    fields: [
      { name: 'id', type: 'long' },
      { name: 'reason', type: 'bytes' },
    ],
  }
  rawReturn.schemaFile = join(space.dir, 'return.avsc')
  writeFileSync(rawReturn.schemaFile, JSON.stringify(schema))
  const type = avro.Type.forSchema(schema as avro.Schema)
  await send(
    rawReturn.topic,
    numbers.map((id) => ({ value: type.toBuffer({ id, reason: Buffer.from(noteOf(id)) }) })),
  )
}

/** Each row is created, then changed or deleted; a deletion has a tombstone behind it. */
async function produceChanges(): Promise<void> {
  const row = {
    type: 'record',
    name: 'Value',
    fields: [
      { name: 'id', type: 'long' },
      { name: 'note', type: ['null', 'string'] },
    ],
  }
  const source = {
    type: 'record',
    name: 'Source',
    namespace: 'io.debezium.connector.postgresql',
    fields: [
      { name: 'table', type: 'string' },
      { name: 'ts_ms', type: 'long' },
    ],
  }
  const envelope = {
    type: 'record',
    name: 'Envelope',
    namespace: debezium.topic,
    fields: [
      { name: 'before', type: ['null', row], default: null },
      { name: 'after', type: ['null', 'Value'], default: null },
      { name: 'source', type: source },
      { name: 'op', type: 'string' },
      { name: 'ts_ms', type: ['null', 'long'], default: null },
    ],
  }
  const { id: schema } = await registry.register(
    { type: SchemaType.AVRO, schema: JSON.stringify(envelope) },
    { subject: `${debezium.topic}-value` },
  )
  const change = (op: string, id: number, fields: object) =>
    registry.encode(schema, {
      ...{ before: null, after: null, op, ts_ms: timeMs + id },
      source: { table: 'orders', ts_ms: timeMs },
      ...fields,
    })
  const messages: Message[] = []
  for (const id of numbers) {
    const key = String(id)
    const after = { id, note: noteOf(id) }
    messages.push({ key, value: await change('c', id, { after }) })
    if (id % 3 === 0) messages.push({ key, value: await change('u', id + 1_000, { after }) })
    if (id % 3 !== 1) continue
    messages.push({ key, value: await change('d', id, { before: after }) }, { key, value: null })
  }
  await send(debezium.topic, messages)
}

/** Both modes in turn; every fifth is of another type, and two have no id. */
function produceEvents(): Promise<void> {
  return send(
    cloudEvents.topic,
    numbers.map((number): Message => {
      const attributes = {
        ...{ specversion: '1.0', source: '/shop', time: new Date(timeMs).toISOString() },
        type: number % 5 === 0 ? 'com.acme.order.paid' : 'com.acme.order.noted',
        ...(number !== 1 && number !== 2 && { id: `event-${number}` }),
      }
      const data = { note: noteOf(number) }
      if (number % 2 === 0) {
        const headers = { 'content-type': 'application/cloudevents+json; charset=UTF-8' }
        return { value: JSON.stringify({ ...attributes, data }), headers }
      }
      const headers = Object.entries(attributes).map(([name, text]) => [`ce_${name}`, text])
      return {
        value: JSON.stringify(data),
        headers: Object.fromEntries(headers) as Record<string, string>,
      }
    }),
  )
}

it('each example becomes rows and dead letters, each record once', async () => {
  await Promise.all([produceOrders(), produceReturns(), produceChanges(), produceEvents()])
  const inputs = [order, rawOrder, rawReturn, debezium, cloudEvents]
  const stream = await startWinnow(['stream'], {
    env: { ...space.env, WINNOW_INPUTS: JSON.stringify(inputs) },
  })
  const expected = [
    { topic: order.topic, rows: 27, letters: 3 },
    { topic: rawOrder.topic, rows: 27, letters: 3 },
    { topic: rawReturn.topic, rows: 30, letters: 0 },
    { topic: debezium.topic, rows: 40, letters: 0 },
    { topic: cloudEvents.topic, rows: 22, letters: 2 },
  ]
  const outcomes = () =>
    space.analytics.rows<{ topic: string; rows: number; letters: number }>(
      `SELECT topic, countIf(is_row) AS rows, countIf(NOT is_row) AS letters FROM (
         SELECT topic, true AS is_row FROM classifications
         UNION ALL SELECT topic, false FROM dead_letters
       ) GROUP BY topic ORDER BY topic`,
    )
  const total = expected.reduce((sum, { rows, letters }) => sum + rows + letters, 0)
  await until(
    'all outcomes',
    async () => {
      const found = await outcomes()
      return found.reduce((sum, { rows, letters }) => sum + rows + letters, 0) >= total
    },
    120_000,
  )
  expect(await stream.stop()).toBe(0)
  expect(await outcomes()).toEqual(expected)
  const rows = await space.analytics.rows<{ topic: string }>(
    `SELECT topic, event_id, source, attributes, text, toUnixTimestamp64Milli(event_time) AS ms
     FROM classifications WHERE text = {text: String} ORDER BY topic, event_id`,
    { text: noteOf(6) },
  )
  const row = { source: '', attributes: {}, text: noteOf(6) }
  const place = expect.any(String) as string
  const ms = expect.any(Number) as number
  expect(rows).toEqual([
    {
      ...row,
      ...{ topic: order.topic, event_id: 'order-9007199254740916', ms: timeMs + 6_000 },
      attributes: { currency: 'EUR' },
    },
    { ...row, topic: rawOrder.topic, event_id: place, ms },
    { ...row, topic: rawReturn.topic, event_id: 'return-6', ms },
    ...[6, 1_006].map((id) => ({
      ...row,
      ...{ topic: debezium.topic, event_id: `order-6-${timeMs + id}`, ms: timeMs },
      attributes: { table: 'orders' },
    })),
    {
      ...row,
      ...{ topic: cloudEvents.topic, event_id: 'event-6', ms: timeMs, source: '/shop' },
      attributes: { type: 'com.acme.order.noted' },
    },
  ])
  const codes = await space.analytics.rows(
    'SELECT DISTINCT topic, code FROM dead_letters ORDER BY topic',
  )
  expect(codes).toEqual([
    { topic: order.topic, code: 'protobuf_undecodable' },
    { topic: rawOrder.topic, code: 'protobuf_undecodable' },
    { topic: cloudEvents.topic, code: 'field_missing' },
  ])
}, 240_000)
