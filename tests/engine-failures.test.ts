// The runner and the ClickHouse client together, with an engine that fails inserts in every way
// before it works: each event becomes one row. A final failure ends the runner with the engine's
// code.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../configs/load.ts'
import { createAnalytics, type Analytics } from '../infra/clickhouse/clickhouse.ts'
import { finalCodes } from '../infra/clickhouse/clickhouse-codes.ts'
import type { WinnowError } from '../schemas/errors.ts'
import type { Fence } from '../schemas/fence.ts'
import { ok } from '../schemas/outcome.ts'
import type { Sink } from '../schemas/ports/sink.ts'
import { createRunner } from '../streams/runner.ts'
import { answer, exception, startFakeClickHouse } from './support/fake-clickhouse.ts'
import type { EngineFailure, FakeClickHouse } from './support/fake-clickhouse.ts'
import { chainOfEach, chunkOf, drivenSource, noMetrics } from './support/runner-parts.ts'
import { sampleRecord } from './support/sample-records.ts'
import { until } from './support/until.ts'

let engine: FakeClickHouse
let analytics: Analytics

beforeEach(async () => {
  engine = await startFakeClickHouse()
  analytics = createAnalytics({ ...loadConfig({ env: {} }).clickhouse, url: engine.url })
})

afterEach(async () => {
  await analytics.close()
  await engine.close()
})

/** A table of offsets, read back from the engine as the real sinks do. */
function tableSink(): Sink<number> {
  let fences = 0
  const fence = (partitions: readonly number[]): Promise<Fence> =>
    Promise.resolve({ group: 'g', topic: 't', partitions, token: `${++fences}` })
  return {
    fence,
    recover: () => Promise.resolve(),
    async storedFrom() {
      const rows = await analytics.rows<{ n: number }>('SELECT n FROM things')
      return { recordTimeMsByOffset: new Map(rows.map(({ n }) => [n, n])), through: Infinity }
    },
    storedAttempts: () => Promise.resolve([]),
    write: (block) =>
      analytics.insert('things', {
        columns: ['n'],
        values: block.outputs.map(({ value }) => [value]),
        token: block.token,
      }),
  }
}

function startRunner() {
  const retried: string[] = []
  const log: string[] = []
  let committed = 0
  const { source, handlers } = drivenSource({
    commit(offsets) {
      committed = Math.max(committed, ...offsets.map(({ offset }) => offset))
      return Promise.resolve()
    },
  })
  const runner = createRunner<number>({
    source,
    chain: chainOfEach(({ offset }) => ok(offset)),
    sink: tableSink(),
    config: loadConfig({ env: {}, set: ['stream.blockAgeMsMax=1', 'stream.retryMsMax=1'] }).stream,
    metrics: {
      ...noMetrics,
      retried: (operation, code) => void retried.push(`${operation} ${code}`),
    },
    log: (line) => void log.push(line),
  })
  let next = 0
  return {
    runner,
    retried,
    log,
    /** Delivers three events; resolves when they are committed. */
    deliver: async () => {
      const offsets = [next++, next++, next++]
      const records = offsets.map((offset) => sampleRecord(offset, { recordTimeMs: offset }))
      await handlers().onChunk(chunkOf(records), () => Promise.resolve())
      await Promise.race([until('the commit', () => committed === next), runner.ended])
    },
    /** How many events were delivered. */
    count: () => next,
  }
}

const broken: EngineFailure = { answer: (response) => response.socket?.resetAndDestroy() }
const halfWritten: EngineFailure = {
  answer(response) {
    response.writeHead(200, { 'content-length': '100' })
    response.write(' ', () => response.socket?.destroy())
  },
}
const passing: [string, EngineFailure][] = [
  ...[236, 394, 285, 745, 279, 203, 225, 201, 173, 75, 159, 202, 209, 210, 241, 242, 243, 252].map(
    (code): [string, EngineFailure] => [`code ${code}`, exception(code, `NAME_OF_${code}`)],
  ),
  ...[319, 425, 999, 1000, 1001, 1002, 49, 3, 33, 218, 286, 389, 439, 710, 733, 762, 9999].map(
    (code): [string, EngineFailure] => [`code ${code}`, exception(code, `NAME_OF_${code}`, 503)],
  ),
  ['502 in HTML', answer(502, '<html>Bad Gateway</html>')],
  ['503 without a body', answer(503, '')],
  ['504', answer(504, 'upstream request timeout')],
  ['413', answer(413, 'Request Entity Too Large')],
  ['a page with status 200', answer(200, '<html>Please log in</html>')],
  ['a reset connection', broken],
  ['half an answer', halfWritten],
]

describe('a runner', () => {
  it('writes each row once after any failure that may pass, whether the rows were stored or not', async () => {
    const { runner, deliver, retried, log, count } = startRunner()
    await runner.start()
    for (const [, failure] of passing) {
      engine.failures.push(failure, { ...failure, stores: true })
      await deliver()
    }
    await runner.stop()
    expect(engine.rows.map(([n]) => n)).toEqual([...Array(count()).keys()])
    expect(engine.failures).toEqual([])
    // Every failure is counted and reported, with the engine's code if it has one.
    expect(new Set(retried)).toEqual(new Set(['write analytics_unavailable']))
    expect(retried.length).toBeGreaterThanOrEqual(2 * passing.length)
    for (const code of [236, 394, 9999]) expect(log.join('\n')).toContain(`code ${code})`)
  }, 20_000)

  it('takes a SELECT that fails for a while for no answer, not for an empty one', async () => {
    const { runner, deliver, count } = startRunner()
    await runner.start()
    engine.failures.push({ ...exception(394, 'QUERY_WAS_CANCELLED'), stores: true })
    const whole = engine.select
    const bad = [answer(200, ''), answer(503, ''), answer(200, '{"data":['), broken]
    engine.select = (response) => {
      const next = bad.shift()
      if (next === undefined) whole(response)
      else next.answer(response)
    }
    await deliver()
    await runner.stop()
    expect(bad).toEqual([])
    expect(engine.rows).toHaveLength(count())
  })

  it.each([60, 62, 27, 117, 131, 164, 497, 516, 48])('ends with final code %d', async (code) => {
    const { runner, deliver } = startRunner()
    await runner.start()
    engine.failures.push(exception(code, finalCodes.get(code)!))
    const error = (await deliver().catch((thrown: unknown) => thrown)) as WinnowError
    expect(error.code).toBe('analytics_refused')
    expect(error.details['clickhouseCode']).toBe(code)
    expect(error.message).toContain(`code ${code})`)
    expect(engine.rows).toEqual([])
    await runner.stop()
  })
})
