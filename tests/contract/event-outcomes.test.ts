// What became of events, read from the engine: the newest result and the latest dead letter of each.
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { classificationColumns, classificationRow } from '../../infra/sinks/classification-rows.ts'
import { createEventOutcomes } from '../../infra/readers/event-outcomes.ts'
import { openBackends, type Backends } from '../support/backends.ts'
import { sampleClassification, sampleTimeMs } from '../support/sample-records.ts'

let backends: Backends
beforeAll(async () => {
  backends = await openBackends(inject('stack'))
  await backends.analytics.run('TRUNCATE TABLE classifications')
  await backends.analytics.run('TRUNCATE TABLE dead_letters')
})
afterAll(() => backends.close())

async function store(rows: Parameters<typeof sampleClassification>[0][]): Promise<void> {
  await backends.analytics.insert('classifications', {
    columns: classificationColumns,
    values: rows.map((row) => classificationRow(sampleClassification(row))),
    token: `outcomes-${performance.now()}`,
  })
}

it('gives the newest result of each event that has one, and none of a shadow', async () => {
  await store([
    { offset: 1, eventId: 'o-a', version: '1', classifiedAtMs: sampleTimeMs },
    { offset: 1, eventId: 'o-a', version: '2', classifiedAtMs: sampleTimeMs + 5 },
    { offset: 2, eventId: "o-'b\n", classifiedAtMs: sampleTimeMs },
    { offset: 3, eventId: 'o-c', role: 'shadow', classifiedAtMs: sampleTimeMs },
  ])
  const outcomes = createEventOutcomes(backends.analytics)
  const found = await outcomes.newestResults(['o-a', "o-'b\n", 'o-c', 'o-d'])
  expect(found.map(({ eventId, version }) => [eventId, version]).sort()).toEqual(
    [
      ['o-a', '2'],
      ["o-'b\n", '1'],
    ].sort(),
  )
})

it('gives fewer results when they are large, and the others when asked again', async () => {
  const text = 'x'.repeat(1_000_000)
  const ids = Array.from({ length: 9 }, (_, at) => `large-${at}`)
  await store(ids.map((eventId, at) => ({ topic: 'r.large', offset: at, eventId, text })))
  const outcomes = createEventOutcomes(backends.analytics)
  const first = await outcomes.newestResults(ids)
  expect(first).toHaveLength(5)
  const found = new Set(first.map(({ eventId }) => eventId))
  expect(await outcomes.newestResults(ids.filter((id) => !found.has(id)))).toHaveLength(4)
})

it('gives the latest dead letter of each event, since a time', async () => {
  await backends.analytics.run(
    `INSERT INTO dead_letters (code, message, stage, topic, partition, offset, rejected_at, key)
     VALUES ('text_empty', 'first', 'validate', 't', 0, 1, '2025-01-01 10:00:00', 'l-a'),
            ('duplicate_id', 'second', 'validate', 't', 0, 2, '2025-01-01 11:00:00', 'l-a'),
            ('text_empty', 'old', 'validate', 't', 0, 3, '2025-01-01 08:00:00', 'l-b')`,
  )
  const outcomes = createEventOutcomes(backends.analytics)
  const since = Date.UTC(2025, 0, 1, 9)
  expect(await outcomes.deadLetters(['l-a', 'l-b', 'l-c'], since)).toEqual([
    { id: 'l-a', code: 'duplicate_id', message: 'second' },
  ])
})
