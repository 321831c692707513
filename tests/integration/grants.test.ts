// The rights of each use of Winnow, on the engine's own access control: each use works with exactly
// the grants that grants.ts lists, and fails without any one of them. This engine lets everybody read
// system tables and use the MergeTree engines, so those grants cannot be missing here. Each try
// starts the engine again, so the short form takes away every third grant, not every one.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAnalytics, type Analytics } from '../../infra/clickhouse/clickhouse.ts'
import { grantsOf, grantStatement, type Grant, type Use } from '../../infra/clickhouse/grants.ts'
import { migrate, planMigrations } from '../../infra/clickhouse/migrations.ts'
import { applyRetention } from '../../infra/erasure/retention.ts'
import { noteSent } from '../../infra/readers/dead-letter-reader.ts'
import { insertAudit } from '../../infra/sinks/audit-rows.ts'
import { createLabelSink } from '../../infra/sinks/label-sink.ts'
import { insertRelease, insertTrainingRun } from '../../infra/sinks/release-rows.ts'
import { createResultSink } from '../../infra/sinks/result-sink.ts'
import { insertShadowRows } from '../../infra/sinks/shadow-rows.ts'
import { leaveMark } from '../../infra/sinks/writer-mark.ts'
import { ok } from '../../schemas/outcome.ts'
import { openReplayTable } from '../../serving/replay-table.ts'
import type { Config } from '../../configs/schema.ts'
import { fillTables, reads } from '../support/every-read.ts'
import { isLongForm } from '../support/long-form.ts'
import { openOwnEngine, usersWith, type OwnEngine } from '../support/own-engine.ts'
import { createRecordingProducer } from '../support/recording-producer.ts'
import { outputOf, sampleClassification, sampleDeadLetter } from '../support/sample-records.ts'

let engine: OwnEngine
let config: Config['clickhouse']
let tries = 0

const everything = usersWith(['GRANT ALL ON *.*'])

beforeAll(async () => {
  engine = await openOwnEngine({ users: everything })
  config = engine.clickhouse
  await migrate(config)
  const analytics = createAnalytics(config)
  await fillTables(analytics)
  const { textDays, rowDays } = retention
  await analytics.insert('retention_periods', {
    columns: ['text_days', 'row_days'],
    values: [[textDays, rowDays]],
    token: 'retention',
  })
  await analytics.close()
})

afterAll(() => engine.close())

/** What somebody with more rights has applied. */
const retention = { textDays: 30, rowDays: 365 }
const model = { name: 'mail', version: '1', graphSha256: '' }
const release = { kind: 'promote' as const, model, by: 'ann', reason: '' }

/** What each use does in ClickHouse. `database` is a new one for migrations. */
const work: Record<
  Use,
  (analytics: Analytics, clickhouse: Config['clickhouse']) => Promise<unknown>
> = {
  query: readAll,
  async stream(analytics, clickhouse) {
    expect((await planMigrations(clickhouse)).missing).toEqual([])
    expect(await applyRetention(analytics, retention)).toEqual([])
    await leaveMark(analytics, 'grants')
    const owner = { group: 'grants', topic: `grants-${tries}` }
    const clients = {
      analytics,
      producer: createRecordingProducer(),
      schemas: { encode: () => Buffer.from('') } as never,
    }
    const topics = { deadLetters: 'dead', classified: undefined }
    const sink = createResultSink(clients, { models: ['mail'], topics, owner })
    const fence = await sink.fence([0])
    await sink.recover(owner.topic, 0)
    await sink.storedFrom(owner.topic, 0, 0)
    for (const version of ['1', '2']) {
      const value = sampleClassification({
        ...owner,
        version,
        offset: Number(version),
        knownLabel: 'ham',
      })
      const deadLetters = [sampleDeadLetter({ ...owner, offset: 9 })]
      const filtered = [{ topic: owner.topic, partition: 0, offset: 8, recordTimeMs: 1 }]
      await sink.write({ token: version, outputs: [outputOf(value)], deadLetters, filtered }, fence)
    }
    const labels = createLabelSink(clients, { deadLetterTopic: 'dead', owner })
    const origin = { topic: owner.topic, partition: 0, offset: 1, recordTimeMs: 1 }
    const label = { eventId: 'e', label: 'ham', by: 'ann', timeMs: 1 }
    const output = { ...outputOf(sampleClassification()), origin, value: label }
    await labels.write({ token: 'l', outputs: [output], deadLetters: [] }, await labels.fence([0]))
    await insertShadowRows(analytics, [sampleClassification({ ...owner, role: 'shadow' })])
    await insertRelease(analytics, release)
    await analytics.insert('inference_batches', { columns: ['size'], values: [[1]], token: 'b' })
    await reads['figures of a guard']!(analytics)
  },
  async serve(analytics, clickhouse) {
    await readAll(analytics, clickhouse)
    expect(await applyRetention(analytics, retention)).toEqual([])
    await insertRelease(analytics, release)
    const entry = { atMs: 1, requestId: '', by: 'ann', action: 'models.promote', target: 'mail@1' }
    await insertAudit(analytics, { ...entry, outcome: 'done', reason: '', code: '', message: '' })
    const event = { topic: 't', partition: 0, offset: 1, recordTimeMs: 1, code: 'text_empty' }
    const events = [{ ...event, attempt: 0, payloadBytes: 0, isSent: false }]
    await noteSent(analytics, { events, by: 'ann', atMs: 1 })
  },
  async train(analytics) {
    await insertRelease(analytics, release)
    const run = {
      run: `run-${tries}`,
      method: 'head',
      started: '2026-01-01T00:00:00Z',
      seconds: 1,
      parameters: {},
      dataManifest: {},
      evaluation: {},
    }
    await insertTrainingRun(analytics, run, { model })
  },
  async replay(analytics) {
    const into = `again_${tries}`
    const ranges = [{ partition: 0, from: 0, to: 9 }]
    const table = { into, topic: 'grants', model: 'mail@1', ranges, storeText: true }
    const { write } = await openReplayTable(analytics, table, (call) => call())
    const { value, ...one } = outputOf(sampleClassification({ topic: 'grants', offset: 0 }))
    const outcomes = [{ ...one, stage: 'infer', outcome: ok(value) }]
    await write({ partition: 0, from: 0, through: 0, outcomes })
  },
  async migrate(_analytics, clickhouse) {
    expect((await migrate(clickhouse)).length).toBeGreaterThan(10)
    expect(await migrate(clickhouse)).toEqual([])
  },
}

