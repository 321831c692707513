// The figures of a window of time, and the outcomes of a topic, on the real engine, compared with a
// count of the same rows here.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { countOutcomes, countReplays } from '../../infra/readers/balance-reader.ts'
import { readSummary } from '../../infra/readers/summary-reader.ts'
import {
  classificationColumns,
  classificationRow,
  deadLetterColumns,
  deadLetterRow,
  seconds,
} from '../../infra/sinks/classification-rows.ts'
import type { Classification } from '../../schemas/classification.ts'
import { openBackends, type Backends } from '../support/backends.ts'
import { sampleClassification, sampleDeadLetter, sampleTimeMs } from '../support/sample-records.ts'

const minuteMs = 60_000
// Recent, because ClickHouse drops old figures of batches.
const startMs = Math.floor(Date.now() / minuteMs - 60) * minuteMs

/** 600 rows of ten minutes, one a second. */
const rows = Array.from({ length: 600 }, (_, at) =>
  sampleClassification({
    topic: 'f.events',
    offset: at,
    eventId: `event-${at}`,
    label: at % 3 === 0 ? 'spam' : 'ham',
    source: at % 5 === 0 ? 'chat' : '',
    version: at < 300 ? '1' : '2',
    role: at % 7 === 0 ? 'shadow' : 'champion',
    classifiedAtMs: startMs + at * 1_000,
    queueMs: at % 10,
    inferMs: at % 100 === 1 ? 0 : 5,
  }),
)

let backends: Backends
beforeAll(async () => {
  backends = await openBackends(inject('stack'))
  const { analytics } = backends
  await analytics.insert('classifications', {
    columns: classificationColumns,
    values: rows.map((row) => classificationRow(row)),
    token: 'figures',
  })
  const letters = [1, 2, 61].map((second) =>
    sampleDeadLetter({ offset: 1_000 + second, rejectedAtMs: startMs + second * 1_000 }),
  )
  await analytics.insert('dead_letters', {
    columns: deadLetterColumns,
    values: letters.map(deadLetterRow),
    token: 'figures-letters',
  })
  await analytics.insert('inference_batches', {
    columns: [
      'at',
      'size',
      'tokens',
      'padded_tokens',
      'wait_ms',
      'run_ms',
      'worker',
      'model',
      'version',
    ],
    values: [
      [seconds(startMs + 1_000), 4, 40, 48, 3, 20, 0, 'mail', '1'],
      [seconds(startMs + 2_000), 2, 10, 12, 5, 10, 1, 'mail', '1'],
      [seconds(startMs + 3_000), 2, 10, 12, 5, 10, 1, 'other', '1'],
    ],
    token: 'figures-batches',
  })
})
afterAll(() => backends.close())

const answered = rows.filter(({ role }) => role !== 'shadow')
const count = (isMeant: (row: Classification) => boolean) => answered.filter(isMeant).length
const whole = { sinceMs: startMs, untilMs: startMs + 10 * minuteMs, bucketMs: minuteMs }

describe('a summary', () => {
  it.each([
    ['minutes', whole],
    ['seconds', { ...whole, bucketMs: 15_000 }],
    [
      'a part of the rows',
      { ...whole, sinceMs: startMs + 90_000, untilMs: startMs + 200_000, bucketMs: 5_000 },
    ],
  ])('in buckets of %s counts each event once', async (_, window) => {
    const found = await readSummary(backends.analytics, window)
    const isIn = ({ classifiedAtMs }: Classification, from: number, to: number) =>
      classifiedAtMs >= from && classifiedAtMs < to
    const inside = (row: Classification) => isIn(row, window.sinceMs, window.untilMs)
    expect(found.events).toBe(count(inside))
    expect(found.labels).toEqual([
      { label: 'ham', events: count((row) => inside(row) && row.label === 'ham') },
      { label: 'spam', events: count((row) => inside(row) && row.label === 'spam') },
    ])
    expect(found.sources).toEqual([
      { source: '', events: count((row) => inside(row) && row.source === '') },
      { source: 'chat', events: count((row) => inside(row) && row.source === 'chat') },
    ])
    expect(found.series).toHaveLength((window.untilMs - window.sinceMs) / window.bucketMs)
    for (const { timeMs, events, labels, totalMs } of found.series) {
      const here = (row: Classification) => isIn(row, timeMs, timeMs + window.bucketMs)
      expect(events).toBe(count(here))
      expect(labels['spam'] ?? 0).toBe(count((row) => here(row) && row.label === 'spam'))
      expect(labels['ham'] ?? 0).toBe(count((row) => here(row) && row.label === 'ham'))
      expect(totalMs === null).toBe(events === 0)
    }
  })

  it('lists models with shadows, latencies, batches, workers and dead letters', async () => {
    const found = await readSummary(backends.analytics, whole)
    const shadows = (version: string) =>
      rows.filter((row) => row.role === 'shadow' && row.version === version).length
    expect(found.models).toHaveLength(4)
    expect(found.models).toContainEqual({ model: 'mail@2', role: 'shadow', events: shadows('2') })
    expect(found.latencyMs.infer).toEqual({ p50: 5, p95: 5, p99: 5 })
    expect(found.latencyMs.queue!.p50).toBeCloseTo(4.5, 0)
    expect(found.batches).toMatchObject({ batches: 3, texts: 8, tokens: 60, paddedTokens: 72 })
    expect(found.batches.textsPerBatch).toBeCloseTo(8 / 3)
    const hits = count(({ inferMs }) => inferMs === 0)
    expect(found.cache).toEqual({ hits, misses: answered.length - hits })
    expect(hits).toBe(5)
    expect(found.workers).toEqual([
      { worker: 0, model: 'mail@1', use: 20 / 600_000 },
      { worker: 1, model: 'mail@1', use: 10 / 600_000 },
      { worker: 1, model: 'other@1', use: 10 / 600_000 },
    ])
    expect(found.deadLetters).toMatchObject({ total: 3, open: 3 })
    expect(found.series.slice(0, 3).map(({ deadLetters }) => deadLetters)).toEqual([2, 1, 0])
  })

  it('filters', async () => {
    const { analytics } = backends
    const chat = await readSummary(analytics, { ...whole, source: 'chat' })
    expect(chat.events).toBe(count((row) => row.source === 'chat'))
    const second = await readSummary(analytics, { ...whole, model: 'mail', version: '2' })
    expect(second.events).toBe(count((row) => row.version === '2'))
    const spam = await readSummary(analytics, { ...whole, label: 'spam' })
    expect(spam.labels).toEqual([{ label: 'spam', events: count((row) => row.label === 'spam') }])
    const none = await readSummary(analytics, { ...whole, model: 'never' })
    expect(none).toMatchObject({
      events: 0,
      latencyMs: { queue: null, infer: null, total: null },
      batches: { batches: 0, textsPerBatch: 0, waitMs: null },
    })
  })
})

