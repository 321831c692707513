// The live view of a real stream over HTTP: results by server-sent events, exactly once also over
// reconnects; dead letters listed and replayed; the balance of the topic, lag and figures.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { openProducer, type RecordProducer } from '../../infra/kafka/kafka.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import { startWinnow, type Running } from '../support/cli.ts'
import { openEventStream, resultsOf, type EventStream } from '../support/event-stream.ts'
import { until } from '../support/until.ts'
import { openWorkspace, sampleText, type Workspace } from '../support/workspace.ts'

let space: Workspace
let producer: RecordProducer
let gateway: Running
let url: string

beforeAll(async () => {
  space = await openWorkspace(inject('stack'))
  producer = await openProducer(space.kafka)
  gateway = await startWinnow(['serve'], { env: space.env })
  url = String(gateway.document['url'])
})

afterAll(async () => {
  await gateway.stop()
  await producer.close()
  await space.close()
})

const events = () => topicOf(space.config.topics, 'events')
const args = ['stream', '--stages', 'validate..infer']
const strict = ['--set', 'limits.textBytesMax=200']
const longText = 'where is my parcel? '.repeat(20)

async function get<Answer>(path: string): Promise<Answer> {
  const response = await fetch(`${url}${path}`)
  expect(response.status).toBe(200)
  return (await response.json()) as Answer
}

async function send(from: number, count: number): Promise<void> {
  const records = Array.from({ length: count }, (_, at) => ({
    key: `event-${from + at}`,
    value: JSON.stringify({ id: `event-${from + at}`, text: sampleText(from + at).text }),
  }))
  await producer.send(events(), records)
}

type Balance = {
  topics: {
    topic: string
    records: number
    replays: number
    rows: number
    openDeadLetters: number
    waiting: number
    difference: number
  }[]
}

/** The balance once each of so many records and replays has a committed outcome. */
function settledBalance(held: { records: number; replays: number }) {
  return until('the settled balance', async () => {
    const { topics } = await get<Balance>('/v1/analytics/balance')
    const balance = topics.find(({ topic }) => topic === events())!
    const isHeld = balance.records === held.records && balance.replays === held.replays
    return isHeld && balance.waiting === 0 && balance.difference === 0 ? balance : undefined
  })
}

const idsOf = (stream: EventStream) => resultsOf(stream).map(({ id }) => String(id))

