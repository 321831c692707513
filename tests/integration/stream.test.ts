// The stream as a process on the real broker, registry and engine: bad events among valid ones,
// redelivery, separate stages, a clean stop.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import avro from 'avsc'
import { SchemaType } from '@kafkajs/confluent-schema-registry'
import { openProducer, type RecordProducer } from '../../infra/kafka/kafka.ts'
import { openSchemas } from '../../infra/schema-registry/registry.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import type { OutgoingRecord } from '../../schemas/record.ts'
import { startWinnow, winnow, type Running } from '../support/cli.ts'
import { registryClient } from '../support/registry-client.ts'
import { until } from '../support/until.ts'
import { openWorkspace, sampleText, type Workspace } from '../support/workspace.ts'

let space: Workspace
let producer: RecordProducer

beforeAll(async () => {
  space = await openWorkspace(inject('stack'))
  producer = await openProducer(space.kafka)
})

afterAll(async () => {
  await producer.close()
  await space.close()
})

const events = () => topicOf(space.config.topics, 'events')

function goodEvents(count: number, prefix: string): OutgoingRecord[] {
  return Array.from({ length: count }, (_, number) => {
    const { text, label } = sampleText(number)
    const id = `${prefix}-${number}`
    return { key: id, value: JSON.stringify({ id, text, label, source: 'test' }) }
  })
}

async function rowsOf(prefix: string): Promise<{ rows: number; distinct: number }> {
  const [row] = await space.analytics.rows<{ rows: number; distinct: number }>(
    `SELECT count() AS rows, uniqExact(topic, partition, offset) AS distinct
     FROM classifications WHERE startsWith(event_id, {prefix: String})`,
    { prefix: `${prefix}-` },
  )
  return row!
}

/** Waits until all events with a prefix are rows. */
function allRows(prefix: string, count: number) {
  return until(
    `${count} rows of ${prefix}`,
    async () => {
      const found = await rowsOf(prefix)
      return found.rows >= count ? found : undefined
    },
    300_000,
  )
}

/** Hand-made values that cannot be events, each with its expected code. */
async function badEvents(): Promise<{ code: string; value: Buffer | null; key?: string }[]> {
  const schemas = await openSchemas(space.config.registry, space.config.topics.prefix)
  const good = schemas.encode('events', {
    id: 'x',
    text: 'a text',
    source: null,
    time: null,
    attributes: {},
    label: null,
  })
  const registry = registryClient(inject('stack'))
  const other = { type: 'record', name: 'Other', fields: [{ name: 'n', type: 'int' }] }
  const { id } = await registry.register(
    { type: SchemaType.AVRO, schema: JSON.stringify(other) },
    { subject: `${space.config.topics.prefix}other-value` },
  )
  const otherValue = Buffer.concat([
    Buffer.from([0, 0, 0, id >> 8, id & 255]),
    avro.Type.forSchema(other as avro.Schema).toBuffer({ n: 5 }),
  ])
  const unknownId = Buffer.from(good)
  unknownId.writeUInt32BE(999_999, 1)
  const json = (value: unknown) => Buffer.from(JSON.stringify(value))
  return [
    { code: 'value_null', value: null },
    { code: 'avro_undecodable', value: good.subarray(0, good.length - 3) },
    { code: 'avro_undecodable', value: Buffer.from([0, 1, 2]) },
    { code: 'schema_unknown', value: unknownId },
    { code: 'schema_mismatch', value: otherValue },
    { code: 'utf8_invalid', value: Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x7d]) },
    { code: 'json_invalid', value: Buffer.from('{"text": "never closed') },
    { code: 'json_invalid', value: Buffer.alloc(0) },
    { code: 'event_not_object', value: json(['text']) },
    { code: 'event_not_object', value: json('just a string') },
    { code: 'field_missing', value: json({ id: 'no text' }) },
    { code: 'field_type', value: json({ text: 42 }) },
    { code: 'field_type', value: json({ text: 'a', attributes: { n: [1] } }) },
    { code: 'field_too_long', value: json({ text: 'a', source: 's'.repeat(300) }) },
    { code: 'text_empty', value: json({ text: ' \u0000 \n' }) },
    { code: 'text_too_long', value: json({ text: 'long '.repeat(2_000_000) }) },
    { code: 'time_invalid', value: json({ text: 'a', time: 'next tuesday' }) },
    { code: 'time_future', value: json({ text: 'a', time: Date.now() + 10 * 86_400_000 }) },
    { code: 'time_past', value: json({ text: 'a', time: 1_700_000_000 }) },
    { code: 'duplicate_id', value: json({ id: 'bad-0', text: 'again' }), key: 'bad-0' },
  ]
}

