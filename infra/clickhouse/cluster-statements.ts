// Makes the statements of a cluster from those of infra/sql, which are written for one server: ON
// CLUSTER, Replicated engines, and for shards a Distributed table in front of each local one. It
// refuses a statement of a form that it does not know, so that no migration is half translated.
import assert from 'node:assert'
import { localTable, shardingKeys, type Topology } from './topology.ts'

type Cluster = Extract<Topology, { cluster: string }>

/** Where Keeper has the state of a table; each shard has its own. */
const shardPath = '/clickhouse/tables/{shard}/{database}/{table}'
/** The same for a table that every server of every shard has in full. */
const commonPath = '/clickhouse/tables/all/{database}/{table}'

/** The statements that do in a topology what one statement does on a single server. */
export function statementsIn(topology: Topology, database: string, statement: string): string[] {
  // ClickHouse Cloud turns MergeTree into SharedMergeTree, and sends definitions to all servers.
  if (topology.kind === 'single' || topology.kind === 'cloud') return [statement]
  const parts = partsOf(statement)
  assert(parts !== undefined, `no form for a cluster: ${statement.slice(0, 80)}`)
  const cluster = `ON CLUSTER '${topology.cluster}'`
  const { head, name, rest } = parts
  const inCluster = (table: string, end: string) => `${head} ${table} ${cluster}${end}`
  switch (parts.kind) {
    case 'database':
      return [inCluster(name, rest)]
    case 'create':
      return createTable(topology, { name, like: name, rest, database, inCluster })
    case 'feed':
      return [inCluster(name, topology.kind === 'sharded' ? withLocalTables(rest) : rest)]
    case 'view':
      return [inCluster(name, rest)]
    case 'alter':
      return alterTable(topology, { name, rest, database, inCluster })
    case 'drop':
      return dropTable(topology, { head, name, inCluster })
  }
}

/** A table to make with the columns and the storage of another one. */
export type TableLike = {
  readonly name: string
  readonly like: string
  /** Without quotation marks and backslashes. */
  readonly comment: string
}

/**
 * The statements that make a table like another one if it is missing. `storage` is `engine_full` of
 * the other one in system.tables. Its engine names the place in Keeper, so it cannot be copied.
 */
export function statementsLike(
  topology: Topology,
  database: string,
  { name, like, comment, storage }: TableLike & { readonly storage: string },
): string[] {
  const head = 'CREATE TABLE IF NOT EXISTS'
  if (topology.kind === 'single' || topology.kind === 'cloud') {
    return [`${head} ${name} AS ${like} COMMENT '${comment}'`]
  }
  const isSharded = topology.kind === 'sharded' && shardingKeys.has(like)
  const clauses = storage.replace(/^Replicated(\w*MergeTree)\(.*?\) /, 'ENGINE = $1 ')
  assert(clauses !== storage, `no storage of a replicated table: ${storage.slice(0, 80)}`)
  const rest = ` AS ${database}.${isSharded ? localTable(like) : like} ${clauses} COMMENT '${comment}'`
  const inCluster: InCluster = (table, end) =>
    `${head} ${table} ON CLUSTER '${topology.cluster}'${end}`
  return createTable(topology, { name, like, rest, comment, database, inCluster })
}

type Parts = {
  readonly kind: 'database' | 'create' | 'feed' | 'view' | 'alter' | 'drop'
  /** What stands before the name. */
  readonly head: string
  readonly name: string
  /** What stands behind it, with the space before. */
  readonly rest: string
}

const forms: readonly (readonly [Parts['kind'], RegExp])[] = [
  ['database', /^(CREATE DATABASE(?: IF NOT EXISTS)?) (\w+)(.*)$/s],
  ['create', /^(CREATE TABLE(?: IF NOT EXISTS)?) (\w+)(\s.*ENGINE = \w*MergeTree.*)$/s],
  ['feed', /^(CREATE MATERIALIZED VIEW(?: IF NOT EXISTS)?) (\w+)(\s+TO\s.*)$/s],
  ['view', /^(CREATE(?: OR REPLACE)? VIEW(?: IF NOT EXISTS)?) (\w+)(\s+AS\s.*)$/s],
  ['alter', /^(ALTER TABLE) (\w+)(\s.*)$/s],
  ['drop', /^(DROP (?:TABLE|VIEW) IF EXISTS) (\w+)()$/s],
]

