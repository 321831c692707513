// Two models classify one topic at once, each started only by its name: both see every event, and
// for each of them rows and dead letters add up to all events, even if one of them is killed.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { openProducer, type RecordProducer } from '../../infra/kafka/kafka.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import { startWinnow, winnow, type Running } from '../support/cli.ts'
import { until } from '../support/until.ts'
import { openWorkspace, sampleText, trainTestModel, type Workspace } from '../support/workspace.ts'

const swapped: Record<string, string> = { praise: 'refund', refund: 'praise' }

let space: Workspace
let producer: RecordProducer
const streams = new Map<string, Running>()

beforeAll(async () => {
  space = await openWorkspace(inject('stack'))
  await trainTestModel(space.storeDir, {
    name: 'mood',
    relabel: (label) => swapped[label] ?? label,
  })
  producer = await openProducer(space.kafka)
  await Promise.all([start('test'), start('mood')])
})

afterAll(async () => {
  await Promise.all([...streams.values()].map((one) => one.stop()))
  await producer.close()
  await space.close()
})

async function start(model: string): Promise<void> {
  const args = ['stream', '--stages', 'validate..infer', '--model', model]
  streams.set(model, await startWinnow(args, { env: space.env }))
}

/** Sends events to the topic, every tenth of them without a text. */
async function produce(prefix: string, count: number): Promise<void> {
  const records = Array.from({ length: count }, (_, number) => {
    const id = `${prefix}-${number}`
    const text = number % 10 === 0 ? '' : sampleText(number).text
    return { key: id, value: JSON.stringify({ id, text }) }
  })
  await producer.send(topicOf(space.config.topics, 'events'), records)
}

type Counts = { model: string; rows: number; origins: number; letters: number; refused: number }

/** The outcomes of all events so far, per model. */
function counts(): Promise<Counts[]> {
  return space.analytics.rows<Counts>(
    `SELECT model, sum(is_row) AS rows, uniqExactIf((partition, offset), is_row) AS origins,
       countIf(NOT is_row) AS letters, uniqExactIf((partition, offset), NOT is_row) AS refused
     FROM (
       SELECT model, partition, offset, true AS is_row FROM classifications
       UNION ALL SELECT model, partition, offset, false FROM dead_letters
     )
     GROUP BY model ORDER BY model`,
  )
}

async function untilAll(events: number): Promise<void> {
  const [letters, rows] = [events / 10, events - events / 10]
  const whole = { rows, origins: rows, letters, refused: letters }
  const found = await until('all outcomes of both models', async () => {
    const now = await counts()
    const isWhole = now.every((one) => one.rows + one.letters >= events)
    return now.length === 2 && isWhole ? now : undefined
  })
  expect(found).toEqual([
    { model: 'mood', ...whole },
    { model: 'test', ...whole },
  ])
}

/** The group of stages; this stack has its own topics and database. */
const groupOf = (stages: string) =>
  `winnow.${stages}@${space.config.topics.prefix}/${space.config.clickhouse.database}`

describe('two models on one topic', () => {
  it('have groups of their own, the configured one that of before', () => {
    expect(streams.get('test')!.document['group']).toBe(groupOf('validate..infer'))
    expect(streams.get('mood')!.document['group']).toBe(groupOf('validate..infer.mood'))
  })

  it('each classify every event, and each reject every bad one', async () => {
    await produce('both', 600)
    await untilAll(600)
    const labels = await space.analytics.rows<{ test: string; mood: string; n: number }>(
      `SELECT a.label AS test, b.label AS mood, count() AS n
       FROM (SELECT event_id, label FROM classifications WHERE model = 'test') AS a
       INNER JOIN (SELECT event_id, label FROM classifications WHERE model = 'mood') AS b
       USING (event_id) GROUP BY test, mood ORDER BY test`,
    )
    expect(labels.map(({ test, mood }) => [test, mood])).toEqual([
      ['parcel', 'parcel'],
      ['praise', 'refund'],
      ['refund', 'praise'],
    ])
    const rollup = await space.analytics.rows(
      'SELECT model, sum(events) AS n FROM label_counts GROUP BY model ORDER BY model',
    )
    expect(rollup).toEqual([
      { model: 'mood', n: 540 },
      { model: 'test', n: 540 },
    ])
  })

  it('lose and double nothing when one of them is killed and goes on', async () => {
    await produce('killed', 600)
    await until('some rows', async () => {
      const [row] = await space.analytics.rows<{ n: number }>(
        `SELECT count() AS n FROM classifications
         WHERE model = 'mood' AND startsWith(event_id, 'killed')`,
      )
      return row!.n > 50
    })
    await streams.get('mood')!.stop('SIGKILL')
    await start('mood')
    await untilAll(1_200)
  })

  it('are told apart by status', async () => {
    const env = { ...space.env, WINNOW_STATE: inject('stack').stateDir }
    const { status, stdout, stderr } = await winnow(['status', '--json'], { env })
    expect(status, stderr).toBe(0)
    const { consumers } = JSON.parse(stdout) as { consumers: { group: string; stage: string }[] }
    for (const group of ['validate..infer', 'validate..infer.mood'].map(groupOf)) {
      expect(consumers).toContainEqual(
        expect.objectContaining({ group, stage: 'validate..infer', lag: 0 }),
      )
    }
  })
})