describe('validate..infer', () => {
  let stream: Running
  beforeAll(async () => {
    stream = await startWinnow(['stream', '--stages', 'validate..infer'], { env: space.env })
  })
  afterAll(async () => {
    await stream.stop()
  })

  it('turns 3,000 events with 20 bad ones among them into rows and dead letters, each once', async () => {
    const good = goodEvents(3_000, 'bad')
    const bad = await badEvents()
    expect(bad).toHaveLength(20)
    const step = Math.floor(good.length / bad.length)
    const mixed = good.flatMap((record, index): OutgoingRecord[] => {
      const hit = index % step === step - 1 ? bad[(index + 1) / step - 1] : undefined
      return hit === undefined ? [record] : [record, { key: hit.key ?? null, value: hit.value }]
    })
    for (let at = 0; at < mixed.length; at += 500) {
      await producer.send(events(), mixed.slice(at, at + 500))
    }
    expect(await allRows('bad', 3_000)).toEqual({ rows: 3_000, distinct: 3_000 })
    const letters = await until('20 dead letters', async () => {
      const found = await space.analytics.rows<{ code: string; bytes: number }>(
        'SELECT code, payload_bytes AS bytes FROM dead_letters ORDER BY code',
      )
      return found.length >= 20 ? found : undefined
    })
    expect(letters.map((letter) => letter.code)).toEqual(bad.map(({ code }) => code).sort())
    const long = letters.find((letter) => letter.code === 'text_too_long')
    expect(long!.bytes).toBeGreaterThan(10_000_000)
    // Normal operation is quiet, including Node's warnings.
    expect(stream.output().stderr.replace(/^.*stop with Ctrl-C\n/, '')).toBe('')
  })

  it('labels them as the model does, with rollups that agree with the rows', async () => {
    const [agreement] = await space.analytics.rows<{ share: number }>(
      `SELECT countIf(c.label = l.label) / count() AS share FROM classifications AS c
       INNER JOIN labels AS l ON l.event_id = c.event_id`,
    )
    expect(agreement!.share).toBeGreaterThan(0.99)
    const counts =
      'SELECT label, toUInt64(sum(events)) AS events FROM label_counts GROUP BY label ORDER BY label'
    const rows =
      'SELECT label, count() AS events FROM classifications GROUP BY label ORDER BY label'
    expect(await space.analytics.rows(counts)).toEqual(await space.analytics.rows(rows))
    const [latency] = await space.analytics.rows<{ events: number; ordered: number }>(
      'SELECT sum(events) AS events, min(p50_ms <= p95_ms AND p95_ms <= p99_ms) AS ordered FROM latency',
    )
    expect(latency).toEqual({ events: 3_000, ordered: 1 })
  })

  it('reports outcomes by code, lag and batches at /metrics', async () => {
    const text = await (await fetch(`${String(stream.document['metrics'])}/metrics`)).text()
    expect(text).toMatch(/winnow_events_total\{stage="infer",code="ok"\} 3\d{3}/)
    expect(text).toMatch(/winnow_events_total\{stage="validate",code="schema_unknown"\} 1\b/)
    expect(text).toMatch(/winnow_consumer_lag_records\{topic="[^"]+events",partition="\d"\} 0/)
    expect(text).not.toContain('parcel')
    const ready = await fetch(`${String(stream.document['metrics'])}/readyz`)
    expect(ready.status).toBe(200)
  })

  it('writes a lone event within a second', async () => {
    // The best of five, because the machine may be busy for a moment.
    const totalMs: number[] = []
    for (let number = 0; number < 5; number++) {
      await producer.send(events(), goodEvents(1, `lone${number}`))
      await allRows(`lone${number}`, 1)
      const [row] = await space.analytics.rows<{ ms: number }>(
        `SELECT total_ms AS ms FROM classifications WHERE event_id = 'lone${number}-0'`,
      )
      totalMs.push(row!.ms)
    }
    expect(Math.min(...totalMs)).toBeLessThan(1_000)
  })
})

describe('a consumer that dies', () => {
  it('killed at work and started again, leaves every event exactly once', async () => {
    const args = ['stream', '--stages', 'validate..infer', '--group', 'killed']
    const first = await startWinnow(args, { env: space.env })
    const before = await rowsOf('kill')
    expect(before.rows).toBe(0)
    const group = goodEvents(1_500, 'kill')
    await producer.send(events(), group.slice(0, 500))
    await until('some rows', async () => (await rowsOf('kill')).rows > 200)
    // Sent just before the kill, so that work is left however slow the check above was.
    for (const at of [500, 1_000]) await producer.send(events(), group.slice(at, at + 500))
    await first.stop('SIGKILL')
    const between = await rowsOf('kill')
    const second = await startWinnow(args, { env: space.env })
    try {
      expect(await allRows('kill', 1_500)).toEqual({ rows: 1_500, distinct: 1_500 })
      await until('no lag', async () => {
        const text = await (await fetch(`${String(second.document['metrics'])}/metrics`)).text()
        const lags = [...text.matchAll(/winnow_consumer_lag_records\{[^}]*\} (\d+)/g)]
        return lags.length > 0 && lags.every((lag) => lag[1] === '0')
      })
    } finally {
      expect(await second.stop()).toBe(0)
    }
    expect(between.rows).toBeLessThan(1_500)
    expect(await rowsOf('kill')).toEqual({ rows: 1_500, distinct: 1_500 })
  })
})

