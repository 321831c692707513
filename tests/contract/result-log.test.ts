// The log of results: the real reader on the engine and the fake must behave the same, whenever
// rows were classified and however ClickHouse merges their parts.
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { rememberForgotten } from '../../infra/erasure/forgotten-events.ts'
import { createResultLog } from '../../infra/readers/result-log-reader.ts'
import { classificationColumns, classificationRow } from '../../infra/sinks/classification-rows.ts'
import type { Classification } from '../../schemas/classification.ts'
import type { LogPosition } from '../../schemas/cursors/log-position.ts'
import type { ResultLog } from '../../schemas/ports/result-log.ts'
import { openBackends, type Backends } from '../support/backends.ts'
import { createMemoryLog } from '../support/memory-log.ts'
import { sampleClassification, sampleTimeMs } from '../support/sample-records.ts'

/** A log, and functions that store rows and merge what is stored. */
type Subject = {
  readonly log: ResultLog
  store(rows: readonly Classification[]): Promise<void>
  merge(): Promise<void>
}

let backends: Backends
beforeAll(async () => {
  backends = await openBackends(inject('stack'))
})
afterAll(() => backends.close())

let blocks = 0
async function realSubject(): Promise<Subject> {
  const { analytics } = backends
  await analytics.run('TRUNCATE TABLE classifications')
  return {
    log: createResultLog(analytics),
    store: (rows) =>
      analytics.insert('classifications', {
        columns: classificationColumns,
        values: rows.map((row) => classificationRow(row)),
        token: `log-${performance.now()}-${blocks++}`,
      }),
    merge: () => analytics.run('OPTIMIZE TABLE classifications FINAL'),
  }
}

function memorySubject(): Promise<Subject> {
  const log = createMemoryLog()
  return Promise.resolve({
    log,
    store: (rows) => {
      log.add(rows)
      return Promise.resolve()
    },
    merge: () => Promise.resolve(),
  })
}

const row = (offset: number, changes: Partial<Classification> = {}) =>
  sampleClassification({ offset, eventId: `event-${offset}`, ...changes })
const rows = (from: number, count: number) =>
  Array.from({ length: count }, (_, at) => row(from + at))

async function readAll(log: ResultLog, from: LogPosition) {
  const found: number[] = []
  let at = from
  for (;;) {
    const page = await log.after(at)
    found.push(...page.entries.map(({ result }) => Number(String(result.offset))))
    at = page.position
    if (!page.isCut) return { found, at }
  }
}

describe.each([
  ['the real log', realSubject],
  ['the log in memory', memorySubject],
])('%s', (_name, open) => {
  let subject: Subject
  beforeEach(async () => {
    subject = await open()
  })

  it('gives rows in the order in which they were stored, not classified', async () => {
    const { log } = subject
    await subject.store(rows(1, 3))
    const start = await log.end()
    await subject.store([row(10)])
    await subject.store([row(4, { classifiedAtMs: sampleTimeMs - 3_600_000 })])
    // Of another month, and so in another partition of the table.
    await subject.store([row(20, { classifiedAtMs: sampleTimeMs - 90 * 86_400_000 }), row(19)])
    const { found, at } = await readAll(log, start)
    expect(found.slice(0, 2)).toEqual([10, 4])
    expect(found.slice(2).sort()).toEqual([19, 20])
    expect((await readAll(log, at)).found).toEqual([])
    await subject.store([row(5)])
    expect((await readAll(log, at)).found).toEqual([5])
  })

  it('gives each row once, from every place, also after merges', async () => {
    const { log } = subject
    const start = await log.end()
    for (let block = 0; block < 5; block += 1) await subject.store(rows(100 - 10 * block, 5))
    const whole = await readAll(log, start)
    expect(whole.found).toHaveLength(25)
    await subject.merge()
    expect(await readAll(log, start)).toEqual(whole)
    const { entries } = await log.after(start)
    for (const [index, { position }] of entries.entries()) {
      expect((await readAll(log, position)).found).toEqual(whole.found.slice(index + 1))
    }
    await subject.store([row(7)])
    await subject.merge()
    expect((await readAll(log, whole.at)).found).toEqual([7])
  })

  it('leaves out what a shadow says', async () => {
    const { log } = subject
    const start = await log.end()
    await subject.store([row(1, { role: 'shadow' }), row(2)])
    await subject.store([row(3, { role: 'shadow' })])
    expect((await readAll(log, start)).found).toEqual([2])
    expect((await readAll(log, await log.end())).found).toEqual([])
  })

  it('cuts pages, and counts what follows', async () => {
    const { log } = subject
    const start = await log.end()
    await subject.store(rows(1, 2_300))
    const page = await log.after(start)
    expect([page.entries.length, page.isCut]).toEqual([1_000, true])
    const { found } = await readAll(log, start)
    expect(found).toEqual(Array.from({ length: 2_300 }, (_, at) => at + 1))
    expect(await log.countAfter(start, 5_000)).toBe(2_300)
    expect(await log.countAfter(page.position, 5_000)).toBe(1_300)
    expect(await log.countAfter(start, 10)).toBe(10)
    expect(await log.countAfter(await log.end(), 10)).toBe(0)
  })
})

it('the real log has another mark once an event was forgotten', async () => {
  const { log } = await realSubject()
  const before = await log.forgottenMark()
  await rememberForgotten(backends.analytics, [row(1)])
  expect(await log.forgottenMark()).toBeGreaterThan(before)
})

it('the real log cuts pages of long texts too', async () => {
  const subject = await realSubject()
  const { log } = subject
  const start = await log.end()
  await subject.store(rows(1, 6).map((one) => ({ ...one, text: 'x'.repeat(400_000) })))
  const page = await log.after(start)
  expect([page.entries.length, page.isCut]).toEqual([3, true])
  expect((await readAll(log, start)).found).toEqual([1, 2, 3, 4, 5, 6])
})
