// Human labels on the real broker, registry and engine: sent over HTTP or directly to
// winnow.labels, stored in the table, joined with their events into training data that can be
// reproduced exactly.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { openProducer, type RecordProducer } from '../../infra/kafka/kafka.ts'
import { readRanges, resolveRange } from '../../infra/kafka/topic-range.ts'
import { createTopics, topicOf } from '../../infra/kafka/topics.ts'
import { startWinnow, winnow } from '../support/cli.ts'
import { uniqueName } from '../support/backends.ts'
import { smallBase } from '../support/small-base.ts'
import { until } from '../support/until.ts'
import { withinProcess } from '../support/within-process.ts'
import { openWorkspace, sampleText, type Workspace } from '../support/workspace.ts'

let space: Workspace
let producer: RecordProducer
const events = 90
const labelled = 60

beforeAll(async () => {
  space = await openWorkspace(inject('stack'), { WINNOW_GATEWAY_MODELS: 'false' })
  await smallBase(space.storeDir)
  producer = await openProducer(space.kafka)
  const records = Array.from({ length: events }, (_, number) => {
    const { text } = sampleText(number)
    // The last events come with a label; the first wait for a person.
    const label = number < labelled ? {} : { label: sampleText(number).label }
    return { key: null, value: JSON.stringify({ id: `e-${number}`, text, ...label }) }
  })
  await producer.send(topicOf(space.config.topics, 'events'), [
    ...records.slice(0, 40),
    { key: null, value: 'no event at all' },
    ...records.slice(40),
  ])
})

afterAll(async () => {
  await producer.close()
  await space.close()
})

const json = async (...argv: string[]) => {
  const { status, stdout, stderr } = await withinProcess([...argv, '--json'], { env: space.env })
  expect(status, stderr).toBe(0)
  return JSON.parse(stdout) as Record<string, unknown>
}

type Trained = {
  modelDir: string
  examples: number
  dataManifest: { train: { sha256: string; labels: object; from: Record<string, unknown> } }
}

