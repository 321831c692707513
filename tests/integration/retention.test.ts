// Retention on the real engine: texts and rows expire as configured, and a stream that stores neither
// texts nor ids still answers by id.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { openProducer } from '../../infra/kafka/kafka.ts'
import { readRanges, resolveRange } from '../../infra/kafka/topic-range.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import { applyRetention } from '../../infra/erasure/retention.ts'
import type { Forgotten } from '../../library/forget.ts'
import { storedIds } from '../../schemas/hashed-id.ts'
import { openBackends, type Backends } from '../support/backends.ts'
import { startWinnow } from '../support/cli.ts'
import { until } from '../support/until.ts'
import { withinProcess } from '../support/within-process.ts'
import { openWorkspace, sampleText, type Workspace } from '../support/workspace.ts'

describe('time to live', () => {
  let backends: Backends

  beforeAll(async () => {
    backends = await openBackends(inject('stack'))
    // Of each table, one row of today and one for each of 5, 20 and 40 days ago.
    await backends.analytics.run(
      `INSERT INTO classifications (event_id, topic, partition, offset, record_time, event_time,
         classified_at, source, attributes, text, label, score, model, version, role)
       SELECT toString(age), 't', 0, age, at, at, at, '', map('customer', '42'), 'a text', 'spam', 1,
         'm', '1', 'champion'
       FROM (SELECT arrayJoin([0, 5, 20, 40]) AS age, now64(3) - toIntervalDay(age) AS at)`,
    )
    await backends.analytics.run(
      `INSERT INTO dead_letters (code, message, stage, topic, partition, offset, record_time,
         rejected_at, key, payload, payload_bytes)
       SELECT 'text_empty', 'a sentence', 'validate', 't', 0, 100 + age, at, at, 'k', 'a payload', 9
       FROM (SELECT arrayJoin([0, 5, 20, 40]) AS age, now64(3) - toIntervalDay(age) AS at)`,
    )
    // The labels are old, but two of them were stored only now.
    await backends.analytics.run(
      `INSERT INTO labels (event_id, label, labelled_at, labelled_by, stored_at)
       SELECT toString(age), 'spam', now64(3) - toIntervalDay(400), 'ann', now64(3) - toIntervalDay(age)
       FROM (SELECT arrayJoin([0, 5, 20, 40]) AS age)`,
    )
  })

  afterAll(() => backends.close())

  const rows = <Row>(sql: string) => backends.analytics.rows<Row>(sql)
  const ages = async (table: string, age: string): Promise<number[]> => {
    const found = await rows<{ age: number }>(
      `SELECT toUInt32(${age}) AS age FROM ${table} ORDER BY age`,
    )
    return found.map((row) => row.age)
  }

  it('changes nothing unless it is configured', async () => {
    expect(await applyRetention(backends.analytics, { textDays: 0, rowDays: 0 })).toEqual([])
  })

  it('empties texts, attributes and payloads, and leaves the rows', async () => {
    const retention = { textDays: 10, rowDays: 0 }
    const done = await applyRetention(backends.analytics, retention)
    expect(done).toHaveLength(5)
    await until('the texts to go', async () => {
      const [row] = await rows<{ left: number }>(
        `SELECT (SELECT count() FROM classifications WHERE text != '' OR notEmpty(attributes))
           + (SELECT count() FROM dead_letters WHERE payload != '' OR message != '') AS left`,
      )
      return row!.left === 4
    })
    expect(await ages('classifications', 'offset')).toEqual([0, 5, 20, 40])
    expect(
      await rows(`SELECT offset, text FROM classifications WHERE text != '' ORDER BY offset`),
    ).toEqual([
      { offset: 0, text: 'a text' },
      { offset: 5, text: 'a text' },
    ])
    expect(await applyRetention(backends.analytics, retention)).toEqual([])
  })

  it('removes rows of all tables by the time they were stored', async () => {
    const retention = { textDays: 10, rowDays: 30 }
    const before = await rows('SELECT minute, events FROM label_counts ORDER BY minute')
    expect(before).toHaveLength(4)
    expect(await applyRetention(backends.analytics, retention)).toHaveLength(4)
    await until('the rows to go', async () => {
      const left = await Promise.all([
        ages('classifications', 'offset'),
        ages('dead_letters', 'offset - 100'),
        ages('labels', 'event_id'),
      ])
      return left.every((one) => one.join() === '0,5,20')
    })
    // Counts of minutes stay when their rows are gone.
    expect(await rows('SELECT minute, events FROM label_counts ORDER BY minute')).toEqual(before)
    expect(await applyRetention(backends.analytics, retention)).toEqual([])
  })

  it('holds for the tables of replays, also for those that are made later', async () => {
    const { analytics } = backends
    await analytics.createLike({ name: 'again', like: 'classifications', comment: 'replay of t' })
    const [made] = await rows<{ days: number }>(
      `SELECT countSubstrings(create_table_query, 'toIntervalDay(10)') AS days FROM system.tables
       WHERE database = currentDatabase() AND name = 'again'
         AND create_table_query LIKE '%toIntervalDay(30)%'`,
    )
    expect(made).toEqual({ days: 2 })
    expect(await applyRetention(analytics, { textDays: 10, rowDays: 30 })).toEqual([])
    await analytics.run('DROP TABLE again')
  })

  it('is taken back with the configuration, and leaves a TTL that it did not set', async () => {
    await backends.analytics.run(`ALTER TABLE audit MODIFY TTL toDateTime(at) + INTERVAL 3650 DAY`)
    const done = await applyRetention(backends.analytics, { textDays: 0, rowDays: 0 })
    expect(done).toHaveLength(9)
    const left = await rows<{ name: string }>(
      `SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'
         AND create_table_query LIKE '%toIntervalDay%' ORDER BY name`,
    )
    expect(left.map(({ name }) => name)).toEqual(['audit', 'inference_batches'])
    expect(await applyRetention(backends.analytics, { textDays: 0, rowDays: 0 })).toEqual([])
  })
})