describe('stages as processes of their own', () => {
  it('give the same rows as chained ones', async () => {
    const apart = await openWorkspace(inject('stack'))
    const running: Running[] = []
    try {
      const env = { ...apart.env, WINNOW_MODEL_STORE: space.storeDir }
      for (const stage of ['validate', 'tokenize', 'infer']) {
        running.push(await startWinnow(['stream', '--stages', stage], { env }))
      }
      const topic = topicOf(apart.config.topics, 'events')
      const records = [...goodEvents(300, 'apart'), { key: null, value: '{"text":""}' }]
      await producer.send(topic, records)
      const labels = (analytics: Workspace['analytics'], prefix: string) =>
        analytics.rows<{ text: string; label: string; score: number; tokens: number }>(
          `SELECT text, label, score, tokens FROM classifications
           WHERE startsWith(event_id, {prefix: String}) ORDER BY text`,
          { prefix },
        )
      const rows = await until('300 rows', async () => {
        const found = await labels(apart.analytics, 'apart-')
        return found.length >= 300 ? found : undefined
      })
      const texts = new Set(rows.map((row) => row.text))
      const chained = (await labels(space.analytics, 'bad-')).filter((row) => texts.has(row.text))
      expect(rows).toEqual(chained)
      const letters = await apart.analytics.rows('SELECT code, stage FROM dead_letters')
      expect(letters).toEqual([{ code: 'text_empty', stage: 'validate' }])
    } finally {
      for (const one of running) expect(await one.stop()).toBe(0)
      await apart.close()
    }
  })
})

describe('winnow produce and dlq', () => {
  it('produces JSON Lines and shows dead letters', async () => {
    const input = '{"id":"line-0","text":"hello"}\n\n{"id":"line-1","text":"hello again"}\n'
    const done = await winnow(['produce', '--data', '-', '--json'], { env: space.env, input })
    expect(done.status).toBe(0)
    expect(JSON.parse(done.stdout)).toMatchObject({ events: 2 })
    const wrong = await winnow(['produce', '--data', '-'], { env: space.env, input: '{"txt":1}\n' })
    expect(wrong.status).toBe(1)
    expect(wrong.stderr).toMatch(/stdin:1: there is no field "text"/)
    const table = 'id,text,label\n9007199254740993,"two\nlines",18446744073709551615\n'
    const rows = await winnow(['produce', '--data', '-'], { env: space.env, input: table })
    expect(rows.stdout).toMatch(/^1 event sent to \S+ and acknowledged, in /)
    expect(rows.stderr).toMatch(/stdin: read as a table separated by commas/)
    expect(rows.stderr).toMatch(/warning: stdin: 1 row has a quoted field over several lines/)
    const half = '{"id":"half-0","text":"hello"}\n{"id":"half-1","text":5}\n'
    const stopped = await winnow(['produce', '--data', '-'], { env: space.env, input: half })
    expect(stopped.stderr).toMatch(/1 event before the wrong row sent/)
    expect(stopped.stderr).toMatch(/stdin:2: the field "text" must be a string/)
    const list = await winnow(['dlq', 'list', '--code', 'schema_unknown', '--json'], {
      env: space.env,
    })
    const [letter] = JSON.parse(list.stdout) as { id: string; code: string }[]
    expect(letter!.code).toBe('schema_unknown')
    const show = await winnow(['dlq', 'show', letter!.id, '--json'], { env: space.env })
    expect(JSON.parse(show.stdout)).toMatchObject({ stage: 'validate', id: letter!.id })
  })
})
