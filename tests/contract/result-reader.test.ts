// The result reader port: the real reader on the engine and the fake must behave the same.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { ResultReader, StoredResult } from '../../schemas/ports/result-reader.ts'
import { classificationColumns, classificationRow } from '../../infra/sinks/classification-rows.ts'
import { createResultReader } from '../../infra/readers/result-reader.ts'
import type { Classification } from '../../schemas/classification.ts'
import { openBackends, type Backends } from '../support/backends.ts'
import { createMemoryResults } from '../support/memory-results.ts'
import { sampleClassification, sampleTimeMs } from '../support/sample-records.ts'

/** A reader, and a function that stores what it reads. */
type Subject = { reader: ResultReader; store(rows: readonly Classification[]): Promise<void> }

// 23 results of two labels, sources and versions; five share each time of classification.
const stored = Array.from({ length: 23 }, (_, offset) =>
  sampleClassification({
    topic: offset % 2 === 0 ? 'r.events' : 'r.other',
    partition: offset % 3,
    offset,
    eventId: `event-${offset % 20}`,
    label: offset % 4 === 0 ? 'spam' : 'ham',
    text: offset % 3 === 0 ? `Größe ${offset}` : `text ${offset}`,
    score: 0.5 + offset / 64,
    source: offset % 5 === 0 ? 'chat' : 'mail',
    model: offset < 20 ? 'mail' : 'intent',
    version: String((offset % 2) + 1),
    classifiedAtMs: sampleTimeMs + Math.floor(offset / 5) * 1_000,
  }),
)

let backends: Backends
beforeAll(async () => {
  backends = await openBackends(inject('stack'))
})
afterAll(() => backends.close())

async function realSubject(): Promise<Subject> {
  const { analytics } = backends
  await analytics.run('TRUNCATE TABLE classifications')
  let blocks = 0
  return {
    reader: createResultReader(analytics),
    store: (rows) =>
      analytics.insert('classifications', {
        columns: classificationColumns,
        values: rows.map(classificationRow),
        token: `reader-${performance.now()}-${blocks++}`,
      }),
  }
}

function memorySubject(): Promise<Subject> {
  const rows: StoredResult[] = []
  return Promise.resolve({
    reader: createMemoryResults(rows),
    store: (more) => {
      rows.push(...more)
      return Promise.resolve()
    },
  })
}

const keyOf = (one: StoredResult) => `${one.topic}/${one.partition}/${one.offset}`

async function readAll(reader: ResultReader, limit: number, between = () => Promise.resolve()) {
  const found: StoredResult[] = []
  let cursor: string | undefined
  do {
    const page = await reader.list({ limit, ...(cursor === undefined ? {} : { cursor }) })
    expect(page.results.length).toBeLessThanOrEqual(limit)
    found.push(...page.results)
    cursor = page.cursor
    await between()
  } while (cursor !== undefined)
  return found
}

it('the real reader gives offsets beyond 2^53 with all their digits, in cursors too', async () => {
  const { reader } = await realSubject()
  const { analytics } = backends
  await analytics.run(
    `INSERT INTO classifications (topic, partition, offset, event_id, model, version, role)
     SELECT 'r.far', 0, 9007199254740993 + number, 'far', 'mail', '1', 'champion' FROM numbers(2)`,
  )
  expect((await reader.byId('far')).map(({ offset }) => String(offset))).toEqual([
    '9007199254740994',
    '9007199254740993',
  ])
  const page = await reader.list({ limit: 1 })
  const next = await reader.list({ limit: 1, cursor: page.cursor! })
  expect(next.results.map(({ offset }) => String(offset))).toEqual(['9007199254740993'])
})

