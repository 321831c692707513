// Replaying dead letters on the real broker, registry and engine: after a fix each counts once, for
// its first record, whatever is repeated, killed or run separately.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { SchemaType } from '@kafkajs/confluent-schema-registry'
import type { Balance, CodeCount, LetterRow } from '../../infra/readers/dead-letter-reader.ts'
import type { ReplayDocument } from '../../commands/events/dlq-replay.ts'
import { cacheDir } from '../../configs/paths.ts'
import { openProducer, type RecordProducer } from '../../infra/kafka/kafka.ts'
import { connectionsOf } from '../../infra/local/services/stack-state.ts'
import { startStack, stopStack } from '../../infra/local/supervisor.ts'
import { openSchemas } from '../../infra/schema-registry/registry.ts'
import { readLag, topicOf } from '../../infra/kafka/topics.ts'
import type { OutgoingRecord } from '../../schemas/record.ts'
import { eventAvro } from '../../schemas/event.ts'
import { startWinnow } from '../support/cli.ts'
import { registryClient, type RegistryAccess } from '../support/registry-client.ts'
import { until } from '../support/until.ts'
import { withinProcess } from '../support/within-process.ts'
import { openWorkspace, sampleText, type Workspace } from '../support/workspace.ts'

let space: Workspace
let producer: RecordProducer

/** A registry of its own, because the test must know the id of the next schema. */
let registryDir: string
let ownRegistry: RegistryAccess

beforeAll(async () => {
  registryDir = await mkdtemp(join(tmpdir(), 'winnow-registry-'))
  const ports = { kafka: 0, registry: 0, analytics: 0 }
  const options = { stateDir: registryDir, cacheDir: cacheDir(), ports }
  ownRegistry = connectionsOf(await startStack({ ...options, services: ['registry'] }))
  space = await openWorkspace(inject('stack'), {
    WINNOW_REGISTRY_URL: ownRegistry.registryUrl,
    WINNOW_REGISTRY_TOKEN: ownRegistry.registryToken,
  })
  producer = await openProducer(space.kafka)
})

afterAll(async () => {
  await producer.close()
  await space.close()
  await stopStack({ stateDir: registryDir })
  await rm(registryDir, { recursive: true, force: true })
})

const events = () => topicOf(space.config.topics, 'events')

async function json<Answer>(...args: string[]): Promise<Answer> {
  const { status, stdout, stderr } = await withinProcess([...args, '--json'], { env: space.env })
  expect(status, stderr).toBe(0)
  return JSON.parse(stdout) as Answer
}

const summary = () => json<{ codes: CodeCount[]; balance: Balance[] }>('dlq', 'list', '--summary')

/** Waits until the stream has `count` outcomes: rows and dead letters of all attempts. */
function outcomes(count: number) {
  return until(
    `${count} outcomes`,
    async () => {
      const [row] = await space.analytics.rows<{ n: number }>(
        `SELECT (SELECT count() FROM classifications) + (SELECT count() FROM dead_letters) AS n`,
      )
      return row!.n >= count ? row!.n : undefined
    },
    300_000,
  )
}

/** Waits until every record is committed, including those sent twice. */
async function noLag(): Promise<void> {
  const groups = { groupPrefix: 'winnow.validate', topics: [events()] }
  const isCommitted = async () => {
    const lags = await readLag(space.kafka, groups)
    return lags.length > 0 && lags.every(({ lag }) => lag === 0)
  }
  await until('no lag', isCommitted, 120_000)
}

const good = 40
/** Values that are rejected at first, each with its code before and after the fix. */
const bad: Record<string, { value: Buffer | null; before: string; after: string }> = {
  'fixed by the limit': {
    value: Buffer.from(JSON.stringify({ id: 'long', text: 'where is my parcel? '.repeat(50) })),
    before: 'text_too_long',
    after: 'ok',
  },
  'fixed by the limit, and cut in its dead letter': {
    value: Buffer.from(JSON.stringify({ id: 'cut', text: 'please refund me. '.repeat(5_000) })),
    before: 'text_too_long',
    after: 'ok',
  },
  'too long for ever': {
    value: Buffer.from(JSON.stringify({ text: 'x'.repeat(1_100_000) })),
    before: 'text_too_long',
    after: 'text_too_long',
  },
  'bytes that are no text': {
    value: Buffer.from([0x1f, 0x8b, 0x08, 0xff, 0xfe, 0x80]),
    before: 'utf8_invalid',
    after: 'utf8_invalid',
  },
  'no value': { value: null, before: 'value_null', after: 'value_null' },
  'an empty value': { value: Buffer.alloc(0), before: 'json_invalid', after: 'json_invalid' },
}