describe('labels', () => {
  it('go from HTTP and the topic to the table, once each; bad ones to the dead letters', async () => {
    const { env } = space
    const [gateway, stage] = await Promise.all([
      startWinnow(['serve'], { env }),
      startWinnow(['stream', '--stages', 'labels'], { env }),
    ])
    try {
      const said = Array.from({ length: labelled }, (_, number) => ({
        id: `e-${number}`,
        label: sampleText(number).label,
        by: 'ann',
      }))
      const post = (body: unknown) =>
        fetch(`${String(gateway.document['url'])}/v1/labels`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        })
      const accepted = await post(said)
      expect([accepted.status, await accepted.json()]).toEqual([202, { accepted: labelled }])
      const refused = await post([{ id: 'e-1', label: '' }, { label: 'spam' }])
      expect(refused.status).toBe(422)
      expect(await refused.json()).toMatchObject({
        code: 'items_invalid',
        errors: [{ index: 0 }, { index: 1, code: 'field_missing' }],
      })
      // A typing error is refused; a label marked as new is accepted, and its record does not
      // contain the mark.
      const mistyped = await post({ id: 'e-4', label: 'refnud', by: 'ann' })
      expect(mistyped.status).toBe(422)
      expect(await mistyped.json()).toMatchObject({
        errors: [
          {
            index: 0,
            code: 'label_unknown',
            field: 'label',
            message: expect.stringContaining('did you mean "refund"?') as string,
          },
        ],
      })
      const meant = await post({ id: 'e-4', label: 'chargeback', by: 'ann', newLabel: true })
      expect([meant.status, await meant.json()]).toEqual([202, { accepted: 1 }])
      const topic = topicOf(space.config.topics, 'labels')
      const later = Date.now() + 1_000
      await producer.send(topic, [
        {
          key: 'e-0',
          value: JSON.stringify({ id: 'e-0', label: 'praise', by: 'ann', time: later }),
        },
        { key: 'e-1', value: JSON.stringify({ id: 'e-1', label: null, by: 'ann', time: later }) },
        { key: 'e-2', value: '{"id":"e-2"}' },
        { key: 'e-3', value: null },
      ])
      await until('every label', async () => {
        const [row] = await space.analytics.rows<{ n: number; dead: number }>(
          `SELECT (SELECT count() FROM labels WHERE topic != '') AS n,
                  (SELECT count() FROM dead_letters WHERE topic = {topic: String}) AS dead`,
          { topic },
        )
        return row!.n >= labelled + 3 && row!.dead >= 2
      })
      const rows = await space.analytics.rows<{ id: string; label: string; by: string }>(
        `SELECT event_id AS id, label, labelled_by AS by FROM event_labels
         WHERE event_id IN ('e-0', 'e-1', 'e-2', 'e-4') ORDER BY id`,
      )
      expect(rows).toEqual([
        { id: 'e-0', label: 'praise', by: 'ann' },
        { id: 'e-2', label: 'praise', by: 'ann' },
        { id: 'e-4', label: 'chargeback', by: 'ann' },
      ])
      const codes = await space.analytics.rows<{ code: string }>(
        'SELECT code FROM dead_letters WHERE topic = {topic: String} ORDER BY code',
        { topic },
      )
      expect(codes.map(({ code }) => code)).toEqual(['field_missing', 'value_null'])
    } finally {
      await Promise.all([gateway.stop(), stage.stop()])
    }
  })

  it('make training data with the events of a range, the same again from the manifest', async () => {
    const base = ['train', '--method', 'head', '--base', 'small', '--max-tokens', '64']
    const topic = topicOf(space.config.topics, 'events')
    const first = (await json(...base, '--name', 'a', '--data', `topic:${topic}`)) as Trained
    const { from } = first.dataManifest.train
    expect(from).toMatchObject({
      kind: 'topic',
      topic,
      events: events + 1,
      labelled: events - 1,
      unreadable: 1,
    })
    // Later labels change the current range, but not the range as it was.
    await producer.send(topicOf(space.config.topics, 'labels'), [
      { key: 'e-5', value: JSON.stringify({ id: 'e-5', label: 'parcel', by: 'bob' }) },
    ])
    const again = (await json(
      ...[...base, '--name', 'b', '--data', from['repeat'] as string],
    )) as Trained
    expect(again.dataManifest.train.sha256).toBe(first.dataManifest.train.sha256)
    // The events came with parcel, refund and praise.
    expect(from).toMatchObject({
      labelsOnlyPeopleUsed: { chargeback: 1 },
      labelsComparedWith: null,
    })
    const graph = (trained: Trained) => readFile(join(trained.modelDir, 'model.onnx'))
    expect((await graph(again)).equals(await graph(first))).toBe(true)
    const now = (await json(
      ...[...base, '--name', 'test', '--data', `topic:${topic}@earliest..latest`],
    )) as Trained
    expect(now.dataManifest.train.sha256).not.toBe(first.dataManifest.train.sha256)
    const report = await readFile(join(now.modelDir, 'report.html'), 'utf8')
    expect(report).toContain('(1 example); no event came with it, and test@1 does not have it')
    // A version has this label, so it is known. A label that came by Kafka, where nothing checks
    // it, is not.
    await producer.send(topicOf(space.config.topics, 'labels'), [
      { key: 'e-7', value: JSON.stringify({ id: 'e-7', label: 'parcle', by: 'bob' }) },
    ])
    const told = await winnow([...base, '--name', 'test', '--data', `topic:${topic}`], {
      env: space.env,
    })
    expect(told.stdout).toContain(
      '1 label that only people used, to check for typing errors: "parcle" (1 example); ' +
        'no event came with it, and test@2 does not have it',
    )
  })

  it('go from an edited list of suspicious labels to the topic', async () => {
    const list = join(space.storeDir, 'suspicious.csv')
    const checked = await json(
      ...['labels', 'check', '--data', `topic:${topicOf(space.config.topics, 'events')}`],
      ...['--base', 'small', '--out', list],
    )
    expect(checked).toMatchObject({ out: list })
    const decided = '"event:e-6","a text","refund","","","praise"\n"event:e-8","b","x","","",""\n'
    await writeFile(list, `"row","text","given","suggested","score","decision"\n${decided}`)
    const topic = topicOf(space.config.topics, 'labels')
    const records = async (): Promise<number> =>
      (await resolveRange(space.kafka, { topic })).reduce((sum, { from, to }) => sum + to - from, 0)
    const before = await records()
    const applied = await json('labels', 'apply', list, '--by', 'ann')
    expect(applied).toMatchObject({ kind: 'events', rows: 2, published: 1, topic })
    expect((await records()) - before).toBe(1)
  })

  it('make training data by a query of ClickHouse, which must name its columns', async () => {
    await space.analytics.run(
      `CREATE TABLE mails ENGINE = MergeTree ORDER BY n AS
       SELECT number AS n, concat(if(n % 2 = 0, 'please refund order ', 'lovely item '), toString(n)) AS body,
              if(n % 2 = 0, 'refund', 'praise') AS kind
       FROM numbers(50)`,
    )
    const trained = (await json(
      ...['train', '--name', 'd', '--base', 'small', '--max-tokens', '64'],
      ...['--data', 'clickhouse:SELECT body AS text, kind AS label FROM mails ORDER BY n'],
    )) as Trained
    expect(trained.dataManifest.train.labels).toEqual({ praise: 25, refund: 25 })
    const wrong = await winnow(
      ['train', '--name', 'd', '--data', 'clickhouse:SELECT body, kind AS label FROM mails'],
      { env: space.env },
    )
    expect(wrong.status).toBe(1)
    expect(wrong.stderr).toContain('no column text')
  })
})

