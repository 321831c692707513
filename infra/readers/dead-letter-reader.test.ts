// What is asked for which filter, and what is made of the answers. What the SQL finds is tested on
// the real engine in tests/integration/dead-letters.test.ts.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { exception } from '../../tests/support/fake-clickhouse.ts'
import { collect } from '../../tests/support/collect.ts'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import {
  countLetters,
  listLetters,
  noteSent,
  openEvents,
  readBalance,
  readKept,
  readLetter,
  type OpenEvent,
} from './dead-letter-reader.ts'

let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
})
afterEach(() => scripted.close())

const asked = () => scripted.statements().at(-1)!

const event = (offset: number, fields: Partial<OpenEvent> = {}): OpenEvent => ({
  topic: 't',
  partition: 0,
  offset,
  recordTimeMs: offset * 10,
  code: 'text_empty',
  attempt: 0,
  payloadBytes: 5,
  isSent: false,
  ...fields,
})

describe('listLetters', () => {
  it('asks for open ones, or for all with whether each is open', async () => {
    await listLetters(scripted.analytics, { state: 'open' }, 20)
    expect(asked().sql).toMatch(/FROM open_dead_letters WHERE true\s/)
    expect(asked().parameters).toEqual({ rowsMax: '20' })
    await listLetters(scripted.analytics, { state: 'all' }, 20)
    expect(asked().sql).toMatch(
      /IN \(SELECT [\s\S]* FROM open_dead_letters\)[\s\S]*FROM dead_letters/,
    )
  })

  it('gives each condition of the filter to the engine as a parameter, never as text', async () => {
    const code = "x' OR '1'='1"
    const filter = { state: 'open', code, sinceMs: 5, untilMs: 9, ids: ['t/0/1'] } as const
    await listLetters(scripted.analytics, filter, 1)
    expect(asked().parameters).toEqual({
      rowsMax: '1',
      code: expect.stringContaining('OR') as string,
      sinceMs: '5',
      untilMs: '9',
      ids: "['t/0/1']",
    })
    expect(asked().sql).not.toContain("'1'='1")
    for (const name of ['code', 'sinceMs', 'untilMs', 'ids'])
      expect(asked().sql).toContain(`{${name}: `)
  })
})

describe('readLetter', () => {
  const at = { topic: 't', partition: 0, offset: 7 }
  const row = {
    id: 't/0/7',
    code: 'json_invalid',
    stage: 'validate',
    attempt: 1,
    model: '',
    open: true,
    rejectedAt: '2026-01-01 00:00:00.000',
    message: 'half',
    recordTime: '2025-12-31 00:00:00.000',
    key: 'k',
    keyBase64: '',
    payload: 'a\ufffd',
    payloadBase64: Buffer.from([0x61, 0xff]).toString('base64'),
    payloadBytes: 2,
  }

  it('gives the latest letter with its bytes, and the attempts before it', async () => {
    scripted.answer('FROM dead_letters', [row, { ...row, attempt: 0, code: 'text_empty' }])
    const letter = await readLetter(scripted.analytics, at)
    expect(letter).toMatchObject({
      id: 't/0/7',
      attempt: 1,
      key: Buffer.from('k'),
      payload: Buffer.from([0x61, 0xff]),
    })
    expect(letter!.attempts.map(({ attempt, code }) => [attempt, code])).toEqual([
      [1, 'json_invalid'],
      [0, 'text_empty'],
    ])
    expect(letter).not.toHaveProperty('payloadBase64')
  })

  it('is undefined for an event that has none', async () => {
    expect(await readLetter(scripted.analytics, at)).toBeUndefined()
  })
})

describe('countLetters', () => {
  it('counts open ones and all by one filter', async () => {
    const counts = [{ code: 'text_empty', open: 1, total: 3 }]
    scripted.answer('countIf', counts)
    expect(await countLetters(scripted.analytics, { state: 'open', code: 'text_empty' })).toEqual(
      counts,
    )
    expect(asked().sql.match(/WHERE true AND code = \{code: String\}/g)).toHaveLength(2)
  })
})

describe('readBalance', () => {
  const balanceOf = (rows: object[]) => {
    scripted.answer('sum(events)', rows)
    return readBalance(scripted.analytics, 't')
  }

  it('counts what a stage for every model rejected for each of them', async () => {
    const balance = await balanceOf([
      { model: '', events: 2, rows: 0, open: 2 },
      { model: 'mail', events: 8, rows: 7, open: 1 },
      { model: 'news', events: 8, rows: 7, open: 0 },
    ])
    expect(balance).toEqual([
      { model: 'mail', events: 10, rows: 7, open: 3, isBalanced: true },
      { model: 'news', events: 10, rows: 7, open: 2, isBalanced: false },
    ])
  })

  it('has no model where none has classified yet', async () => {
    expect(await balanceOf([{ model: '', events: 2, rows: 0, open: 2 }])).toEqual([
      { model: '', events: 2, rows: 0, open: 2, isBalanced: true },
    ])
    expect(await balanceOf([])).toEqual([])
  })
})

