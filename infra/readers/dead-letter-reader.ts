// Reads dead letters from ClickHouse: lists, counts, the history of one, the bytes of its event.
// Sinks write them; serving/letters/letter-replay.ts replays them.
import type { Analytics } from '../clickhouse/clickhouse.ts'
import type { LetterPosition } from '../../schemas/cursors/letter-cursor.ts'
import { seconds } from '../sinks/classification-rows.ts'

/** Selects dead letters. Times are those of rejection, in epoch milliseconds. */
export type LetterFilter = {
  readonly state: 'open' | 'all'
  readonly code?: string | undefined
  readonly sinceMs?: number | undefined
  readonly untilMs?: number | undefined
  /** Ids as `deadLetterId` makes them. */
  readonly ids?: readonly string[] | undefined
  /** Only what follows this place, newest first. */
  readonly after?: LetterPosition | undefined
}

export type LetterRow = {
  id: string
  code: string
  stage: string
  /** How often the event had been replayed before. */
  attempt: number
  model: string
  open: boolean
  rejectedAt: string
  rejectedAtMs: number
  recordTimeMs: number
  message: string
}

/**
 * An event with an open dead letter: the position of its first record, and what is known of its
 * value.
 */
export type OpenEvent = {
  topic: string
  partition: number
  offset: number
  recordTimeMs: number
  code: string
  /** Of its latest dead letter. */
  attempt: number
  payloadBytes: number
  /** Whether the next attempt was already sent. */
  isSent: boolean
}

const idSql = `concat(topic, '/', toString(partition), '/', toString(offset))`
const letterKey = 'topic, partition, offset, record_time, model, attempt'
const letterColumns = `${idSql} AS id, code, stage, attempt, model,
  toString(rejected_at) AS rejectedAt, toUnixTimestamp64Milli(rejected_at) AS rejectedAtMs,
  toUnixTimestamp64Milli(record_time) AS recordTimeMs, message`

/** The latest dead letters, newest first. */
export async function listLetters(
  analytics: Analytics,
  filter: LetterFilter,
  rowsMax: number,
): Promise<LetterRow[]> {
  const { where, parameters } = conditionsOf(filter)
  const isOpen =
    filter.state === 'open'
      ? 'true'
      : `(${letterKey}) IN (SELECT ${letterKey} FROM open_dead_letters)`
  return analytics.rows<LetterRow>(
    `SELECT ${letterColumns}, toBool(${isOpen}) AS open FROM ${tableOf(filter)} WHERE ${where}
     ORDER BY rejected_at DESC, ${letterKey} LIMIT {rowsMax: UInt32}`,
    { ...parameters, rowsMax },
  )
}

/** The latest dead letter of an event, with its earlier attempts. */
export type ShownLetter = LetterRow & {
  recordTime: string
  key: Buffer
  /** As much of the value as was kept. */
  payload: Buffer
  payloadBytes: number
  attempts: Pick<LetterRow, 'attempt' | 'model' | 'code' | 'rejectedAt' | 'rejectedAtMs'>[]
}

/** Reads the latest dead letter of an event; undefined when it has none. */
export async function readLetter(
  analytics: Analytics,
  at: { topic: string; partition: number; offset: number | bigint },
): Promise<ShownLetter | undefined> {
  const letters = await analytics.rows<
    LetterRow & KeptRow & { recordTime: string; payloadBytes: number }
  >(
    `SELECT ${letterColumns}, toString(record_time) AS recordTime, ${keptColumns},
       toBool((${letterKey}) IN (SELECT ${letterKey} FROM open_dead_letters
         WHERE topic = {topic: String} AND partition = {partition: UInt32}
           AND offset = {offset: UInt64})) AS open
     FROM dead_letters WHERE topic = {topic: String} AND partition = {partition: UInt32}
       AND offset = {offset: UInt64}
     ORDER BY record_time DESC, attempt DESC, open DESC, model LIMIT 100`,
    at,
  )
  const [latest] = letters
  if (latest === undefined) return undefined
  const { key, keyBase64, payload, payloadBase64, ...facts } = latest
  return {
    ...facts,
    key: bytesOf(key, keyBase64),
    payload: bytesOf(payload, payloadBase64),
    attempts: letters.map(({ attempt, model, code, rejectedAt, rejectedAtMs }) => ({
      attempt,
      model,
      code,
      rejectedAt,
      rejectedAtMs,
    })),
  }
}