describe('ranges of a topic', () => {
  it('are read whole, in order, whatever the ends, and leave no group behind', async () => {
    const topic = uniqueName()
    const admin = space.kafka.admin()
    await admin.connect()
    await createTopics(admin, [{ topic, numPartitions: 3 }])
    const value = (partition: number, at: number) => `${partition}/${at}`
    const sentMs: number[] = []
    for (const part of [0, 1]) {
      sentMs.push(1_700_000_000_000 + part * 1_000_000)
      for (const partition of [0, 1]) {
        await producer.send(
          topic,
          Array.from({ length: 3_000 }, (_, at) => ({
            key: null,
            partition,
            timestampMs: sentMs[part]!,
            value: value(partition, part * 3_000 + at),
          })),
        )
      }
    }
    const read = async (range: { from?: string; to?: string }) => {
      const ranges = await resolveRange(space.kafka, { topic, ...range })
      const found = new Map<number, number[]>([0, 1, 2].map((partition) => [partition, []]))
      for await (const { partition, records } of readRanges(space.kafka, { topic, ranges })) {
        for (const record of records) {
          expect(record.value!.toString()).toBe(value(partition, record.offset))
          found.get(partition)!.push(record.offset)
        }
      }
      return [...found.values()]
    }
    const numbers = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => from + index)
    expect(await read({})).toEqual([numbers(0, 6_000), numbers(0, 6_000), []])
    expect(await read({ from: '10', to: '5000' })).toEqual([
      numbers(10, 5_000),
      numbers(10, 5_000),
      [],
    ])
    expect(await read({ from: '0=5990,1=2', to: '0=99999,1=4' })).toEqual([
      numbers(5_990, 6_000),
      [2, 3],
      [],
    ])
    const second = new Date(sentMs[1]!).toISOString()
    expect(await read({ from: second })).toEqual([numbers(3_000, 6_000), numbers(3_000, 6_000), []])
    expect(await read({ to: second })).toEqual([numbers(0, 3_000), numbers(0, 3_000), []])
    expect(await read({ from: '7000' })).toEqual([[], [], []])
    await expect(read({ from: 'yesterday' })).rejects.toMatchObject({ code: 'usage' })
    const rangeGroups = async () => {
      const { groups } = await admin.listGroups()
      return groups.map(({ groupId }) => groupId).filter((id) => id.startsWith('winnow.range.'))
    }
    // Other test files read ranges of the same broker, so groups of theirs may come and go.
    const seen = await rangeGroups()
    await until('every group of a range to be gone', async () => {
      const now = await rangeGroups()
      return !seen.some((group) => now.includes(group))
    })
    await admin.disconnect()
  })
})