describe('openEvents', () => {
  it('gives an event with several open letters once, as its latest attempt', async () => {
    scripted.answer('FROM open_dead_letters', [
      event(1, { attempt: 2 }),
      event(1, { attempt: 1 }),
      // The same offset of a topic that was created again is another event.
      event(1, { recordTimeMs: 99 }),
      event(1, { recordTimeMs: 99, partition: 1 }),
      event(1, { recordTimeMs: 99, partition: 1, topic: 'u' }),
      event(2),
    ])
    const events = await collect(openEvents(scripted.analytics, { code: 'text_empty' }))
    expect(events).toEqual([
      event(1, { attempt: 2 }),
      event(1, { recordTimeMs: 99 }),
      event(1, { recordTimeMs: 99, partition: 1 }),
      event(1, { recordTimeMs: 99, partition: 1, topic: 'u' }),
      event(2),
    ])
    expect(asked().parameters).toEqual({ code: 'text_empty' })
  })

  it('throws what the engine answers', async () => {
    scripted.engine.select = exception(60, 'UNKNOWN_TABLE').answer
    await expect(collect(openEvents(scripted.analytics, {}))).rejects.toMatchObject({
      code: 'analytics_refused',
    })
  })
})

describe('readKept', () => {
  const kept = (offset: number, fields: object = {}) => ({
    offset,
    recordTimeMs: offset * 10,
    code: 'text_empty',
    key: '',
    keyBase64: '',
    payload: 'hello',
    payloadBase64: '',
    payloadBytes: 5,
    ...fields,
  })
  const valueOf = async (fields: object) => {
    scripted.answer('FROM dead_letters', [kept(1, fields)])
    const [one] = await readKept(scripted.analytics, [event(1)])
    return one
  }

  it('gives keys and values in the order of the events', async () => {
    scripted.answer('FROM dead_letters', [kept(3, { payload: 'three' }), kept(1, { key: 'k' })])
    expect(await readKept(scripted.analytics, [event(1), event(2), event(3)])).toEqual([
      { key: Buffer.from('k'), value: Buffer.from('hello') },
      { key: null, value: undefined },
      { key: null, value: Buffer.from('three') },
    ])
    expect(asked().parameters).toEqual({ topic: 't', partition: '0', offsets: '[1,2,3]' })
  })

  it('asks nothing for no events', async () => {
    expect(await readKept(scripted.analytics, [])).toEqual([])
    expect(scripted.statements()).toEqual([])
  })

  it.each([
    [
      'bytes that are no text',
      { payload: '\ufffd', payloadBase64: '/w==', payloadBytes: 1 },
      Buffer.from([0xff]),
    ],
    ['no value at all', { code: 'value_null', payload: '', payloadBytes: 0 }, null],
    ['a value that was cut', { payloadBytes: 70_000 }, undefined],
    ['bytes of an old row, shown as text', { payload: '\ufffd', payloadBytes: 3 }, undefined],
    [
      'a batch that could not be read',
      { code: 'batch_corrupt', payload: '', payloadBytes: 0 },
      undefined,
    ],
    [
      'a record that was too large',
      { code: 'record_too_large', payload: '', payloadBytes: 0 },
      undefined,
    ],
    ['another record time', { recordTimeMs: 11 }, undefined],
  ])('of %s', async (_what, fields, value) => {
    expect((await valueOf(fields))!.value).toEqual(value)
  })

  it('has a key that is no text in its bytes, and an empty one for none', async () => {
    expect((await valueOf({ key: '\ufffd', keyBase64: '/w==' }))!.key).toEqual(Buffer.from([0xff]))
    expect((await valueOf({ key: '' }))!.key).toBeNull()
  })
})

describe('noteSent', () => {
  it('notes the next attempt of each event', async () => {
    const events = [event(1, { attempt: 2 }), event(4)]
    await noteSent(scripted.analytics, { events, by: 'ann', atMs: 1_700_000_000_000 })
    const [insert] = scripted.inserts()
    expect(insert).toMatchObject({ table: 'dead_letter_replays', token: 'ann-1700000000000-t/0/1' })
    expect(insert!.rows).toEqual(
      [
        [1, 3, '0000000000.010'],
        [4, 1, '0000000000.040'],
      ].map(([offset, attempt, record_time]) => ({
        topic: 't',
        partition: 0,
        offset,
        record_time,
        attempt,
        code: 'text_empty',
        sent_at: '1700000000.000',
        sent_by: 'ann',
      })),
    )
  })
})
