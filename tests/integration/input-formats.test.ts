// The examples of docs/formats.md, with the topics of this test, in one stream on the real broker,
// registry and engine: every record becomes a row or a dead letter, or is left out.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import avro from 'avsc'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { parse } from 'yaml'
import { createTopics } from '../../infra/kafka/topics.ts'
import { uniqueName } from '../support/backends.ts'
import { startWinnow } from '../support/cli.ts'
import {
  cloudEvents as cloudEventsOf,
  debeziumChanges,
  moneyPath,
  moneyProto,
  noteOf,
  orderBytes,
  orderProto,
  protobufOrders,
  sendMessages,
  timeMs,
  type Message,
} from '../support/shop-topics.ts'
import { until } from '../support/until.ts'
import { openWorkspace, type Workspace } from '../support/workspace.ts'

const stack = inject('stack')
const prefix = uniqueName()
const count = 30
const numbers = Array.from({ length: count }, (_, number) => number)

type Example = { topic: string; schemaFile?: string }

const page = readFileSync('docs/formats.md', 'utf8')
const [order, rawOrder, rawReturn, debezium, cloudEvents] = [
  ...page.matchAll(/```yaml\n([\s\S]*?)```/g),
].map((block, at) => {
  const [input] = (parse(block[1]!) as { inputs: Example[] }).inputs
  return { ...input!, topic: `${prefix}_${at}` }
}) as [Example, Example, Example, Example, Example]

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

const send = (topic: string, messages: Message[]) => sendMessages(space.kafka, topic, messages)

async function produceOrders(): Promise<void> {
  await send(order.topic, await protobufOrders(stack, order.topic, numbers))
  const file = join(space.dir, 'schemas', 'shop', 'orders.proto')
  mkdirSync(join(space.dir, 'schemas', 'shop'), { recursive: true })
  mkdirSync(join(space.dir, 'schemas', 'common'))
  writeFileSync(file, orderProto)
  writeFileSync(join(space.dir, 'schemas', moneyPath), moneyProto)
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

it('each example becomes rows and dead letters, each record once', async () => {
  await Promise.all([
    produceOrders(),
    produceReturns(),
    debeziumChanges(stack, debezium.topic, numbers).then((all) => send(debezium.topic, all)),
    send(cloudEvents.topic, cloudEventsOf(numbers, [1, 2])),
  ])
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
