// What is made of the counts. What the SQL counts is tested on the real engine in
// tests/integration/stream-figures.test.ts.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { readSummary } from './summary-reader.ts'

let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
  scripted.answer('AS queue', [{ rows: 0, hits: 0, queue: [], infer: [], total: [] }])
  const batches = { batches: 0, texts: 0, tokens: 0, paddedTokens: 0, wait: [], run: [] }
  scripted.answer('AS batches', [batches])
})
afterEach(() => scripted.close())

const minutes = { sinceMs: 0, untilMs: 180_000, bucketMs: 60_000 }

describe('readSummary', () => {
  it('has every bucket of the window, also empty ones, and no figures without events', async () => {
    const summary = await readSummary(scripted.analytics, minutes)
    const empty = { events: 0, labels: {}, totalMs: null, deadLetters: 0 }
    expect(summary.series).toEqual([0, 60_000, 120_000].map((timeMs) => ({ timeMs, ...empty })))
    expect(summary).toMatchObject({
      events: 0,
      latencyMs: { queue: null, infer: null, total: null },
      batches: { textsPerBatch: 0, waitMs: null },
      deadLetters: { total: 0, open: 0, codes: [] },
    })
  })

  it('counts all events of a bucket, and only the shown labels by name', async () => {
    scripted.answer('SELECT label,', [{ label: 'ham', events: 3 }])
    scripted.answer('AS name', [
      { timeMs: 60_000, name: 'ham', events: 3 },
      { timeMs: 60_000, name: '', events: 2 },
    ])
    const { events, series } = await readSummary(scripted.analytics, minutes)
    expect(events).toBe(5)
    expect(series[1]).toMatchObject({ events: 5, labels: { ham: 3 } })
    const bucketed = scripted.statements().find(({ sql }) => sql.includes('AS name'))!
    expect(bucketed.parameters['shown']).toBe("['ham']")
  })

  it('asks for whole minutes by minute, as the projections have them, and else by row', async () => {
    await readSummary(scripted.analytics, minutes)
    const ofMinutes = scripted.statements().find(({ sql }) => sql.includes('SELECT label,'))!
    expect(ofMinutes.sql).toContain('toStartOfMinute')
    await readSummary(scripted.analytics, { ...minutes, bucketMs: 1_000 })
    const ofSeconds = scripted.statements().findLast(({ sql }) => sql.includes('SELECT label,'))!
    expect(ofSeconds.sql).not.toContain('toStartOfMinute')
  })

  it('takes quantiles of a sample where there are very many events', async () => {
    scripted.answer('AS name', [{ timeMs: 0, name: '', events: 5_000_000 }])
    await readSummary(scripted.analytics, minutes)
    const latency = scripted.statements().find(({ sql }) => sql.includes('AS queue'))!
    expect(latency.sql).toContain('offset % 3 = 0')
  })

  it('gives the conditions of the window to the engine as parameters, never as text', async () => {
    const label = "x' OR '1'='1"
    await readSummary(scripted.analytics, { ...minutes, label, model: 'mail', version: '3' })
    const labels = scripted.statements().find(({ sql }) => sql.includes('SELECT label,'))!
    expect(labels.sql).not.toContain("'1'='1")
    expect(labels.parameters).toMatchObject({ model: 'mail', version: '3' })
  })
})