describe('dlq replay', () => {
  const strict = ['--set', 'limits.textBytesMax=200']
  const args = ['stream', '--stages', 'validate..infer']
  /** The bad events above, and one whose schema is registered with the fix. */
  const badCount = Object.keys(bad).length + 1
  const fixed = 3

  it('turns what a fix made good into rows of the first records, and leaves one letter of the rest', async () => {
    const schemas = await openSchemas(space.config.registry, space.config.topics.prefix)
    const own = { id: null, text: 'thank you, wonderful', source: null, time: null } as const
    const encoded = schemas.encode('events', { ...own, attributes: { k: 'é' }, label: null })
    // The next registered schema gets the next id.
    const registry = registryClient(ownRegistry)
    const register = (fields: readonly object[], name: string) =>
      registry.register(
        { type: SchemaType.AVRO, schema: JSON.stringify({ ...eventAvro, fields }) },
        { subject: `${space.config.topics.prefix}${name}` },
      )
    const { id } = await register([...eventAvro.fields, added('first')], 'probe')
    const later = Buffer.concat([encoded, Buffer.from([0])])
    later.writeUInt32BE(id + 1, 1)

    const records: OutgoingRecord[] = [
      ...Array.from({ length: good }, (_, at) => ({
        key: `good-${at}`,
        value: JSON.stringify({ id: `good-${at}`, text: sampleText(at).text }),
      })),
      ...Object.values(bad).map(({ value }) => ({ key: null, value })),
      { key: Buffer.from([0xff, 0x00]), value: later },
    ]
    // Events of at most 200 bytes; the samples fit.
    const first = await startWinnow([...args, ...strict], { env: space.env })
    try {
      await producer.send(events(), records)
      await outcomes(good + badCount)
    } finally {
      expect(await first.stop()).toBe(0)
    }
    const before = await summary()
    expect(before.balance).toMatchObject([
      { model: 'test', events: good + badCount, rows: good, open: badCount, isBalanced: true },
    ])
    expect(before.codes.find(({ code }) => code === 'schema_unknown')).toEqual({
      code: 'schema_unknown',
      open: 1,
      total: 1,
    })

    const known = await register([...eventAvro.fields, added('second')], 'probe-2')
    expect(known.id).toBe(id + 1)
    const dry = await json<ReplayDocument>('dlq', 'replay', '--dry-run')
    expect(dry).toMatchObject({ matched: badCount, sent: badCount, skipped: {}, dryRun: true })
    const done = await json<ReplayDocument>('dlq', 'replay')
    expect(done).toMatchObject({ matched: badCount, sent: badCount, reread: 2, skipped: {} })
    expect(done.byCode['text_too_long']).toEqual({ matched: 3, sent: 3, skipped: 0 })
    // A second run finds all of them already sent; with --again it sends them again.
    const second = await json<ReplayDocument>('dlq', 'replay')
    expect(second).toMatchObject({ sent: 0, skipped: { already_sent: badCount } })
    const forced = await json<ReplayDocument>('dlq', 'replay', '--again')
    expect(forced).toMatchObject({ sent: badCount, skipped: {} })

    // The consumer dies while it processes them, and another one continues.
    const killed = await startWinnow(args, { env: space.env })
    await outcomes(good + badCount + 1)
    await killed.stop('SIGKILL')
    const stream = await startWinnow(args, { env: space.env })
    try {
      await outcomes(good + 2 * badCount)
      await noLag()
      const open = badCount - fixed
      expect((await summary()).balance).toMatchObject([
        { model: 'test', events: good + badCount, rows: good + fixed, open, isBalanced: true },
      ])
      const rows = await space.analytics.rows<{ id: string; attempt: number }>(
        `SELECT event_id AS id, attempt FROM classifications WHERE attempt > 0 ORDER BY id`,
      )
      expect(rows.slice(0, 2)).toEqual([
        { id: 'cut', attempt: 1 },
        { id: 'long', attempt: 1 },
      ])
      // An event without an id gets the id of its first record.
      const [letter] = await json<LetterRow[]>('dlq', 'list', '--all', '--code', 'schema_unknown')
      expect(rows[2]).toEqual({ id: letter!.id, attempt: 1 })
      expect(letter!.open).toBe(false)

      const codes = (await summary()).codes.filter((one) => one.open > 0)
      expect(codes.map(({ code, open: count }) => [code, count]).sort()).toEqual(
        Object.values(bad)
          .filter(({ after }) => after !== 'ok')
          .map(({ after }) => [after, 1])
          .sort(),
      )
      const attempts = await space.analytics.rows<{ attempt: number; n: number }>(
        'SELECT attempt, count() AS n FROM dead_letters GROUP BY attempt ORDER BY attempt',
      )
      expect(attempts).toEqual([
        { attempt: 0, n: badCount },
        { attempt: 1, n: open },
      ])
      // Replays count neither in the latency of the stream nor in a range of the topic.
      const [latency] = await space.analytics.rows<{ events: number }>(
        'SELECT sum(events) AS events FROM latency',
      )
      expect(latency!.events).toBe(good)
      const range = await json<{ events: number; results: number }>(
        ...['replay', '--model', 'test', '--into', 'again'],
      )
      expect(range).toMatchObject({ events: good + badCount, results: good + fixed })

      // Once more: an event that cannot be fixed is one dead letter of the next attempt.
      const third = await json<ReplayDocument>('dlq', 'replay', '--since', '1h', '--limit', '3')
      expect(third).toMatchObject({ matched: 3, sent: 3 })
      await outcomes(good + 2 * badCount + 3)
      expect((await summary()).balance).toMatchObject([{ open, isBalanced: true }])
    } finally {
      expect(await stream.stop()).toBe(0)
    }
  })

  it('shows each attempt, bytes that are no text in hexadecimal, and no control characters', async () => {
    const [binary] = await json<LetterRow[]>('dlq', 'list', '--code', 'utf8_invalid')
    const shown = await json<Record<string, unknown>>('dlq', 'show', binary!.id)
    expect(shown).toMatchObject({ open: true, payloadBytes: 6, payloadHex: '1f8b08fffe80' })
    expect(shown['attempts']).toHaveLength(binary!.attempt + 1)
    const page = await withinProcess(['dlq', 'show', binary!.id], { env: space.env })
    expect(page.stdout).toContain('000000  1f 8b 08 ff fe 80')

    const stream = await startWinnow(args, { env: space.env })
    try {
      await producer.send(events(), [
        { key: null, value: '{"text":"\u001b[31mred\u0007\u202e","id":"", "a":"\nb"}' },
      ])
      const code = await until('the letter', async () => {
        const found = await json<LetterRow[]>('dlq', 'list', '--code', 'json_invalid')
        return found.find(({ attempt, message }) => attempt === 0 && message.includes('control'))
      })
      for (const shownAs of [
        ['dlq', 'list', '--all'],
        ['dlq', 'show', code.id],
      ]) {
        const { stdout } = await withinProcess(shownAs, { env: space.env })
        expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
      }
      const { stdout } = await withinProcess(['dlq', 'show', code.id], { env: space.env })
      expect(stdout).toContain('"text":"\\u001b[31mred\\u0007\\u202e"')

      const source = 'a\u001b[2J\u001b[31mb'
      const event = { id: 'steering', text: 'hello', source, attributes: { k: '\u0085\u009b2J' } }
      await producer.send(events(), [{ key: null, value: JSON.stringify(event) }])
      const select = `SELECT source, attributes FROM classifications WHERE event_id = 'steering'`
      await until('the row', async () => (await space.analytics.rows(select)).length === 1)
      for (const form of [[], ['--json']]) {
        const found = await withinProcess(['query', select, ...form], { env: space.env })
        expect(found.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
        expect(found.stdout).toContain('a\\u001b[2J\\u001b[31mb')
        if (form.length > 0) expect(JSON.parse(found.stdout)).toMatchObject({ rows: [{ source }] })
      }
      const raw = await withinProcess(['query', `${select} FORMAT TSV`, '--raw'], {
        env: space.env,
      })
      expect(raw.stdout).toContain(source)
    } finally {
      expect(await stream.stop()).toBe(0)
    }
  })
})

function added(name: string): object {
  return { name, type: ['null', 'string'], default: null, doc: 'A field of another version.' }
}