describe('a stream that stores neither texts nor ids', () => {
  let space: Workspace
  const idSecret = 'a secret that only this test has and uses'
  const idOf = storedIds({ hashIds: true, idSecret })
  const events = 12

  beforeAll(async () => {
    space = await openWorkspace(inject('stack'), {
      WINNOW_GATEWAY_MODELS: 'false',
      WINNOW_RETENTION_STORE_TEXT: 'false',
      WINNOW_RETENTION_HASH_IDS: 'true',
      WINNOW_RETENTION_ID_SECRET: idSecret,
    })
  })

  afterAll(() => space.close())

  it('answers by id, joins labels, and forgets by id', async () => {
    const { env, analytics, config, kafka } = space
    const [gateway, stage, labels] = await Promise.all([
      startWinnow(['serve'], { env }),
      startWinnow(['stream', '--stages', 'validate..infer'], { env }),
      startWinnow(['stream', '--stages', 'labels'], { env }),
    ])
    const call = async (path: string, body?: unknown) => {
      const answer = await fetch(`${String(gateway.document['url'])}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
    }
    try {
      const sent = Array.from({ length: events }, (_, number) => {
        return { id: `person-${number}`, text: sampleText(number).text }
      })
      expect((await call('/v1/events', sent)).status).toBe(202)
      const waited = await call('/v1/events?wait=20', {
        id: 'person-waits',
        text: sampleText(0).text,
      })
      expect(JSON.stringify(waited.body)).toContain('person-waits')
      await call('/v1/labels', [{ id: 'person-3', label: 'praise', by: 'ann' }])
      const producer = await openProducer(kafka)
      await producer.send(topicOf(config.topics, 'events'), [
        { key: 'person-bad', value: '{"id":"person-bad","text":"a secret, sir","time":"soon"}' },
      ])
      await producer.close()
      await until('every outcome', async () => {
        const [row] = await analytics.rows<Record<string, number>>(
          `SELECT (SELECT count() FROM classifications) AS results,
             (SELECT count() FROM dead_letters) AS letters, (SELECT count() FROM labels) AS labels`,
        )
        return row!['results'] === events + 1 && row!['letters'] === 1 && row!['labels'] === 1
      })
      const found = await call('/v1/results/person-3')
      expect(found).toMatchObject({ status: 200 })
      const again = await call(`/v1/results/${idOf('person-3')}`)
      expect(again.body['results']).toEqual(found.body['results'])

      const [row] = await analytics.rows<Record<string, unknown>>(
        'SELECT event_id, text FROM classifications WHERE event_id = {id: String}',
        { id: idOf('person-3') },
      )
      expect(row).toEqual({ event_id: idOf('person-3'), text: '' })
      expect(await analytics.rows('SELECT event_id, label FROM event_labels')).toEqual([
        { event_id: idOf('person-3'), label: 'praise' },
      ])
      const letters = await analytics.rows('SELECT key, payload, message FROM dead_letters')
      expect(letters).toEqual([
        {
          key: idOf('person-bad'),
          payload: '',
          message: 'The time is neither RFC 3339 nor epoch milliseconds.',
        },
      ])
      // What Winnow produces holds no text and no id either; only the topic of events does.
      for (const name of ['classified', 'dead-letters', 'labels'] as const) {
        const topic = topicOf(config.topics, name)
        const ranges = await resolveRange(kafka, { topic })
        let records = 0
        for await (const chunk of readRanges(kafka, { topic, ranges })) {
          for (const { key, value } of chunk.records) {
            records++
            const bytes = Buffer.concat([key ?? Buffer.of(), value ?? Buffer.of()]).toString(
              'latin1',
            )
            expect(bytes).not.toMatch(/person|where is my|money back|wonderful|secret/)
          }
        }
        expect(records).toBeGreaterThan(0)
      }
    } finally {
      await Promise.all([gateway.stop(), stage.stop(), labels.stop()])
    }
    const { status, stdout, stderr } = await withinProcess(
      ['forget', '--id', 'person-3', '--id', 'person-bad', '--yes', '--json'],
      { env },
    )
    expect(status, stderr).toBe(0)
    expect((JSON.parse(stdout) as Forgotten).tables.filter((one) => one.rows > 0)).toEqual([
      { table: 'labels', rows: 1 },
      { table: 'classifications', rows: 1 },
      { table: 'dead_letters', rows: 1 },
    ])
  })
})
