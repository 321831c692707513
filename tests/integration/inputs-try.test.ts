// `winnow inputs try` on the real broker: what records become, in order and bounded, without a
// trace in Kafka and the registry; wrong calls say what to do.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { loadConfig } from '../../configs/load.ts'
import { createKafka } from '../../infra/kafka/kafka.ts'
import { createTopics, readLag } from '../../infra/kafka/topics.ts'
import { connectionVariables, uniqueName } from '../support/backends.ts'
import type { Environment } from '../support/cli.ts'
import { registryHeaders } from '../support/registry-client.ts'
import { withinProcess } from '../support/within-process.ts'

const stack = inject('stack')
const name = uniqueName()
const topic = `${name}_orders`
const env: Environment = {
  ...connectionVariables(stack),
  WINNOW_CLICKHOUSE_URL: 'http://127.0.0.1:9',
  WINNOW_TOPICS_PREFIX: `${name}.`,
  WINNOW_INPUTS: JSON.stringify([
    { topic, fields: { text: 'note', id: 'order-{id}' } },
    { topic: `${name}_none`, format: 'text' },
  ]),
}
const kafka = createKafka(loadConfig({ env }))
const admin = kafka.admin()
const count = 30

beforeAll(async () => {
  await admin.connect()
  await createTopics(admin, [{ topic, numPartitions: 3, replicationFactor: 1 }])
  const producer = kafka.producer()
  await producer.connect()
  for (let id = 0; id < count; id++) {
    const value = id % 10 === 5 ? `{"id":${id}}` : `{"id":${id},"note":"note ${id}"}`
    await producer.send({
      topic,
      messages: [{ value, timestamp: String(1_000 + id), partition: id % 2 }],
    })
  }
  await producer.disconnect()
})
afterAll(() => admin.disconnect())

type Row = {
  record: string
  outcome: string
  code?: string
  fields: { field: string; value?: string }[]
  paths?: object[]
}

async function tried(...args: string[]): Promise<{ rows: Row[]; stderr: string }> {
  const { status, stdout, stderr } = await withinProcess(
    ['inputs', 'try', '--topic', topic, '--json', ...args],
    { env },
  )
  expect([status, stderr]).toEqual([0, stderr])
  const rows = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row)
  return { rows, stderr }
}
const idsOf = (rows: readonly Row[]) =>
  rows.map(({ fields }) => fields.find(({ field }) => field === 'id')?.value)

describe('winnow inputs try', () => {
  it('shows what the last records become, and leaves nothing behind', async () => {
    const { rows, stderr } = await tried('--from', '-10')
    expect(idsOf(rows)).toEqual(
      [20, 21, 22, 23, 24, undefined, 26, 27, 28, 29].map((id) =>
        id === undefined ? undefined : `order-${id}`,
      ),
    )
    expect(rows[0]).toMatchObject({ outcome: 'event', record: `${topic}/0/10` })
    expect(rows[5]).toMatchObject({
      outcome: 'dead letter',
      code: 'path_missing',
      paths: [{ path: 'id', value: '25' }],
    })
    expect(stderr).toContain('10 records: 9 event, 1 dead letter path_missing')
    // Groups that have members or committed offsets on the topic.
    expect(await readLag(kafka, { groupPrefix: '', topics: [topic] })).toEqual([])
    expect((await admin.listTopics()).filter((one) => one.startsWith(`${name}.`))).toEqual([])
    const subjects = await fetch(`${stack.registryUrl}/subjects`, {
      headers: registryHeaders(stack),
    })
    expect(((await subjects.json()) as string[]).filter((one) => one.startsWith(name))).toEqual([])
  })

  it('starts at an offset or a time, and stops at the limit', async () => {
    expect((await tried('--from', '0=14,1=14')).rows).toHaveLength(2)
    expect((await tried('--from', '0', '--limit', '7')).rows).toHaveLength(7)
    expect((await tried('--from', '-10000')).rows).toHaveLength(count)
  })

  it('is a table for people', async () => {
    const { stdout, status } = await withinProcess(
      ['inputs', 'try', '--topic', topic, '--from', '-6'],
      {
        env,
      },
    )
    expect(status).toBe(0)
    expect(stdout).toMatch(/text +note +note 29\n/)
    expect(stdout).toMatch(/id +order-\{id\} +order-29\n/)
    expect(stdout).toContain('path_missing: there is nothing at "note"')
    expect(stdout).toContain('6 records: 5 event, 1 dead letter path_missing')
  })

  it.each([
    [['--topic', `${topic}s`], 2, `is not in inputs; did you mean ${topic}?`],
    [[], 2, 'There are several inputs; give --topic'],
    [['--topic', topic, '--from', 'noon'], 2, 'noon cannot be the start of a range'],
    [['--topic', topic, '--from', '-20000'], 2, 'Give -1 to -10000'],
    [['--topic', `${name}_none`], 1, `the topic ${name}_none of inputs does not exist`],
  ])('says what is wrong with %j', async (args, status, message) => {
    const refused = await withinProcess(['inputs', 'try', ...args], { env })
    expect([refused.status, refused.stderr]).toEqual([
      status,
      expect.stringContaining(message) as string,
    ])
  })
})
