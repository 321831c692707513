// The poison suite on the real broker, registry and engine: every malformed event costs one dead
// letter with its code, every valid event among them, however odd, becomes one row, and the stream
// keeps running undisturbed.
import type { IHeaders, Message } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { readBalance } from '../../infra/readers/dead-letter-reader.ts'
import { openSchemas } from '../../infra/schema-registry/registry.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import { registryHeaders } from '../support/registry-client.ts'
import { startWinnow, type Running } from '../support/cli.ts'
import {
  intTextAvro,
  oddEvents,
  poisonCases,
  poisonCleaning,
  recursiveAvro,
  widerAvro,
  type PoisonIds,
} from '../support/poison.ts'
import { until } from '../support/until.ts'
import { openWorkspace, sampleText, type Workspace } from '../support/workspace.ts'

let space: Workspace

beforeAll(async () => {
  space = await openWorkspace(inject('stack'), {
    WINNOW_CLEANING_STEPS: poisonCleaning.join(','),
  })
})

afterAll(async () => {
  await space.close()
})

/** Registers the schemas that the cases name; the unknown id is far from all others. */
async function registered(): Promise<PoisonIds> {
  const { registry: config, topics } = space.config
  const headers = registryHeaders(inject('stack'))
  await openSchemas(config, topics.prefix)
  // The client refuses a schema without a name; other producers' clients do not.
  const idOf = async (name: string, schema: object | string) => {
    const answer = await fetch(`${config.url}/subjects/${topics.prefix}${name}/versions`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema: JSON.stringify(schema) }),
    })
    expect(answer.status).toBe(200)
    return ((await answer.json()) as { id: number }).id
  }
  const latest = async (topic: string) => {
    const answer = await fetch(
      `${config.url}/subjects/${topics.prefix}${topic}-value/versions/latest`,
      { headers },
    )
    return ((await answer.json()) as { id: number }).id
  }
  return {
    event: await latest('events'),
    validated: await latest('validated'),
    wider: await idOf('wider', widerAvro),
    string: await idOf('string', 'string'),
    intText: await idOf('int-text', intTextAvro),
    recursive: await idOf('recursive', recursiveAvro),
    unknown: 999_999,
  }
}

/** Headers that are missing, meaningless or false: their records count as events of their own. */
function oddHeaders(topic: string): Record<string, IHeaders> {
  const attempt = { 'winnow-attempt': '1' }
  return {
    'headers-empty': { traceparent: '', 'winnow-origin': '', 'winnow-attempt': '' },
    'headers-bytes': { traceparent: Buffer.from([0xff, 0x00]), 'winnow-origin': Buffer.alloc(300) },
    'headers-long': { traceparent: '0'.repeat(100_000) },
    'headers-twice': { traceparent: ['a', 'b'], 'winnow-attempt': ['1', '2'] },
    'headers-elsewhere': { 'winnow-origin': 'other.events/0/0/5', ...attempt },
    'headers-ahead': { 'winnow-origin': `${topic}/0/999999999/5`, ...attempt },
    'headers-overflow': { 'winnow-origin': `${topic}/0/0/5`, 'winnow-attempt': '9'.repeat(30) },
  }
}