describe('a stream of events', () => {
  it('reaches a reader exactly once, over reconnects, and everything adds up', async () => {
    const received: string[] = []
    const stream = await startWinnow([...args, ...strict], { env: space.env })
    const watching = await openEventStream(`${url}/v1/stream`)
    try {
      let cursor: string | undefined
      for (let round = 0; round < 5; round += 1) {
        const headers: Record<string, string> =
          cursor === undefined ? {} : { 'last-event-id': cursor }
        const reader = await openEventStream(`${url}/v1/stream`, headers)
        await until('ready', () => Promise.resolve(reader.events.length > 0))
        await send(100 * round, 100)
        // Leaves in the middle, and comes back while more lands.
        const enough = round === 4 ? 500 - received.length : 30
        await until('results', () => Promise.resolve(idsOf(reader).length >= enough), 120_000)
        reader.close()
        await reader.ended
        received.push(...idsOf(reader))
        cursor = reader.lastEventId()
      }
      const expected = Array.from({ length: 500 }, (_, at) => `event-${at}`).sort()
      expect(received.toSorted()).toEqual(expected)
      // One that stayed has the same, in the same order.
      await until('all', () => Promise.resolve(idsOf(watching).length >= 500))
      expect(idsOf(watching)).toEqual(received)

      const { results } = await get<{ results: { id: string; text: string; score: number }[] }>(
        '/v1/results?q=PARCEL%20NUMBER%200,',
      )
      expect(results.map(({ id }) => id)).toEqual(['event-0'])
      const scored = await get<{ results: { score: number }[] }>('/v1/results?limit=1000')
      const limit = scored.results.map(({ score }) => score).sort((a, b) => a - b)[250]!
      const unsure = await get<{ results: { score: number }[] }>(
        `/v1/results?limit=1000&scoreBelow=${limit.toFixed(9)}`,
      )
      expect(unsure.results).toHaveLength(
        scored.results.filter(({ score }) => score < limit).length,
      )

      const summary = await get<Record<string, unknown>>('/v1/analytics/summary?buckets=10')
      expect(summary).toMatchObject({
        events: 500,
        models: [{ model: 'test@1', role: 'champion', events: 500 }],
        cache: { hits: 0, misses: 500 },
      })
      expect(await settledBalance({ records: 500, replays: 0 })).toMatchObject({
        rows: 500,
        openDeadLetters: 0,
      })
      const { consumers } = await get<{ consumers: { stage: string; lag: number }[] }>(
        '/v1/analytics/lag',
      )
      expect(consumers).toContainEqual(
        expect.objectContaining({ stage: 'validate..infer', lag: 0 }),
      )
    } finally {
      watching.close()
      expect(await stream.stop()).toBe(0)
    }
  })

  it('shows dead letters and replays them; the new rows are streamed and the balance stays', async () => {
    type Letters = { deadLetters: { id: string; code: string; open: boolean }[]; codes: object[] }
    const first = await startWinnow([...args, ...strict], { env: space.env })
    try {
      await producer.send(events(), [
        { key: 'long', value: JSON.stringify({ id: 'long', text: longText }) },
        { key: null, value: Buffer.from([0x1f, 0x8b, 0xff]) },
      ])
      await until('the dead letters', async () => {
        const { deadLetters } = await get<Letters>('/v1/dead-letters')
        return deadLetters.length === 2
      })
      expect(await settledBalance({ records: 502, replays: 0 })).toMatchObject({
        rows: 500,
        openDeadLetters: 2,
      })
    } finally {
      expect(await first.stop()).toBe(0)
    }
    const listed = await get<Letters>('/v1/dead-letters?code=text_too_long')
    const [letter] = listed.deadLetters
    expect(letter).toMatchObject({ code: 'text_too_long', open: true })
    expect(listed.codes).toContainEqual({ code: 'utf8_invalid', open: 1, all: 1 })
    const page = await get<Letters & { cursor: string }>('/v1/dead-letters?limit=1')
    const rest = await get<Letters>(`/v1/dead-letters?limit=1&cursor=${page.cursor}`)
    expect(new Set([...page.deadLetters, ...rest.deadLetters].map(({ id }) => id)).size).toBe(2)
    expect(rest).not.toHaveProperty('cursor')
    const whole = await get<Record<string, unknown>>(`/v1/dead-letters/${letter!.id}`)
    const text = JSON.stringify({ id: 'long', text: longText })
    expect(whole).toMatchObject({
      key: { text: 'long' },
      payload: { text, base64: Buffer.from(text).toString('base64'), isCut: false },
      attempts: [{ attempt: 0, code: 'text_too_long' }],
    })

    const reader = await openEventStream(`${url}/v1/stream`)
    const replay = async (body: object) => {
      const response = await fetch(`${url}/v1/dead-letters/replay`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      return [response.status, await response.json()] as const
    }
    const sent = { matched: 1, sent: 1, skipped: {}, stopped: false }
    expect(await replay({ ids: [letter!.id] })).toEqual([200, sent])
    const again = { matched: 1, sent: 0, skipped: { already_sent: 1 }, stopped: false }
    expect(await replay({ code: 'text_too_long', since: 0 })).toEqual([200, again])
    expect(await replay({ code: 'text_too_long', until: 0 })).toMatchObject([200, { matched: 0 }])

    const fixed = await startWinnow(args, { env: space.env })
    try {
      await until('the row', () => Promise.resolve(idsOf(reader).includes('long')))
      expect(idsOf(reader)).toEqual(['long'])
      expect(await settledBalance({ records: 502, replays: 1 })).toMatchObject({
        rows: 501,
        openDeadLetters: 1,
      })
      const all = await get<Letters>('/v1/dead-letters?state=all')
      expect(all.deadLetters.map(({ code, open }) => [code, open]).sort()).toEqual([
        ['text_too_long', false],
        ['utf8_invalid', true],
      ])
      const [row] = await space.analytics.rows<{ by: string }>(
        'SELECT sent_by AS by FROM dead_letter_replays',
      )
      expect(row!.by).toMatch(/^anonymous@/)
    } finally {
      reader.close()
      expect(await fixed.stop()).toBe(0)
    }
  })

  it('ends with the reason when the gateway stops', async () => {
    const own = await startWinnow(['serve'], { env: space.env })
    const reader = await openEventStream(`${String(own.document['url'])}/v1/stream`)
    await until('ready', () => Promise.resolve(reader.events.length > 0))
    const startMs = performance.now()
    expect(await own.stop()).toBe(0)
    await reader.ended
    expect(performance.now() - startMs).toBeLessThan(10_000)
    expect(reader.events.at(-1)).toMatchObject({ event: 'closed', text: '{"reason":"shutdown"}' })
  })
})