describe.each([
  ['the real reader', realSubject],
  ['the reader in memory', memorySubject],
])('%s', (_name, open) => {
  let subject: Subject
  beforeAll(async () => {
    subject = await open()
    await subject.store(stored)
  })

  it('gives every result of an event, newest first, with all that was stored', async () => {
    const found = await subject.reader.byId('event-1')
    expect(found.map((one) => one.offset)).toEqual([21, 1])
    const { recordTimeMs, knownLabel, totalMs, ...fields } = stored[1]!
    expect(recordTimeMs + totalMs).toBeGreaterThan(0)
    expect(knownLabel).toBeNull()
    expect(found[1]).toMatchObject(fields)
    expect(found[1]!.totalMs).toBeGreaterThan(0)
    expect(await subject.reader.byId("no ' such \\ id")).toEqual([])
  })

  it.each([1, 2, 5, 7, 22, 23, 1_000])('pages of %d give each result once', async (limit) => {
    const found = await readAll(subject.reader, limit)
    expect(new Set(found.map(keyOf))).toEqual(new Set(stored.map(keyOf)))
    expect(found).toHaveLength(stored.length)
    const times = found.map((one) => one.classifiedAtMs)
    expect(times).toEqual(times.toSorted((a, b) => b - a))
  })

  it('leaves out what a shadow says', async () => {
    const shadow = sampleClassification({ offset: 77, eventId: 'shadowed', role: 'shadow' })
    await subject.store([shadow])
    expect(await subject.reader.byId('shadowed')).toEqual([])
    const { results } = await subject.reader.list({ limit: 1_000 })
    expect(results.map(({ eventId }) => eventId)).not.toContain('shadowed')
  })

  it('has no cursor on the last page, also when that is full', async () => {
    expect((await subject.reader.list({ limit: 23 })).cursor).toBeUndefined()
    expect((await subject.reader.list({ limit: 22 })).cursor).toBeDefined()
    const none = await subject.reader.list({ limit: 5, label: 'never' })
    expect(none).toEqual({ results: [] })
  })

  it.each([
    [{ label: 'spam' }, (one: Classification) => one.label === 'spam'],
    [{ source: 'chat', label: 'ham' }, (one) => one.source === 'chat' && one.label === 'ham'],
    [{ model: 'intent' }, (one) => one.model === 'intent'],
    [{ model: 'mail', version: '2' }, (one) => one.model === 'mail' && one.version === '2'],
    [{ sinceMs: sampleTimeMs + 1_000 }, (one) => one.classifiedAtMs >= sampleTimeMs + 1_000],
    [{ untilMs: sampleTimeMs + 1_000 }, (one) => one.classifiedAtMs < sampleTimeMs + 1_000],
    [{ label: `' OR 1=1 --` }, () => false],
    [{ text: 'GRÖSSE' }, () => false],
    [{ text: 'gRÖß' }, (one) => one.text.startsWith('Größe')],
    [{ text: 'ext 1' }, (one) => one.text.includes('text 1')],
    [{ text: '%' }, () => false],
    [{ scoreBelow: 0.6 }, (one) => one.score < 0.6],
    [{ scoreBelow: 0.5 }, () => false],
  ] as [object, (one: Classification) => boolean][])('filters by %j', async (filter, isMeant) => {
    const { results } = await subject.reader.list({ limit: 100, ...filter })
    expect(results.map(keyOf).sort()).toEqual(stored.filter(isMeant).map(keyOf).sort())
  })

  it('takes any well-formed cursor for a place, whatever its numbers', async () => {
    const least = await subject.reader.list({ limit: 5, cursor: '0~0~0~a~a~1' })
    expect(least).toEqual({ results: [] })
    const cursor = '9999999999999~999999999~9999999999999999999~z~z~z'
    expect((await subject.reader.list({ limit: 5, cursor })).results).toHaveLength(5)
  })

  it('keeps its place while newer results land', async () => {
    let landed = 0
    const land = async () => {
      const offset = 1_000 + landed++
      const classifiedAtMs = sampleTimeMs + 100_000 + landed
      await subject.store([sampleClassification({ offset, classifiedAtMs, topic: 'r.late' })])
    }
    const found = await readAll(subject.reader, 5, land)
    expect(landed).toBeGreaterThan(3)
    expect(found.map(keyOf).sort()).toEqual(stored.map(keyOf).sort())
  })

  it('gives fewer results a page when they are large, and each once', async () => {
    const text = 'x'.repeat(1_000_000)
    const large = Array.from({ length: 9 }, (_, offset) =>
      sampleClassification({ topic: 'r.large', offset, text, source: 'large' }),
    )
    await subject.store(large)
    const pages: number[] = []
    let cursor: string | undefined
    do {
      const filter = { limit: 1_000, source: 'large', ...(cursor === undefined ? {} : { cursor }) }
      const page = await subject.reader.list(filter)
      pages.push(page.results.length)
      cursor = page.cursor
    } while (cursor !== undefined)
    expect(pages).toEqual([5, 4])
  })

  it.each(['x', 'W10', '[]', '-1~0~0~t~m~1', '1.5~0~0~t~m~1', '1e30~0~0~t~m~1', '1~0~0~t~m', ''])(
    'refuses %j as a cursor',
    async (cursor) => {
      await expect(subject.reader.list({ limit: 5, cursor })).rejects.toMatchObject({
        code: 'parameter_invalid',
      })
    },
  )
})

it.each([
  ['the real reader', realSubject],
  ['the reader in memory', memorySubject],
])('%s finds an id of any characters', async (_name, open) => {
  const subject = await open()
  const controls = Array.from({ length: 0xa0 }, (_, code) => `a${String.fromCharCode(code)}`)
  const ids = [
    ...controls,
    '\n',
    '\\',
    '\\N',
    '\\n',
    ' a ',
    '...',
    '%2e',
    'a/../b',
    "' OR 1=1",
    '\u2028',
  ]
  const odd = ids.map((eventId, offset) =>
    sampleClassification({ topic: 'r.odd', offset, eventId }),
  )
  await subject.store(odd)
  for (const [offset, eventId] of ids.entries()) {
    const found = await subject.reader.byId(eventId)
    expect(found.map((one) => [one.eventId, one.offset])).toEqual([[eventId, offset]])
  }
})