describe('poison among good events', () => {
  it('costs one dead letter each, and nothing else', async () => {
    const topic = topicOf(space.config.topics, 'events')
    const nowMs = Date.now()
    const ids = await registered()
    const cases = poisonCases(ids, nowMs)
    const odd = oddEvents(ids, nowMs)
    const json = (value: object) => Buffer.from(JSON.stringify(value))
    const poison: Message[] = cases.map(({ value }, at) => ({ key: `poison-${at}`, value }))
    const good: Message[] = Array.from({ length: 2_000 }, (_, at) => ({
      key: `good-${at}`,
      value: json({ id: `good-${at}`, text: sampleText(at).text }),
    }))
    const others: Message[] = [
      ...odd.map(({ value }) => ({ key: null, value })),
      ...Object.entries(oddHeaders(topic)).map(([id, headers]) => ({
        key: null,
        value: json({ id, text: 'please refund me' }),
        headers,
        partition: 0,
      })),
      { key: Buffer.from([0xff, 0]), value: json({ id: 'key-bytes', text: 'wonderful item' }) },
      { key: null, value: json({ id: 'no-time', text: 'wonderful item' }), timestamp: '-1' },
      { key: null, value: json({ id: 'old-time', text: 'wonderful item' }), timestamp: '1' },
      // Of two events with one id in a partition, the second becomes a dead letter.
      { key: 'first', value: json({ id: 'twice', text: 'a' }), partition: 1 },
    ]
    const again = { key: 'twice', value: json({ id: 'twice', text: 'b' }), partition: 1 }

    const stream = await startWinnow(['stream', '--stages', 'validate..infer'], { env: space.env })
    const producer = space.kafka.producer()
    try {
      await producer.connect()
      const mixed = shuffled([...good, ...poison, ...others])
      // Large values are sent alone; a request holds 16 MB at most.
      const isLarge = ({ value }: Message) => (value?.length ?? 0) > 100_000
      for (const message of mixed.filter(isLarge))
        await producer.send({ topic, messages: [message] })
      const small = [...mixed.filter((message) => !isLarge(message)), again]
      for (let at = 0; at < small.length; at += 500) {
        await producer.send({ topic, messages: small.slice(at, at + 500) })
      }
      const letters = cases.length + 1
      const rows = good.length + others.length
      let seen: unknown
      await until(
        () => `${rows} rows and ${letters} dead letters, but ${JSON.stringify(seen)}`,
        async () => {
          expect(unrest(stream)).toBe('')
          const [one] = await space.analytics.rows<{ rows: number; letters: number }>(
            `SELECT (SELECT count() FROM classifications) AS rows,
                    (SELECT count() FROM dead_letters) AS letters`,
          )
          seen = one
          return one!.rows >= rows && one!.letters >= letters
        },
        300_000,
      )
      const found = await space.analytics.rows<{ key: string; code: string }>(
        'SELECT key, code FROM dead_letters',
      )
      const codes = new Map(found.map(({ key, code }) => [key, code]))
      const wrong = cases
        .map(({ name, code }, at) => ({ name, code, got: codes.get(`poison-${at}`) }))
        .filter(({ code, got }) => code !== got)
      expect(wrong).toEqual([])
      expect(codes.get('twice')).toBe('duplicate_id')
      expect(found).toHaveLength(letters)
      const [classified] = await space.analytics.rows<{
        n: number
        distinct: number
        ids: string[]
      }>(
        `SELECT count() AS n, uniqExact(event_id) AS distinct,
           groupArrayIf(event_id, NOT startsWith(event_id, 'good-')) AS ids FROM classifications`,
      )
      expect(classified).toMatchObject({ n: rows, distinct: rows })
      expect(classified!.ids).toEqual(expect.arrayContaining(odd.map(({ id }) => id)))
      expect(await readBalance(space.analytics, topic)).toEqual([
        { model: 'test', events: rows + letters, rows, open: letters, isBalanced: true },
      ])
      // No retry, no log line, no restart.
      const metrics = await (await fetch(`${String(stream.document['metrics'])}/metrics`)).text()
      expect(metrics).not.toMatch(/^winnow_retries_total\{.*\} [1-9]/m)
      expect(unrest(stream)).toBe('')
      expect(await stream.stop()).toBe(0)
    } finally {
      await producer.disconnect()
      await stream.stop()
    }
  })
})

/** What the stream wrote after its first line: normal operation is quiet. */
function unrest(stream: Running): string {
  return stream.output().stderr.replace(/^.*stop with Ctrl-C\n/, '')
}

/** Shuffles in the same order each time. */
function shuffled<Element>(elements: readonly Element[]): Element[] {
  return elements
    .map((element, at) => ({ element, place: ((at + 1) * 0.6180339887498949) % 1 }))
    .sort((a, b) => a.place - b.place)
    .map(({ element }) => element)
}
