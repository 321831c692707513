// Topics of other systems that get results, on the real broker, registry and engine: with the key
// and the headers of the input, enriched or in Avro; rejected records on a topic of their input.
// After a crash between any two writes, every result is on them, and every row is there once.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createTopics } from '../../infra/kafka/topics.ts'
import { readRanges, resolveRange } from '../../infra/kafka/topic-range.ts'
import { headerTexts } from '../../infra/formats/record-parts.ts'
import type { KafkaRecord } from '../../schemas/record.ts'
import { startWinnow, winnow, type Environment } from '../support/cli.ts'
import { uniqueName } from '../support/backends.ts'
import { isLongForm } from '../support/long-form.ts'
import { registryClient } from '../support/registry-client.ts'
import { until } from '../support/until.ts'
import { withinProcess } from '../support/within-process.ts'
import { openWorkspace, sampleText, type Workspace } from '../support/workspace.ts'

const prefix = uniqueName()
const topicNamed = (name: string) => `${prefix}_${name}`
const [orders, enriched, results, small, rejected] = [
  ...['orders', 'enriched', 'results', 'small', 'rejected'].map(topicNamed),
] as [string, string, string, string, string]

const count = 40
const bigNumber = '9007199254740993'
let space: Workspace
let env: Environment

beforeAll(async () => {
  space = await openWorkspace(inject('stack'))
  env = {
    ...space.env,
    WINNOW_INPUTS: JSON.stringify([
      { topic: orders, fields: { text: 'note', id: 'order-{id}' }, deadLetterTopic: rejected },
    ]),
    WINNOW_OUTPUTS: JSON.stringify([
      { topic: enriched, value: 'enriched', inputs: [orders], field: 'topicOf' },
      { topic: results, format: 'avro' },
      { topic: small },
    ]),
  }
  const admin = space.kafka.admin()
  await admin.connect()
  await createTopics(
    admin,
    [orders, enriched, results, small, rejected].map((topic) => ({
      ...{ topic, numPartitions: 2, replicationFactor: 1 },
      configEntries: topic === small ? [{ name: 'max.message.bytes', value: '4096' }] : [],
    })),
  )
  await admin.disconnect()
})
afterAll(() => space.close())

/** The third is longer than one topic takes. */
const noteOf = (number: number) => {
  const { text } = sampleText(number)
  return number === 3 ? `${text} ${'please '.repeat(2_000)}` : text
}
/** Every tenth has no note. */
const isRejected = (number: number) => number % 10 === 9

async function produce(from: number): Promise<void> {
  const producer = space.kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  await producer.send({
    topic: orders,
    messages: Array.from({ length: count }, (_, at) => from + at).map((number) => ({
      key: `key-${number}`,
      value: isRejected(number)
        ? `{"id":${number}}`
        : `{"id":${number},"big":${bigNumber},"note":${JSON.stringify(noteOf(number))}}`,
      headers: { 'x-shop': 'berlin' },
    })),
  })
  await producer.disconnect()
}

async function recordsOf(topic: string): Promise<KafkaRecord[]> {
  const ranges = await resolveRange(space.kafka, { topic })
  const records: KafkaRecord[] = []
  for await (const chunk of readRanges(space.kafka, { topic, ranges })) {
    records.push(...chunk.records)
  }
  return records
}

async function settled(): Promise<{ rows: number; origins: number; letters: number }> {
  const [row] = await space.analytics.rows<{ rows: number; origins: number; letters: number }>(
    `SELECT (SELECT count() FROM classifications WHERE topic = {orders: String}) AS rows,
       (SELECT uniqExact(partition, offset) FROM classifications WHERE topic = {orders: String}) AS origins,
       (SELECT count() FROM dead_letters WHERE topic = {orders: String}) AS letters`,
    { orders },
  )
  return row!
}

