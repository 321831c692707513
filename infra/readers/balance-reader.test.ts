// What is asked of ClickHouse for the balance of a topic. What the SQL counts is tested on the real
// engine in tests/integration/stream-figures.test.ts.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { countOutcomes, countReplays } from './balance-reader.ts'

let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
})
afterEach(() => scripted.close())

it('outcomes are counted within the offsets of each partition', async () => {
  scripted.answer('FROM labels', [{ events: 4 }])
  scripted.answer('FROM open_dead_letters', [{ events: 1 }])
  scripted.answer('FROM filtered_events', [{ events: 2 }])
  const offsets = [
    { partition: 0, low: 2, end: 5 },
    { partition: 3, low: 0, end: 9 },
  ]
  const of = { topic: 't', table: 'labels', offsets } as const
  expect(await countOutcomes(scripted.analytics, of)).toEqual({
    rows: 4,
    openDeadLetters: 1,
    filtered: 2,
  })
  for (const { parameters } of scripted.statements()) {
    expect(parameters).toEqual({ topic: 't', partitions: '[0,3]', lows: '[2,0]', ends: '[5,9]' })
  }
})

describe('replays', () => {
  it('are summed over partitions', async () => {
    scripted.answer('FROM dead_letter_replays', ({ parameters }) => [
      { records: parameters['partition'] === '0' ? 2 : 3 },
    ])
    const lows = [
      { partition: 0, low: 0 },
      { partition: 1, low: 0 },
    ]
    expect(await countReplays(scripted.analytics, { topic: 't', lows })).toBe(5)
  })

  it('that the topic has lost are left out where it has lost records', async () => {
    await countReplays(scripted.analytics, { topic: 't', lows: [{ partition: 0, low: 7 }] })
    expect(scripted.statements().at(-1)!.sql).toContain('sent_at >=')
    await countReplays(scripted.analytics, { topic: 't', lows: [{ partition: 0, low: 0 }] })
    expect(scripted.statements().at(-1)!.sql).not.toContain('sent_at >=')
  })
})
