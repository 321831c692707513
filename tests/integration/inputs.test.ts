// Topics of other systems, mapped by configuration alone: every record becomes a row, a dead letter
// that names the path, or is filtered, in one process beside winnow.events.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { loadConfig } from '../../configs/load.ts'
import { createTopics, topicOf } from '../../infra/kafka/topics.ts'
import { readStageLag } from '../../serving/figures/stage-lag.ts'
import { readTopicBalance } from '../../serving/figures/topic-balance.ts'
import { startWinnow, type Environment, type Running } from '../support/cli.ts'
import { uniqueName } from '../support/backends.ts'
import { registryClient } from '../support/registry-client.ts'
import { until } from '../support/until.ts'
import { withinProcess } from '../support/within-process.ts'
import { openWorkspace, sampleText, trainTestModel, type Workspace } from '../support/workspace.ts'

const prefix = uniqueName()
/** Read by the mapping once it is corrected. */
const secondPath = 'order.notes[0].body'

const [orders, lines, sheets, tickets] = ['orders', 'lines', 'sheets', 'tickets'].map(
  (name) => `${prefix}_${name}`,
) as [string, string, string, string]

const inputs = [
  {
    topic: orders,
    keyFormat: 'json',
    fields: {
      text: `{order.title}\n\n{${secondPath}}`,
      id: 'key.id',
      time: 'created',
      source: 'headers.x-shop',
      attributes: { customer: 'order.customer.number', express: 'order.express?' },
    },
    timeUnit: 's',
    constants: { attributes: { team: 'shop' } },
    filter: { type: ['note', 'complaint'] },
  },
  {
    topic: lines,
    start: '2026-05-01T00:00:00Z',
    format: 'text',
    constants: { source: 'log' },
    cleaning: { steps: ['markup'] },
  },
  {
    topic: sheets,
    format: 'csv',
    delimiter: ';',
    columns: ['number', 'what', 'said'],
    fields: { text: 'said', id: 'sheet-{number}', label: 'what?' },
    models: ['test', 'mood'],
  },
  {
    topic: tickets,
    format: 'avro',
    fields: { text: 'body', id: 'ticket-{id}', attributes: { state: 'state' } },
  },
]

let space: Workspace
let env: Environment
let stream: Running

beforeAll(async () => {
  space = await openWorkspace(inject('stack'))
  env = { ...space.env, WINNOW_INPUTS: JSON.stringify(inputs) }
  await trainTestModel(space.storeDir, { name: 'mood' })
  const admin = space.kafka.admin()
  await admin.connect()
  await createTopics(
    admin,
    inputs.map(({ topic }) => ({ topic, numPartitions: 3, replicationFactor: 1 })),
  )
  await admin.disconnect()
  await produce()
  stream = await startWinnow(['stream'], { env })
})

afterAll(async () => {
  await stream.stop()
  await space.close()
})

const count = 60
/** Lines from before the input begins. */
const oldLines = 10
const timeS = Date.UTC(2026, 5, 1) / 1_000
const bigNumber = '9007199254740993'

function order(number: number): string {
  const { text } = sampleText(number)
  // Every tenth has no note, and every sixth is of another type.
  const note = number % 10 === 0 ? '' : `{"body":${JSON.stringify(text)}}`
  const type = number % 6 === 0 ? 'invoice' : 'note'
  return (
    `{"type":"${type}","created":${timeS + number},"order":{"title":"Order ${number}",` +
    `"customer":{"number":${bigNumber}},"notes":[${note}]}}`
  )
}

/** A row whose label is known, if its number is even. */
function sheet(number: number): string {
  const { text, label } = sampleText(number)
  return `${number};${number % 2 === 0 ? label : ''};"${text}; really"`
}

async function produce(): Promise<void> {
  // Idempotent, since a request that is sent twice would leave records twice.
  const producer = space.kafka.producer({
    allowAutoTopicCreation: false,
    idempotent: true,
    maxInFlightRequests: 1,
  })
  await producer.connect()
  const numbers = Array.from({ length: count }, (_, number) => number)
  await producer.send({
    topic: orders,
    messages: numbers.map((number) => ({
      key: JSON.stringify({ id: `order-${number}` }),
      value: order(number),
      headers: { 'x-shop': 'berlin' },
    })),
  })
  const old = String(Date.UTC(2026, 3, 30))
  await producer.send({
    topic: lines,
    messages: numbers.slice(0, oldLines).map(() => ({ value: 'old', timestamp: old })),
  })
  await producer.send({
    topic: lines,
    messages: numbers.map((number) => ({ value: `<b>${sampleText(number).text}</b>` })),
  })
  await producer.send({
    topic: sheets,
    messages: numbers.map((number) => ({
      value: number === 7 ? 'a;b' : sheet(number),
    })),
  })
  const registry = registryClient(inject('stack'))
  const { id } = await registry.register(
    { type: 'AVRO' as never, schema: JSON.stringify(ticketSchema) },
    { subject: `${tickets}-value` },
  )
  await producer.send({
    topic: tickets,
    messages: await Promise.all(
      numbers.map(async (number) => ({
        value: await registry.encode(id, {
          id: number,
          body: sampleText(number).text,
          state: 'OPEN',
        }),
      })),
    ),
  })
  await producer.send({
    topic: topicOf(space.config.topics, 'events'),
    messages: [{ value: JSON.stringify({ id: 'own', text: sampleText(1).text }) }],
  })
  await producer.disconnect()
}