export type CodeCount = { code: string; open: number; total: number }

/** Counts dead letters by code: the open ones and all that were ever written. */
export async function countLetters(
  analytics: Analytics,
  filter: LetterFilter,
): Promise<CodeCount[]> {
  const { where, parameters } = conditionsOf(filter)
  return analytics.rows<CodeCount>(
    `SELECT code, countIf(is_open) AS open, countIf(NOT is_open) AS total
     FROM (
       SELECT code, false AS is_open FROM dead_letters WHERE ${where}
       UNION ALL SELECT code, true AS is_open FROM open_dead_letters WHERE ${where}
     )
     GROUP BY code ORDER BY open DESC, total DESC, code`,
    parameters,
  )
}

/**
 * How many events of a topic had which outcome, for one model; rows and open dead letters must add
 * up to all events.
 */
export type Balance = {
  model: string
  events: number
  rows: number
  open: number
  isBalanced: boolean
}

/**
 * Reads the balance of each model. Every event has exactly one outcome of attempt 0, whatever came
 * later.
 */
export async function readBalance(analytics: Analytics, topic: string): Promise<Balance[]> {
  const counted = await analytics.rows<Omit<Balance, 'isBalanced'>>(
    `SELECT model, sum(events) AS events, sum(rows) AS rows, sum(open) AS open
     FROM (
       SELECT model, countIf(attempt = 0) AS events, count() AS rows, 0 AS open
       FROM classifications WHERE topic = {topic: String} AND role != 'shadow' GROUP BY model
       UNION ALL
       SELECT model, uniqExact(partition, offset, record_time) AS events, 0 AS rows, 0 AS open
       FROM dead_letters WHERE topic = {topic: String} AND attempt = 0 GROUP BY model
       UNION ALL
       SELECT model, 0 AS events, 0 AS rows, count() AS open
       FROM open_dead_letters WHERE topic = {topic: String} GROUP BY model
     )
     GROUP BY model ORDER BY model`,
    { topic },
  )
  // An event that a stage shared by all models rejected counts for each of them.
  const shared = counted.find(({ model }) => model === '') ?? { events: 0, rows: 0, open: 0 }
  const named = counted.filter(({ model }) => model !== '')
  const sums =
    named.length === 0
      ? counted
      : named.map((one) => ({
          ...one,
          events: one.events + shared.events,
          open: one.open + shared.open,
        }))
  return sums.map((one) => ({ ...one, isBalanced: one.events === one.rows + one.open }))
}

/**
 * Events with open dead letters in the order of their partitions, as the table has them at the
 * call.
 */
export async function* openEvents(
  analytics: Analytics,
  filter: Omit<LetterFilter, 'state'>,
): AsyncGenerator<OpenEvent> {
  const { where, parameters } = conditionsOf({ ...filter, state: 'open' })
  let last: OpenEvent | undefined
  for await (const event of analytics.stream<OpenEvent>(
    `SELECT topic, partition, offset, toUnixTimestamp64Milli(record_time) AS recordTimeMs, code,
       attempt, payload_bytes AS payloadBytes,
       toBool((topic, partition, offset, record_time, attempt + 1) IN (
         SELECT topic, partition, offset, record_time, toUInt64(attempt) FROM dead_letter_replays
       )) AS isSent
     FROM open_dead_letters WHERE ${where}
     ORDER BY topic, partition, offset, record_time, attempt DESC`,
    parameters,
  )) {
    // If several models rejected one event, one record is sent: for the latest attempt.
    if (last === undefined || !isSameEvent(last, event)) yield event
    last = event
  }
}

/** The keys and values that the dead letters of one partition's events kept. */
export type KeptValue = {
  key: Buffer | null
  /**
   * Null: the record had no value. Undefined: the value was truncated, never read, or not the
   * event's own.
   */
  value: Buffer | null | undefined
}

/** Reads the kept keys and values of events of one partition, in their order. */
export async function readKept(
  analytics: Analytics,
  events: readonly OpenEvent[],
): Promise<KeptValue[]> {
  const [first] = events
  if (first === undefined) return []
  const rows = await analytics.rows<KeptRow & Place & { code: string }>(
    `SELECT offset, toUnixTimestamp64Milli(record_time) AS recordTimeMs, code,
       ${keptColumns}
     FROM dead_letters
     WHERE topic = {topic: String} AND partition = {partition: UInt32}
       AND offset IN {offsets: Array(UInt64)} AND payload_topic = ''
     ORDER BY offset, attempt DESC LIMIT 1 BY offset, record_time`,
    {
      topic: first.topic,
      partition: first.partition,
      offsets: events.map(({ offset }) => offset),
    },
  )
  return events.map((event) => {
    const row = rows.find((one) => isSamePlace(one, event))
    return { key: row === undefined ? null : keptKey(row), value: row && keptValue(row) }
  })
}

