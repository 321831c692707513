// What of a topic has an outcome, what waits, and what is left over. What the SQL counts is tested on
// the real engine in tests/integration/stream-figures.test.ts.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { configSchema } from '../../configs/schema.ts'
import { createFakeAdmin, type FakeGroup, type FakeTopics } from '../../tests/support/fake-admin.ts'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { readTopicBalance } from './topic-balance.ts'

const config = configSchema.parse({})
let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
})
afterEach(() => scripted.close())

/** The balance of the events topic, where ClickHouse counts these. */
async function balanceOf(
  stored: { rows: number; open: number; replays?: number },
  topics: FakeTopics,
  groups: readonly FakeGroup[],
) {
  scripted.answer('FROM classifications', [{ events: stored.rows }])
  scripted.answer('FROM open_dead_letters', [{ events: stored.open }])
  scripted.answer('FROM dead_letter_replays', [{ records: stored.replays ?? 0 }])
  scripted.answer('FROM filtered_events', [{ events: 0 }])
  const { kafka } = createFakeAdmin(topics, groups)
  const [balance] = await readTopicBalance({ kafka, analytics: scripted.analytics }, config)
  return balance!
}

const group = (name: string, committed: FakeGroup['committed'], active = true): FakeGroup => ({
  group: `winnow.${name}`,
  topic: 'winnow.events',
  committed,
  active,
})

/** The offsets that count, as ClickHouse was asked for them. */
function askedOffsets() {
  const { parameters } = scripted.statements().find(({ sql }) => sql.includes('classifications'))!
  return [parameters['lows'], parameters['ends']]
}

describe('readTopicBalance', () => {
  it('counts outcomes below what is committed; the rest waits', async () => {
    const groups = [group('validate..infer', [8, undefined])]
    const topics = {
      'winnow.events': [
        [2, 10],
        [1, 4],
      ],
    } as const
    expect(await balanceOf({ rows: 5, open: 1 }, topics, groups)).toEqual({
      topic: 'winnow.events',
      records: 11,
      replays: 0,
      rows: 5,
      openDeadLetters: 1,
      filtered: 0,
      waiting: 2 + 3,
      difference: 0,
    })
    expect(askedOffsets()).toEqual(['[2,1]', '[8,1]'])
  })

  it('shows what is lost', async () => {
    const groups = [group('validate..infer', [10])]
    const balance = await balanceOf({ rows: 7, open: 2 }, { 'winnow.events': [[0, 10]] }, groups)
    expect(balance.difference).toBe(1)
  })

  it('takes replays for what they are: further records of events that count already', async () => {
    const groups = [group('validate..infer', [12])]
    const stored = { rows: 9, open: 1, replays: 2 }
    const balance = await balanceOf(stored, { 'winnow.events': [[0, 12]] }, groups)
    expect(balance).toMatchObject({ records: 10, replays: 2, difference: 0 })
  })

  it('waits for the slowest of several models, but not for a group that was given up', async () => {
    const topics = { 'winnow.events': [[0, 10]] } as const
    const both = [group('validate..infer', [9]), group('validate..infer.intent', [4])]
    expect(await balanceOf({ rows: 4, open: 0 }, topics, both)).toMatchObject({ waiting: 6 })
    const one = [group('validate..infer', [9]), group('validate..infer.old', [4], false)]
    expect(await balanceOf({ rows: 9, open: 0 }, topics, one)).toMatchObject({ waiting: 1 })
    const none = one.map((stopped) => ({ ...stopped, active: false }))
    expect(await balanceOf({ rows: 9, open: 0 }, topics, none)).toMatchObject({ waiting: 1 })
  })

  it('adds what waits between stages', async () => {
    const groups = [
      group('validate..tokenize', [10]),
      { group: 'winnow.infer', topic: 'winnow.tokenized', committed: [6] },
    ]
    const topics = { 'winnow.events': [[0, 10]], 'winnow.tokenized': [[0, 9]] } as const
    expect(await balanceOf({ rows: 6, open: 1 }, topics, groups)).toMatchObject({
      waiting: 3,
      difference: 0,
    })
  })

  it('counts inputs too, with what their filters leave out', async () => {
    const inputs = [
      { topic: 'orders', fields: { text: 'note' }, filter: { type: 'note' } },
      { topic: 'lines', format: 'text' },
    ]
    const mapped = configSchema.parse({ inputs })
    const groups = [
      { group: 'winnow.validate..tokenize:orders', topic: 'orders', committed: [10] },
      { group: 'winnow.validate..tokenize:lines', topic: 'lines', committed: [8] },
      { group: 'winnow.infer', topic: 'winnow.tokenized', committed: [6] },
    ]
    const topics = { orders: [[0, 10]], lines: [[0, 8]], 'winnow.tokenized': [[0, 8]] } as const
    scripted.answer('FROM classifications', [{ events: 6 }])
    scripted.answer('FROM open_dead_letters', [{ events: 1 }])
    scripted.answer('FROM filtered_events', (seen) => [
      { events: seen.parameters['topic'] === 'orders' ? 1 : 0 },
    ])
    const { kafka } = createFakeAdmin(topics, groups)
    const clients = { kafka, analytics: scripted.analytics }
    expect(await readTopicBalance(clients, mapped)).toMatchObject([
      // Two events wait between the stages, and are taken for those of the first topic.
      { topic: 'orders', records: 10, replays: 0, waiting: 2, filtered: 1, difference: 0 },
      { topic: 'lines', records: 8, waiting: 0, filtered: 0, difference: 1 },
    ])
  })

  it('takes everything for waiting where nobody has consumed yet, and knows no other topic', async () => {
    const topics = { 'winnow.events': [[0, 3]], 'other.events': [[0, 9]] } as const
    scripted.answer('FROM', [{ events: 0, records: 0 }])
    const { kafka } = createFakeAdmin(topics)
    expect(await readTopicBalance({ kafka, analytics: scripted.analytics }, config)).toMatchObject([
      { topic: 'winnow.events', records: 3, waiting: 3, difference: 0 },
    ])
  })
})