const ticketSchema = {
  type: 'record',
  name: 'Ticket',
  namespace: 'desk',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'body', type: ['null', 'string'] },
    { name: 'state', type: { type: 'enum', name: 'State', symbols: ['OPEN', 'DONE'] } },
  ],
}

type Outcomes = { topic: string; model: string; rows: number; origins: number; letters: number }

function outcomes(): Promise<Outcomes[]> {
  return space.analytics.rows<Outcomes>(
    `SELECT topic, model, sum(is_row) AS rows, uniqExact(partition, offset) AS origins,
       countIf(NOT is_row) AS letters
     FROM (
       SELECT topic, model, partition, offset, true AS is_row FROM classifications
       UNION ALL SELECT topic, model, partition, offset, false FROM dead_letters
     )
     GROUP BY topic, model ORDER BY topic, model`,
  )
}

describe('inputs by configuration', () => {
  it('become rows and dead letters, each record once for each model', async () => {
    const expected = [
      { topic: lines, model: 'test', rows: count, letters: 0 },
      // 10 are filtered; of the others, 4 have no note.
      { topic: orders, model: 'test', rows: count - 10 - 4, letters: 4 },
      { topic: sheets, model: 'mood', rows: count - 1, letters: 1 },
      { topic: sheets, model: 'test', rows: count - 1, letters: 1 },
      { topic: tickets, model: 'test', rows: count, letters: 0 },
      { topic: topicOf(space.config.topics, 'events'), model: 'test', rows: 1, letters: 0 },
    ].map((one) => ({ ...one, origins: one.rows + one.letters }))
    await until('all outcomes', async () => {
      const found = await outcomes()
      return found.reduce((sum, { origins }) => sum + origins, 0) >= 5 * count - 10 + 1
    })
    expect(await outcomes()).toEqual(expected.toSorted((a, b) => (a.topic < b.topic ? -1 : 1)))
  })

  it('have the fields that their mapping says', async () => {
    const [mapped] = await space.analytics.rows(
      `SELECT event_id, source, attributes, text, toUnixTimestamp64Milli(event_time) AS ms
       FROM classifications WHERE topic = {orders: String} AND event_id = 'order-1'`,
      { orders },
    )
    expect(mapped).toEqual({
      event_id: 'order-1',
      source: 'berlin',
      attributes: { customer: bigNumber, team: 'shop' },
      text: `Order 1\n${sampleText(1).text}`,
      ms: (timeS + 1) * 1_000,
    })
    const [line] = await space.analytics.rows<{ text: string; source: string }>(
      `SELECT text, source FROM classifications WHERE topic = {lines: String} AND text LIKE '%number 3,%'`,
      { lines },
    )
    expect(line).toEqual({ text: sampleText(3).text, source: 'log' })
    const [ticket] = await space.analytics.rows(
      `SELECT text, attributes FROM classifications WHERE topic = {tickets: String}
       AND event_id = 'ticket-5'`,
      { tickets },
    )
    expect(ticket).toEqual({ text: sampleText(5).text, attributes: { state: 'OPEN' } })
  })

  it('have dead letters that name the path', async () => {
    const letters = await space.analytics.rows(
      `SELECT DISTINCT topic, code, stage, message FROM dead_letters
       WHERE model = 'test' ORDER BY topic`,
    )
    expect(letters).toEqual([
      {
        topic: orders,
        code: 'path_missing',
        stage: 'validate',
        message: 'there is nothing at "order.notes[0].body"; fields.text of the input reads it',
      },
      {
        topic: sheets,
        code: 'csv_invalid',
        stage: 'validate',
        message: 'the row has 2 fields, and the input names 3 columns',
      },
    ])
  })

  it('count what they filter, and refuse what does not exist', async () => {
    const metrics = await fetch(`${String(stream.document['metrics'])}/metrics`).then((one) =>
      one.text(),
    )
    expect(metrics).toMatch(/winnow_events_total\{stage="validate",code="filtered"\} 10\b/)
    const config = loadConfig({ env })
    const balance = await until('everything committed', async () => {
      const found = await readTopicBalance(space, config)
      return found.every(({ waiting }) => waiting === 0) && found
    })
    expect(
      balance.map(({ topic, records, filtered, difference }) => [
        topic,
        ...[records, filtered, difference],
      ]),
    ).toEqual([
      [topicOf(config.topics, 'events'), 1, 0, 0],
      [orders, count, 10, 0],
      // What is skipped at the start has no outcome.
      [lines, count + oldLines, 0, oldLines],
      ...[sheets, tickets].map((topic) => [topic, count, 0, 0]),
      [topicOf(config.topics, 'labels'), 0, 0, 0],
    ])
    const missing = { ...env, WINNOW_INPUTS: `[{"topic":"${prefix}_none","format":"text"}]` }
    const refused = await withinProcess(['stream'], { env: missing })
    expect([refused.status, refused.stderr]).toEqual([
      1,
      expect.stringContaining(`${prefix}_none`) as string,
    ])
  })

  it('are explained, shown and evaluated like events of Winnow', async () => {
    const [row] = await space.analytics.rows<{ place: string }>(
      `SELECT concat(topic, '/', toString(partition), '/', toString(offset)) AS place
       FROM classifications WHERE topic = {orders: String} AND event_id = 'order-1'`,
      { orders },
    )
    const explained = await withinProcess(['explain', '--row', row!.place, '--json'], { env })
    expect(JSON.parse(explained.stdout)).toMatchObject({
      model: 'test@1',
      row: { eventId: 'order-1' },
    })
    const status = await withinProcess(['status', '--json'], { env })
    const { consumers } = JSON.parse(status.stdout) as { consumers: Record<string, string>[] }
    const ofSheets = consumers.filter(({ topic }) => topic === sheets)
    expect(ofSheets.sort((a, b) => (a['group']! < b['group']! ? -1 : 1))).toMatchObject(
      ['mood', 'test'].map((model) => ({
        group: expect.stringContaining(`.${model}:${sheets}`) as string,
        stage: 'validate..infer',
        lag: 0,
      })),
    )
    const data = `topic:${sheets}@..`
    const evaluated = await withinProcess(
      ['evaluate', '--model', 'test', '--data', data, '--json'],
      {
        env,
      },
    )
    expect(evaluated.status, evaluated.stderr).toBe(0)
    expect(JSON.parse(evaluated.stdout)).toMatchObject({ examples: count / 2, accuracy: 1 })
  })

  it('are sent again to a topic of Winnow after their mapping is corrected', async () => {
    const endsBefore = await endOf(orders)
    expect(await stream.stop()).toBe(0)
    const [first, ...others] = inputs
    const fields = { ...first!.fields, text: `{order.title} {${secondPath}?}` }
    const corrected = [{ ...first!, fields }, ...others]
    env = { ...env, WINNOW_INPUTS: JSON.stringify(corrected) }
    stream = await startWinnow(['stream'], { env })
    const replayed = await withinProcess(['dlq', 'replay', '--json'], { env })
    expect(replayed.status, replayed.stderr).toBe(0)
    // The row that is not CSV is sent for both models, as one record.
    expect(JSON.parse(replayed.stdout)).toMatchObject({ matched: 5, sent: 5, reread: 4 })
    // Whatever the first process made of them, each counts once.
    expect(await stream.stop('SIGKILL')).toBe(-1)
    expect((await withinProcess(['dlq', 'replay', '--again', '--json'], { env })).status).toBe(0)
    stream = await startWinnow(['stream'], { env })
    await until('the outcomes of second attempts', async () => {
      const [row] = await space.analytics.rows<{ rows: number; letters: number }>(
        `SELECT (SELECT count() FROM classifications WHERE attempt = 1) AS rows,
           (SELECT count() FROM dead_letters WHERE attempt = 1) AS letters`,
      )
      return row!.rows === 4 && row!.letters === 2
    })
    const config = loadConfig({ env })
    await until('no lag on the topic of retries', async () => {
      const lags = await readStageLag(space.kafka, config)
      const retries = lags.filter(({ topic }) => topic === topicOf(config.topics, 'retries'))
      return retries.length === 2 && retries.every(({ lag }) => lag === 0)
    })
    const twice = await space.analytics.rows(
      `SELECT topic, partition, offset, model, attempt FROM (
         SELECT topic, partition, offset, model, 0 AS attempt FROM classifications
         UNION ALL SELECT topic, partition, offset, model, attempt + 1 FROM dead_letters)
       GROUP BY ALL HAVING count() > 1`,
    )
    expect(twice).toEqual([])
    const again = await space.analytics.rows(
      `SELECT DISTINCT topic, model, source FROM classifications WHERE attempt = 1`,
    )
    expect(again).toEqual([{ topic: orders, model: 'test', source: 'berlin' }])
    expect(await endOf(orders)).toEqual(endsBefore)
    // Its group has commits, so it does not begin again.
    const [line] = await space.analytics.rows(
      'SELECT count() AS rows, countIf(text = {old: String}) AS old FROM classifications WHERE topic = {lines: String}',
      { lines, old: 'old' },
    )
    expect(line).toEqual({ rows: count, old: 0 })
    const open = await space.analytics.rows('SELECT DISTINCT topic FROM open_dead_letters')
    expect(open).toEqual([{ topic: sheets }])
  })
})

/** The offsets after the last records of a topic. */
async function endOf(topic: string): Promise<unknown> {
  const admin = space.kafka.admin()
  await admin.connect()
  try {
    const offsets = await admin.fetchTopicOffsets(topic)
    return offsets.map(({ partition, high }) => [partition, high]).sort()
  } finally {
    await admin.disconnect()
  }
}