async function readAll(analytics: Analytics, clickhouse: Config['clickhouse']): Promise<void> {
  expect((await planMigrations(clickhouse)).missing).toEqual([])
  for (const read of Object.values(reads)) await read(analytics)
}

/** For the server in front of the engine, which puts the rows of fenced inserts in such a table. */
const ofTheServer = ['GRANT CREATE TEMPORARY TABLE ON *.*']

/** Does the work of a use under these grants only; returns the failure, if there is one. */
async function tryWith(use: Use, without?: Grant): Promise<unknown> {
  const database = use === 'migrate' ? `fresh_${tries}` : config.database
  const grants = grantsOf(use, { ...config, database })
  const left = grants.filter(
    ({ privilege, on }) => privilege !== without?.privilege || on !== without.on,
  )
  const statements = left.map(({ privilege, on }) => `GRANT ${privilege} ON ${on}`)
  await engine.restart({ users: usersWith([...statements, ...ofTheServer]) })
  const clickhouse = { ...engine.clickhouse, database }
  const analytics = createAnalytics(clickhouse)
  tries += 1
  try {
    await work[use](analytics, clickhouse)
    return undefined
  } catch (error) {
    return error
  } finally {
    await analytics.close()
  }
}

/** What this engine or its server always allows. */
function isAlwaysThere({ privilege, on }: Grant): boolean {
  return (
    on.startsWith('system.') ||
    privilege === 'TABLE ENGINE' ||
    privilege === 'CREATE TEMPORARY TABLE'
  )
}

describe.each(Object.keys(work) as Use[])('the use %s', (use) => {
  it('needs exactly its grants', { timeout: 240_000 }, async () => {
    expect(await tryWith(use)).toBeUndefined()
    for (const [at, grant] of grantsOf(use, config).entries()) {
      if (!isLongForm && at % 3 !== 0) continue
      const database = `fresh_${tries}`
      const on = use === 'migrate' ? grant.on.replace(config.database, database) : grant.on
      const without = { ...grant, on }
      if (isAlwaysThere(without)) continue
      expect([without, await tryWith(use, without)]).toMatchObject([
        without,
        { code: 'analytics_refused', details: { clickhouseCode: 497 } },
      ])
    }
  })
})

it('names the missing migrations, and who may apply them, where tables may not be defined', async () => {
  await engine.restart({ users: usersWith(['GRANT SELECT ON later.*']) })
  const later = { ...engine.clickhouse, database: 'later' }
  await expect(migrate(later)).rejects.toMatchObject({
    code: 'analytics_refused',
    message: expect.stringMatching(
      /^the database later lacks migrations \(0001_tables\.sql to .*\), and the user winnow may not apply them: run `winnow migrate`/,
    ) as string,
  })
  expect(grantStatement({ privilege: 'SELECT', on: 'later.*' }, 'ann')).toBe(
    'GRANT SELECT ON later.* TO ann',
  )
})