describe('the outcomes of a topic', () => {
  const topic = 'b.events'
  const place = { topic, partition: 0 }
  const at = (offset: number, changes: Partial<Classification> = {}) =>
    sampleClassification({ ...place, offset, ...changes })

  beforeAll(async () => {
    const { analytics } = backends
    const stored = [
      // Two models, and a shadow, classified the same events.
      ...[5, 6, 7].flatMap((offset) => [at(offset), at(offset, { model: 'intent' })]),
      at(5, { version: '2', role: 'shadow' }),
      at(8, { role: 'shadow' }),
      // Before the first record of the topic, behind what is committed, of another partition.
      at(4),
      at(20),
      at(5, { partition: 1 }),
    ]
    await analytics.insert('classifications', {
      columns: classificationColumns,
      values: stored.map((row) => classificationRow(row)),
      token: 'balance',
    })
    const letters = [
      { offset: 9 },
      { offset: 9, attempt: 1 },
      // One model rejected it, the other gave a row.
      { offset: 7, model: 'mail' },
      { offset: 3 },
      { offset: 21 },
    ].map((letter) => sampleDeadLetter({ ...place, ...letter }))
    await analytics.insert('dead_letters', {
      columns: deadLetterColumns,
      values: letters.map(deadLetterRow),
      token: 'balance-letters',
    })
    await analytics.insert('dead_letter_replays', {
      columns: [
        'topic',
        'partition',
        'offset',
        'record_time',
        'attempt',
        'code',
        'sent_at',
        'sent_by',
      ],
      values: [
        [
          topic,
          0,
          9,
          seconds(sampleTimeMs + 9),
          1,
          'text_empty',
          seconds(sampleTimeMs + 1_000),
          'a',
        ],
        [topic, 0, 3, seconds(sampleTimeMs + 3), 1, 'text_empty', seconds(sampleTimeMs + 4), 'a'],
      ],
      token: 'balance-replays',
    })
  })

  it('count each event once, within the offsets', async () => {
    const offsets = [{ partition: 0, low: 5, end: 12 }]
    const counted = await countOutcomes(backends.analytics, {
      topic,
      table: 'classifications',
      offsets,
    })
    expect(counted).toEqual({ rows: 3, openDeadLetters: 1, filtered: 0 })
    const all = [0, 1].map((partition) => ({ partition, low: 0, end: 100 }))
    expect(
      await countOutcomes(backends.analytics, { topic, table: 'classifications', offsets: all }),
    ).toEqual({ rows: 6, openDeadLetters: 3, filtered: 0 })
    expect(
      await countOutcomes(backends.analytics, { topic, table: 'labels', offsets: all }),
    ).toMatchObject({ rows: 0 })
  })

  it('replays count while the topic may still hold them', async () => {
    const replays = (low: number) =>
      countReplays(backends.analytics, { topic, lows: [{ partition: 0, low }] })
    expect(await replays(0)).toBe(2)
    // The record of offset 5 is the first: the replay of 3 was sent before it.
    expect(await replays(5)).toBe(1)
  })
})
