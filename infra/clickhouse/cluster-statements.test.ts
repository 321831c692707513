// What the shipped migrations become on a cluster. tests/integration/cluster-tables.test.ts parses
// them with the engine and runs what it can run.
import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { statementsIn, statementsLike } from './cluster-statements.ts'
import { statementsOf } from './migrations.ts'
import { shardingKeys, type Topology } from './topology.ts'

const folder = new URL('../sql/', import.meta.url)
const shipped = readdirSync(folder)
  .sort()
  .flatMap((name) => statementsOf(readFileSync(new URL(name, folder), 'utf8')))
const replicated: Topology = { kind: 'replicated', cluster: 'main' }
const sharded: Topology = { kind: 'sharded', cluster: 'main' }
const inCluster = (topology: Topology) =>
  shipped.flatMap((statement) => statementsIn(topology, 'winnow', statement))

describe('every shipped statement', () => {
  it('stays as it is on one server, and in ClickHouse Cloud', () => {
    expect(inCluster({ kind: 'single' })).toEqual(shipped)
    expect(inCluster({ kind: 'cloud', cluster: 'default' })).toEqual(shipped)
  })

  it.each([replicated, sharded])('runs on the cluster, with $kind tables', (topology) => {
    for (const statement of inCluster(topology)) {
      expect(statement.match(/ ON CLUSTER 'main'/g)).toHaveLength(1)
      expect(statement).not.toMatch(/ENGINE = (?!Replicated|Distributed)/)
      expect(statement).not.toMatch(/non_replicated/)
    }
  })

  it('is one statement for one when replicated', () => {
    expect(inCluster(replicated)).toHaveLength(shipped.length)
  })

  it('has a Distributed table for each sharded one, which no view and no column lacks', () => {
    const made = inCluster(sharded)
    for (const [table, key] of shardingKeys) {
      expect(
        made.filter((one) => one.includes(`TABLE IF NOT EXISTS ${table}_local `)),
      ).toHaveLength(1)
      const engine = `Distributed('main', 'winnow', '${table}_local', ${key})`
      expect(made.filter((one) => one.includes(engine))).toHaveLength(1)
    }
    const columns = (table: string) =>
      made.filter((one) => one.startsWith(`ALTER TABLE ${table} `) && / COLUMN /.test(one)).length
    expect(columns('classifications')).toBeGreaterThan(0)
    expect(columns('classifications')).toBe(columns('classifications_local'))
    expect(columns('dead_letters')).toBe(columns('dead_letters_local'))
  })

  it('gives tables that are not sharded a place of their own, the same for all shards', () => {
    const [labels] = inCluster(sharded).filter((one) =>
      one.startsWith('CREATE TABLE IF NOT EXISTS labels'),
    )
    expect(labels).toContain(
      "ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}')",
    )
  })
})

describe('statementsIn', () => {
  it('keeps the arguments of an engine', () => {
    const made = statementsIn(
      replicated,
      'd',
      'CREATE TABLE t (v Int8)\nENGINE = ReplacingMergeTree(v) ORDER BY v',
    )
    expect(made[0]).toContain(
      "ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', v)",
    )
  })

  it('feeds a shard from its own rows, and names the database that other servers need', () => {
    const feed =
      'CREATE MATERIALIZED VIEW IF NOT EXISTS f TO latency_minute AS\nSELECT 1 FROM classifications'
    expect(statementsIn(sharded, 'd', feed)).toEqual([
      "CREATE MATERIALIZED VIEW IF NOT EXISTS f ON CLUSTER 'main' TO latency_minute_local AS\n" +
        'SELECT 1 FROM classifications_local',
    ])
    const changed = 'ALTER TABLE f MODIFY QUERY\nSELECT 1 FROM classifications'
    expect(statementsIn(sharded, 'd', changed)).toEqual([
      "ALTER TABLE f ON CLUSTER 'main' MODIFY QUERY\nSELECT 1 FROM d.classifications_local",
    ])
    expect(statementsIn(replicated, 'd', changed)).toEqual([
      "ALTER TABLE f ON CLUSTER 'main' MODIFY QUERY\nSELECT 1 FROM d.classifications",
    ])
  })

  it.each([
    'DELETE WHERE offset = {offset: UInt64}',
    'MODIFY TTL toDateTime(classified_at) + INTERVAL 30 DAY',
    'MODIFY COLUMN text String TTL toDateTime(classified_at) + INTERVAL 30 DAY',
    "DROP PARTITION ID '202601'",
    'RESET SETTING old_parts_lifetime',
  ])('changes the rows of a sharded table where they are: %s', (change) => {
    expect(statementsIn(sharded, 'd', `ALTER TABLE classifications ${change}`)).toEqual([
      `ALTER TABLE classifications_local ON CLUSTER 'main' ${change}`,
    ])
    expect(statementsIn(sharded, 'd', `ALTER TABLE labels ${change}`)).toEqual([
      `ALTER TABLE labels ON CLUSTER 'main' ${change}`,
    ])
  })

  it('refuses what it does not know, rather than running it on one server only', () => {
    expect(() => statementsIn(replicated, 'd', 'OPTIMIZE TABLE t')).toThrow(/no form for a cluster/)
    expect(() => statementsIn(sharded, 'd', 'CREATE TABLE t (a Int8) ENGINE = Log')).toThrow()
  })
})

describe('statementsLike', () => {
  const table = { name: 'again', like: 'classifications', comment: 'replay of t' }
  const storage =
    "ReplicatedMergeTree('/clickhouse/tables/{shard}/winnow/classifications', '{replica}') " +
    'PARTITION BY toYYYYMM(classified_at) ORDER BY offset SETTINGS index_granularity = 8192'

  it('gives a replicated copy a place of its own', () => {
    expect(statementsLike({ kind: 'single' }, 'd', { ...table, storage: '' })).toEqual([
      "CREATE TABLE IF NOT EXISTS again AS classifications COMMENT 'replay of t'",
    ])
    expect(statementsLike(replicated, 'd', { ...table, storage })).toEqual([
      "CREATE TABLE IF NOT EXISTS again ON CLUSTER 'main' AS d.classifications " +
        "ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}') " +
        'PARTITION BY toYYYYMM(classified_at) ORDER BY offset SETTINGS index_granularity = 8192 ' +
        "COMMENT 'replay of t'",
    ])
  })

  it('spreads a copy of a sharded table', () => {
    const made = statementsLike(sharded, 'd', { ...table, storage })
    expect(made[0]).toMatch(
      /^CREATE TABLE IF NOT EXISTS again_local ON CLUSTER 'main' AS d\.classifications_local /,
    )
    expect(made[1]).toBe(
      "CREATE TABLE IF NOT EXISTS again ON CLUSTER 'main' AS d.again_local\nENGINE = " +
        "Distributed('main', 'd', 'again_local', cityHash64(topic, partition, offset)) COMMENT 'replay of t'",
    )
    expect(() => statementsLike(sharded, 'd', { ...table, storage: '' })).toThrow(/no storage/)
  })
})
