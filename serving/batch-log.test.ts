import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { BatchRecord } from '../models/inference/batcher.ts'
import { exception } from '../tests/support/fake-clickhouse.ts'
import { openScriptedEngine, type ScriptedEngine } from '../tests/support/scripted-engine.ts'
import { until } from '../tests/support/until.ts'
import { BatchLog } from './batch-log.ts'

let scripted: ScriptedEngine
let lines: string[]
let log: BatchLog
beforeEach(async () => {
  scripted = await openScriptedEngine()
  lines = []
  log = new BatchLog(scripted.analytics, (line) => lines.push(line))
})
afterEach(async () => {
  vi.useRealTimers()
  await scripted.close()
})

const model = { name: 'mail', version: '2' }
const batch = (id: number): BatchRecord => ({
  id,
  size: id,
  tokens: 7,
  paddedTokens: 8,
  waitMs: 1.5,
  runMs: 2.5,
  worker: 0,
})

describe('BatchLog', () => {
  it('writes what is left at the end, as one block', async () => {
    vi.useFakeTimers({ now: 1_700_000_000_123, toFake: ['Date'] })
    log.add(batch(3), model)
    log.add(batch(4), model)
    await log.close()
    const [insert, ...others] = scripted.inserts()
    expect(others).toEqual([])
    expect(insert).toMatchObject({ table: 'inference_batches', fence: undefined })
    expect(insert!.rows).toMatchObject([{ size: 3 }, { size: 4 }])
    expect(insert!.rows[0]).toEqual({
      at: '1700000000.123',
      size: 3,
      tokens: 7,
      padded_tokens: 8,
      wait_ms: 1.5,
      run_ms: 2.5,
      worker: 0,
      model: 'mail',
      version: '2',
    })
  })

  it('writes now and then, each batch once, and nothing where there was none', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    log.start()
    vi.advanceTimersByTime(4_000)
    log.add(batch(1), model)
    vi.advanceTimersByTime(1_999)
    expect(scripted.inserts()).toEqual([])
    vi.advanceTimersByTime(1)
    await until('the first write', () => scripted.inserts().length === 1)
    log.add(batch(2), model)
    await log.close()
    expect(vi.getTimerCount()).toBe(0)
    const sizes = scripted.inserts().map(({ rows }) => rows.map(({ size }) => size))
    expect(sizes).toEqual([[1], [2]])
    const tokens = scripted.inserts().map(({ token }) => token)
    expect(new Set(tokens).size).toBe(2)
  })

  it('says what was lost while ClickHouse was away, and goes on', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    log.start()
    scripted.engine.failures.push(exception(236, 'ABORTED'))
    log.add(batch(1), model)
    vi.advanceTimersByTime(2_000)
    await until('the line', () => lines.length > 0)
    expect(lines).toEqual([
      expect.stringMatching(/^the figures of 1 batch were not written to ClickHouse: .*ABORTED/),
    ])
    log.add(batch(2), model)
    await log.close()
    expect(scripted.engine.rows.map((row) => row[1])).toEqual([2])
    expect(lines).toHaveLength(1)
  })

  it('keeps a bounded number of figures, the latest', async () => {
    for (let id = 1; id <= 20_002; id++) log.add(batch(id), model)
    await log.close()
    const sizes = scripted.engine.rows.map((row) => row[1])
    expect(sizes).toHaveLength(20_000)
    expect([sizes[0], sizes.at(-1)]).toEqual([3, 20_002])
  })
})
