// What the migrations become on a cluster, on the real engine: every statement parses, and those of
// a sharded cluster run, as far as they need no Keeper. Every reader gives the same on the tables
// of the cluster as on those of one server.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Analytics } from '../../infra/clickhouse/clickhouse.ts'
import { createAnalytics } from '../../infra/clickhouse/clickhouse.ts'
import { raiseFence } from '../../infra/sinks/partition-fence.ts'
import { readStored } from '../../infra/sinks/result-sink.ts'
import { createResultLog } from '../../infra/readers/result-log-reader.ts'
import { migrate, planMigrations, wholePlan } from '../../infra/clickhouse/migrations.ts'
import { clusterWithLostServer } from '../support/own-engine.ts'
import { fillTables, reads } from '../support/every-read.ts'
import { openClusterEngine, type ClusterEngine } from '../support/cluster-engine.ts'

let cluster: ClusterEngine
/** The same rows in the tables of one server. */
let single: Analytics

beforeAll(async () => {
  cluster = await openClusterEngine()
  const config = { ...cluster.config, database: 'plain', cluster: undefined, sharded: false }
  await migrate(config)
  single = createAnalytics(config)
  for (const analytics of [cluster.analytics, single]) await fillTables(analytics)
})

afterAll(async () => {
  await single.close()
  await cluster.close()
})

describe('the statements of a cluster', () => {
  it.each([false, true])('are valid SQL (sharded: %s)', async (sharded) => {
    const { first, missing } = await wholePlan({ ...cluster.config, sharded })
    const statements = [...first, ...missing.flatMap((one) => one.statements)]
    expect(statements.length).toBeGreaterThan(60)
    for (const statement of statements) {
      expect(await cluster.analytics.text(`EXPLAIN AST ${statement}`, 'JSON')).toContain(
        'Identifier',
      )
    }
    const wrong = cluster.analytics.text(`EXPLAIN AST ${statements[2]} ORDER`, 'JSON')
    await expect(wrong).rejects.toMatchObject({ details: { clickhouseCode: 62 } })
  })
})

/** What can be empty with the rows above. */
const empty = ['changes of models', 'the audit log']

describe('on a sharded cluster', () => {
  it.each(Object.keys(reads))('%s: the same as on one server', async (name) => {
    const there = await reads[name]!(cluster.analytics)
    expect(there).toEqual(await reads[name]!(single))
    if (!empty.includes(name)) expect(there).not.toEqual([])
  })

  it('refuses live results, which need the order of one server', async () => {
    const log = createResultLog(cluster.analytics)
    await expect(log.end()).rejects.toMatchObject({ code: 'analytics_unsupported' })
    expect((await createResultLog(single).end()).block).toBeGreaterThan(0)
  })

  it('refuses a configuration that does not fit the tables or the server', async () => {
    const { config } = cluster
    const noted = `INSERT INTO ${config.database}.migrations SELECT '0001_tables.sql', '', now64(3)`
    await cluster.analytics.run(noted)
    const refusal = (changed: Partial<typeof config>) =>
      planMigrations({ ...config, ...changed }).catch((error: unknown) => (error as Error).message)
    expect(await refusal({ cluster: undefined, sharded: false })).toMatch(
      /are sharded \(Distributed\), but the configuration says that they are on one server/,
    )
    expect(await refusal({ sharded: false })).toMatch(/but the configuration says .* replicated/)
    expect(await refusal({ cluster: 'two' })).toMatch(/knows no cluster two .* it knows one\./)
    expect(await refusal({ cluster: undefined, sharded: false, cloud: true })).toMatch(
      /clickhouse.cloud is true, but the server is not/,
    )
    expect(await refusal({ database: 'plain' })).toMatch(/are on one server \(MergeTree\), but/)
  })
})

describe('while a server of the cluster does not answer', () => {
  let wounded: ClusterEngine

  beforeAll(async () => {
    wounded = await openClusterEngine(clusterWithLostServer)
    await fillTables(wounded.analytics)
  })

  afterAll(() => wounded.close())

  const stored = { topic: 'sample.events', partition: 1, fromOffset: 0, model: 'mail' }
  const owned = { group: 'lost', topic: 'sample.events', partitions: [1] }

  it('a new owner waits, because that server may hold rows', async () => {
    const { analytics } = wounded
    const waits = { code: 'analytics_unavailable', retryable: true }
    await expect(raiseFence(analytics, owned)).rejects.toMatchObject(waits)
    await expect(readStored(analytics, stored)).rejects.toMatchObject(waits)
  })

  it('or goes on without it, where that is configured', async () => {
    const analytics = createAnalytics({ ...wounded.config, unreachableServers: 'skip' })
    await raiseFence(analytics, owned)
    const { recordTimeMsByOffset } = await readStored(analytics, stored)
    expect([...recordTimeMsByOffset.keys()]).toEqual([1, 5, 9, 13, 17, 21, 25, 29, 33, 37])
    await analytics.close()
  })

  it('rows that are read for people come from the servers that answer', async () => {
    const [row] = await wounded.analytics.rows('SELECT count() AS n FROM classifications')
    expect(row).toEqual({ n: 81 })
  })
})