describe('outputs by configuration', () => {
  it('get every result once where nothing fails, and rejected records as they arrived', async () => {
    await produce(0)
    const stream = await startWinnow(['stream'], { env })
    await until('all outcomes', async () => {
      const { rows, letters } = await settled()
      return rows + letters >= count
    })
    expect(await stream.stop()).toBe(0)
    const added = await recordsOf(enriched)
    expect(added).toHaveLength(36)
    for (const { key, value, headers } of added) {
      const text = String(value)
      const { id, topicOf } = JSON.parse(text) as { id: number; topicOf: Record<string, unknown> }
      expect(String(key)).toBe(`key-${id}`)
      expect(headerTexts(headers)).toEqual({ 'x-shop': 'berlin' })
      expect(text).toContain(`"big":${bigNumber},`)
      expect(topicOf).toMatchObject({ eventId: `order-${id}`, model: 'test', topic: orders })
    }
    const registry = registryClient(inject('stack'))
    expect(await registry.getLatestSchemaId(`${results}-value`)).toBeGreaterThan(0)
    const avro = await recordsOf(results)
    const values = await Promise.all(
      avro.map(async ({ value }) => (await registry.decode(value!)) as { eventId: string }),
    )
    expect(new Set(values.map(({ eventId }) => eventId)).size).toBe(36)
    const bounded = await recordsOf(small)
    expect(new Set(bounded.map(({ key }) => String(key))).size).toBe(36)
    const shortened = bounded.filter(({ headers }) => 'winnow-shortened' in headerTexts(headers))
    expect(shortened.map(({ key }) => String(key))).toEqual(['key-3'])
    expect(JSON.parse(String(shortened[0]!.value))).toMatchObject({
      ...{ text: '', attributes: {}, eventId: 'order-3' },
    })
    const letters = await recordsOf(rejected)
    const places = letters.map(({ headers }) => headerTexts(headers))
    expect(new Set(letters.map(({ value }) => String(value)))).toEqual(
      new Set([9, 19, 29, 39].map((number) => `{"id":${number}}`)),
    )
    expect(letters).toHaveLength(4)
    expect(places[0]).toMatchObject({
      'x-shop': 'berlin',
      'winnow-error-code': 'path_missing',
      'winnow-error-message': expect.stringContaining('"note"') as string,
      'winnow-error-stage': 'validate',
      'winnow-event': expect.stringContaining(`${orders}/`) as string,
    })
  })

  it('miss nothing after crashes between writes, while each row is there once', async () => {
    await produce(1_000)
    // Killed when the first topic has its records, and when the rows are stored; in the long form
    // also between the two.
    const late = ['after-produce:3:kill', 'before-insert-dead_letters:1:kill']
    for (const fault of [
      'after-produce:1:kill',
      ...(isLongForm ? late : []),
      'after-insert-classifications:1:kill',
    ]) {
      const killed = await winnow(['stream'], { env: { ...env, WINNOW_FAULTS: fault } })
      expect([fault, killed.status]).toEqual([fault, -1])
    }
    const stream = await startWinnow(['stream'], { env })
    await until(
      'all outcomes',
      async () => {
        const { rows, letters } = await settled()
        return rows + letters >= 2 * count
      },
      120_000,
    )
    expect(await stream.stop()).toBe(0)
    expect(await settled()).toEqual({ rows: 72, origins: 72, letters: 8 })
    const keys = new Set((await recordsOf(enriched)).map(({ key }) => String(key)))
    const registry = registryClient(inject('stack'))
    const ids = await Promise.all(
      (await recordsOf(results)).map(
        async ({ value }) => ((await registry.decode(value!)) as { eventId: string }).eventId,
      ),
    )
    for (let number = 1_000; number < 1_000 + count; number++) {
      if (isRejected(number)) continue
      expect(keys).toContain(`key-${number}`)
      expect(ids).toContain(`order-${number}`)
    }
    const repairable = new Set((await recordsOf(rejected)).map(({ key }) => String(key)))
    expect(repairable.size).toBe(8)
  }, 400_000)

  it('are refused where a topic is missing, or infer does not see the value', async () => {
    const outputs = JSON.stringify([{ topic: topicNamed('none') }])
    const missing = await withinProcess(['stream'], { env: { ...env, WINNOW_OUTPUTS: outputs } })
    expect(missing.status).toBe(1)
    expect(missing.stderr).toContain(`the topic ${topicNamed('none')} of outputs does not exist`)
    const apart = await withinProcess(['stream', '--stages', 'infer'], { env })
    expect(apart.stderr).toContain('need the stages validate..infer in one process')
  })
})
