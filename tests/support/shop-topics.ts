// Records as other systems write them to their topics: Protobuf with references, changes of
// Debezium in Avro, CloudEvents in both modes. Some are bad. The Protobuf schema is that of
// docs/formats.md.
import { readFileSync } from 'node:fs'
import { SchemaType } from '@kafkajs/confluent-schema-registry'
import protobuf from 'protobufjs'
import { withSchemaId } from '../../schemas/schema-id.ts'
import type { KafkaClient } from '../../infra/kafka/kafka.ts'
import { registryClient, registryHeaders, type RegistryAccess } from './registry-client.ts'
import { sampleText } from './workspace.ts'

export type Message = {
  key?: string
  value: Buffer | string | null
  headers?: Record<string, string>
}

/** When record 0 happened. */
export const timeMs = Date.UTC(2026, 5, 1)
export const noteOf = (number: number) => sampleText(number).text

export const moneyPath = 'common/money.proto'
export const moneyProto =
  'syntax = "proto3"; package common; message Money { string currency = 1; }'
export const orderProto = /```proto\n([\s\S]*?)```/.exec(
  readFileSync('docs/formats.md', 'utf8'),
)![1]!

/** Sends records once. */
export async function sendMessages(
  kafka: KafkaClient,
  topic: string,
  messages: Message[],
): Promise<void> {
  // Idempotent, since a request that is sent twice would leave records twice.
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  await producer.send({ topic, messages })
  await producer.disconnect()
}

async function registered(access: RegistryAccess, subject: string, body: object): Promise<number> {
  const answer = await fetch(`${access.registryUrl}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { ...registryHeaders(access), 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return ((await answer.json()) as { id: number }).id
}

/** Orders by protobufjs; every tenth ends too early. */
export function orderBytes(number: number): Buffer {
  const root = new protobuf.Root()
  for (const text of [moneyProto, orderProto]) protobuf.parse(text, root, { keepCase: true })
  root.addJSON(protobuf.common.get('google/protobuf/timestamp.proto')!.nested!)
  const type = root.lookupType('shop.Order')
  const at = { seconds: timeMs / 1_000 + number, nanos: 0 }
  const value = { number: `90071992547409${number + 10}`, note: noteOf(number), at }
  const total = number % 2 === 0 ? { currency: 'EUR' } : undefined
  const bytes = Buffer.from(type.encode(type.fromObject({ ...value, total })).finish())
  return number % 10 === 9 ? bytes.subarray(0, bytes.length - 3) : bytes
}

/** These orders in Confluent's wire format, with a schema that imports one of another subject. */
export async function protobufOrders(
  access: RegistryAccess,
  topic: string,
  numbers: readonly number[],
): Promise<Message[]> {
  const money = `${topic}-money`
  await registered(access, money, { schemaType: 'PROTOBUF', schema: moneyProto })
  const id = await registered(access, `${topic}-value`, {
    schemaType: 'PROTOBUF',
    schema: orderProto,
    references: [{ name: moneyPath, subject: money, version: 1 }],
  })
  return numbers.map((number) => ({
    value: withSchemaId({ kind: 'id', id }, Buffer.concat([Buffer.of(0), orderBytes(number)])),
  }))
}

const rowSchema = {
  type: 'record',
  name: 'Value',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'note', type: ['null', 'string'] },
  ],
}

/** The schema of a change, as Debezium registers it. */
function envelopeSchema(namespace: string): object {
  const source = {
    type: 'record',
    name: 'Source',
    namespace: 'io.debezium.connector.postgresql',
    fields: [
      { name: 'table', type: 'string' },
      { name: 'ts_ms', type: 'long' },
    ],
  }
  return {
    type: 'record',
    name: 'Envelope',
    namespace,
    fields: [
      { name: 'before', type: ['null', rowSchema], default: null },
      { name: 'after', type: ['null', 'Value'], default: null },
      { name: 'source', type: source },
      { name: 'op', type: 'string' },
      { name: 'ts_ms', type: ['null', 'long'], default: null },
    ],
  }
}

/**
 * Each row is created; every third is then changed, and every third deleted, with a tombstone
 * behind the deletion.
 */
export async function debeziumChanges(
  access: RegistryAccess,
  topic: string,
  numbers: readonly number[],
): Promise<Message[]> {
  const registry = registryClient(access)
  const { id: schema } = await registry.register(
    { type: SchemaType.AVRO, schema: JSON.stringify(envelopeSchema(topic)) },
    { subject: `${topic}-value` },
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
  return messages
}

/** Both modes in turn; every fifth is of another type, and those in `withoutId` have no id. */
export function cloudEvents(numbers: readonly number[], withoutId: readonly number[]): Message[] {
  return numbers.map((number): Message => {
    const attributes = {
      ...{ specversion: '1.0', source: '/shop', time: new Date(timeMs).toISOString() },
      type: number % 5 === 0 ? 'com.acme.order.paid' : 'com.acme.order.noted',
      ...(!withoutId.includes(number) && { id: `event-${number}` }),
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
  })
}