function partsOf(statement: string): Parts | undefined {
  for (const [kind, form] of forms) {
    const [, head, name, rest] = form.exec(statement) ?? []
    if (head === undefined || name === undefined || rest === undefined) continue
    return { kind, head, name, rest }
  }
  return undefined
}

type InCluster = (table: string, end: string) => string

function createTable(
  topology: Cluster,
  table: {
    name: string
    like: string
    rest: string
    comment?: string
    database: string
    inCluster: InCluster
  },
): string[] {
  const { name, like, rest, comment, database, inCluster } = table
  if (topology.kind !== 'sharded') return [inCluster(name, replicated(rest, shardReplica))]
  const key = shardingKeys.get(like)
  if (key === undefined) return [inCluster(name, replicated(rest, commonReplica))]
  const local = localTable(name)
  const engine = `Distributed('${topology.cluster}', '${database}', '${local}', ${key})`
  const note = comment === undefined ? '' : ` COMMENT '${comment}'`
  return [
    inCluster(local, replicated(rest, shardReplica)),
    inCluster(name, ` AS ${database}.${local}\nENGINE = ${engine}${note}`),
  ]
}

/** Where Keeper has a table, and the name of this server among its replicas. */
type Replica = { readonly path: string; readonly name: string }

const shardReplica: Replica = { path: shardPath, name: '{replica}' }
/** Replicas of two shards may have the same name. */
const commonReplica: Replica = { path: commonPath, name: '{shard}-{replica}' }

/** The definition of a table with a Replicated engine. */
function replicated(definition: string, { path, name }: Replica): string {
  return withReplicatedSettings(
    definition.replace(
      /\bENGINE = (\w*MergeTree)(?:\(([^)]*)\))?/,
      (_, engine: string, own = '') => {
        const given = own === '' ? '' : `, ${own}`
        return `ENGINE = Replicated${engine}('${path}', '${name}'${given})`
      },
    ),
  )
}

function withReplicatedSettings(definition: string): string {
  return definition.replaceAll(
    'non_replicated_deduplication_window',
    'replicated_deduplication_window',
  )
}

function alterTable(
  topology: Cluster,
  table: { name: string; rest: string; database: string; inCluster: InCluster },
): string[] {
  const { name, database, inCluster } = table
  const isSharded = topology.kind === 'sharded'
  if (/^\s+MODIFY QUERY\s/.test(table.rest)) {
    const query = isSharded ? withLocalTables(table.rest) : table.rest
    // Other servers run it in a database of their own choice.
    return [inCluster(name, query.replaceAll(/\bFROM (?=\w)/g, `FROM ${database}.`))]
  }
  const change = withReplicatedSettings(table.rest)
  if (!isSharded || !shardingKeys.has(name)) return [inCluster(name, change)]
  const local = inCluster(localTable(name), change)
  // A Distributed table has the columns of its local ones, but no indices, lifetimes or settings.
  const isOfColumns =
    /^\s+(?:ADD|MODIFY|COMMENT|DROP|RENAME) COLUMN\s/.test(change) && !/\bTTL\b/.test(change)
  return isOfColumns ? [local, inCluster(name, change)] : [local]
}

function dropTable(
  topology: Cluster,
  table: { head: string; name: string; inCluster: InCluster },
): string[] {
  const { head, name, inCluster } = table
  if (head.startsWith('DROP VIEW')) return [inCluster(name, '')]
  // Keeper forgets a table at once, so that one of the same name can follow.
  const names =
    topology.kind === 'sharded' && shardingKeys.has(name) ? [name, localTable(name)] : [name]
  return names.map((one) => inCluster(one, ' SYNC'))
}

/** A query that a materialized view runs on the rows of its own server. */
function withLocalTables(query: string): string {
  const names = [...shardingKeys.keys()].join('|')
  return query.replaceAll(new RegExp(`\\b(?:${names})\\b`, 'g'), localTable)
}
