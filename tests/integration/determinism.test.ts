// The same text and model give the same bits: in whatever order events arrive, as events of Winnow or
// of a mapped input, however many consumers share the work, live or replayed. `npm run
// test:determinism` uses 100,000 events.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { openProducer } from '../../infra/kafka/kafka.ts'
import { createTopics, topicOf } from '../../infra/kafka/topics.ts'
import { seededRandom } from '../../models/runtime/seeded-random.ts'
import { uniqueName } from '../support/backends.ts'
import { startWinnow, type Running } from '../support/cli.ts'
import { until } from '../support/until.ts'
import { withinProcess } from '../support/within-process.ts'
import { openWorkspace, sampleText, trainTestModel, type Workspace } from '../support/workspace.ts'

const events = Number(process.env['EVENTS'] ?? 600)
const msMax = 60_000 + events * 60
// Bits depend on how the operations of a real encoder are computed.
const model = 'minilm'
const orders = `${uniqueName()}_orders`
const settings = { WINNOW_TOPICS_PARTITIONS: '4', WINNOW_INFERENCE_MODEL: model }
/** Where every third event of the shared work enters. */
const input = { topic: orders, fields: { text: 'order.note', id: 'order.id' } }
const mapped = Math.ceil(events / 3)

let alone: Workspace
let shared: Workspace

beforeAll(async () => {
  alone = await openWorkspace(inject('stack'), settings)
  await trainTestModel(alone.storeDir, { name: model, base: 'minilm-l6' })
  shared = await openWorkspace(inject('stack'), {
    ...settings,
    WINNOW_MODEL_STORE: alone.storeDir,
    WINNOW_INPUTS: JSON.stringify([input]),
  })
  const admin = shared.kafka.admin()
  await admin.connect()
  await createTopics(admin, [{ topic: orders, numPartitions: 4, replicationFactor: 1 }])
  await admin.disconnect()
})

afterAll(async () => {
  await alone.close()
  await shared.close()
})

async function produceAll(space: Workspace, seed: number): Promise<void> {
  const order = seededRandom(seed).shuffle(Int32Array.from({ length: events }, (_, index) => index))
  const producer = await openProducer(space.kafka)
  const records = Array.from(order, (number) => {
    // Lengths differ, so that events share batches with others in each run.
    const text = Array.from({ length: 1 + (number % 2) }, (_, at) => sampleText(number + at).text)
    const event = { id: `e-${number}`, text: text.join('. ') }
    const isMapped = space === shared && number % 3 === 0
    const order = { order: { id: event.id, note: event.text } }
    return { key: `${seed}-${number}`, isMapped, value: JSON.stringify(isMapped ? order : event) }
  })
  const [own, orderly] = [false, true].map((kind) => records.filter((one) => one.isMapped === kind))
  await producer.send(topicOf(space.config.topics, 'events'), own!)
  await producer.send(orders, orderly!)
  await producer.close()
}

async function classifyAll(space: Workspace, consumers: number): Promise<void> {
  const running: Running[] = []
  try {
    for (let consumer = 0; consumer < consumers; consumer++) {
      running.push(await startWinnow(['stream', '--stages', 'validate..infer'], { env: space.env }))
    }
    await until(
      `${events} rows by ${consumers}`,
      async () => {
        const [row] = await space.analytics.rows<{ n: number }>(
          'SELECT count() AS n FROM classifications',
        )
        return row!.n >= events
      },
      msMax,
    )
  } finally {
    await Promise.all(running.map((one) => one.stop()))
  }
}

/** Events whose rows differ in any bit between two tables, and how many both tables have. */
async function compare(a: string, b: string): Promise<{ both: number; differ: number }> {
  const [row] = await alone.analytics.rows<{ both: number; differ: number }>(
    `SELECT count() AS both,
            countIf(a.label != b.label OR a.probabilities != b.probabilities
                    OR a.score != b.score OR a.tokens != b.tokens) AS differ
     FROM ${a} AS a INNER JOIN ${b} AS b ON a.event_id = b.event_id`,
  )
  return row!
}

describe('the same events', () => {
  it(
    'get the same bits from one consumer, from four that meet them in another order, and replayed',
    { timeout: 4 * msMax },
    async () => {
      await Promise.all([produceAll(alone, 1), produceAll(shared, 2)])
      await classifyAll(alone, 1)
      await classifyAll(shared, 4)
      const database = (space: Workspace) => space.config.clickhouse.database
      const live = `${database(alone)}.classifications`
      expect(await compare(live, `${database(shared)}.classifications`)).toEqual({
        both: events,
        differ: 0,
      })
      const replayed = await withinProcess(
        ['replay', '--model', model, '--into', 'again', '--json'],
        {
          env: alone.env,
        },
      )
      expect(replayed.status, replayed.stderr).toBe(0)
      const done = JSON.parse(replayed.stdout) as { results: number; events: number; into: string }
      expect(done).toMatchObject({ events, results: events, into: 'again' })
      expect(await compare(live, `${database(alone)}.again`)).toEqual({ both: events, differ: 0 })
      const ofInput = await withinProcess(
        ['replay', '--model', model, '--topic', orders, '--into', 'orderly', '--json'],
        { env: shared.env },
      )
      expect(JSON.parse(ofInput.stdout)).toMatchObject({ events: mapped, results: mapped })
      expect(await compare(live, `${database(shared)}.orderly`)).toEqual({
        both: mapped,
        differ: 0,
      })
      // A second run finds everything there; another range needs another table.
      const second = await withinProcess(
        ['replay', '--model', model, '--into', 'again', '--json'],
        {
          env: alone.env,
        },
      )
      expect(JSON.parse(second.stdout)).toMatchObject({ events: 0, results: 0 })
      const other = await withinProcess(
        ['replay', '--model', model, '--into', 'again', '--from', '3', '--json'],
        { env: alone.env },
      )
      expect([other.status, other.stderr.includes('--into')]).toEqual([2, true])
    },
  )
})