const keptColumns = `key, key_base64 AS keyBase64, payload, payload_base64 AS payloadBase64,
  payload_bytes AS payloadBytes`

type KeptRow = {
  key: string
  keyBase64: string
  payload: string
  payloadBytes: number
  payloadBase64: string
}

/** The bytes of a column that shows them as text, or has them in base64 where text cannot. */
function bytesOf(text: string, base64: string): Buffer {
  return base64 === '' ? Buffer.from(text) : Buffer.from(base64, 'base64')
}

function keptKey({ key, keyBase64 }: KeptRow): Buffer | null {
  const bytes = bytesOf(key, keyBase64)
  return bytes.length === 0 ? null : bytes
}

function keptValue(row: KeptRow & { code: string }): Buffer | null | undefined {
  if (row.code === 'value_null') return null
  if (row.code === 'batch_corrupt' || row.code === 'record_too_large') return undefined
  const bytes = bytesOf(row.payload, row.payloadBase64)
  // Rows older than payload_base64 have only the text, where U+FFFD stands for invalid UTF-8.
  const isLossy = row.payloadBase64 === '' && row.payload.includes('\ufffd')
  return bytes.length === row.payloadBytes && !isLossy ? bytes : undefined
}

function isSameEvent(a: OpenEvent, b: OpenEvent): boolean {
  return a.topic === b.topic && a.partition === b.partition && isSamePlace(a, b)
}

type Place = { readonly offset: number; readonly recordTimeMs: number }

function isSamePlace(a: Place, b: Place): boolean {
  return a.offset === b.offset && a.recordTimeMs === b.recordTimeMs
}

const replayColumns = [
  'topic',
  'partition',
  'offset',
  'record_time',
  'attempt',
  'code',
  'sent_at',
  'sent_by',
] as const satisfies readonly [string, ...string[]]

/** Stores that the next attempts at events were sent. */
export async function noteSent(
  analytics: Analytics,
  sent: { events: readonly OpenEvent[]; by: string; atMs: number },
): Promise<void> {
  const { events, by, atMs } = sent
  await analytics.insert('dead_letter_replays', {
    columns: replayColumns,
    values: events.map((one) => [
      one.topic,
      one.partition,
      one.offset,
      seconds(one.recordTimeMs),
      one.attempt + 1,
      one.code,
      seconds(atMs),
      by,
    ]),
    token: `${by}-${atMs}-${events[0]?.topic}/${events[0]?.partition}/${events[0]?.offset}`,
  })
}

function tableOf({ state }: LetterFilter): string {
  return state === 'open' ? 'open_dead_letters' : 'dead_letters'
}

function conditionsOf(filter: LetterFilter): {
  where: string
  parameters: Record<string, unknown>
} {
  const { code, sinceMs, untilMs, ids, after } = filter
  const conditions = ['true']
  if (code !== undefined) conditions.push('code = {code: String}')
  if (sinceMs !== undefined) {
    conditions.push('rejected_at >= fromUnixTimestamp64Milli({sinceMs: Int64})')
  }
  if (untilMs !== undefined) {
    conditions.push('rejected_at < fromUnixTimestamp64Milli({untilMs: Int64})')
  }
  if (ids !== undefined) conditions.push(`${idSql} IN {ids: Array(String)}`)
  if (after !== undefined) {
    const rejectedAt = 'fromUnixTimestamp64Milli({rejectedAtMs: Int64})'
    conditions.push(
      `(rejected_at < ${rejectedAt} OR rejected_at = ${rejectedAt} AND (${letterKey}) > (
         {topic: String}, {partition: UInt32}, {offset: UInt64},
         fromUnixTimestamp64Milli({recordTimeMs: Int64}), {model: String}, {attempt: UInt32}))`,
    )
  }
  const given = Object.entries({ code, sinceMs, untilMs, ids, ...after })
  const parameters = Object.fromEntries(given.filter(([, value]) => value !== undefined))
  return { where: conditions.join(' AND '), parameters }
}
