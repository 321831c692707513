// The rights that each use of Winnow needs in ClickHouse, as `winnow doctor` checks them and
// docs/clickhouse.md lists them. tests/integration/grants.test.ts runs each use with exactly
// these.
import type { Config } from '../../configs/schema.ts'
import { localTable, shardingKeys, topologyOf } from './topology.ts'

/** What a user of ClickHouse is for. */
export type Use = 'query' | 'stream' | 'serve' | 'train' | 'replay' | 'migrate'

/** A privilege and what it is for: `SELECT` on `winnow.*`. */
export type Grant = { readonly privilege: string; readonly on: string }

/** Each use with the commands that belong to it. */
export const usedBy: Readonly<Record<Use, string>> = {
  query: 'query, models compare, dlq list, labels, and training from ClickHouse',
  stream: 'stream',
  serve: 'serve, models promote, dlq replay',
  train: 'train, cv, tune, models publish',
  replay: 'replay',
  migrate: 'migrate',
}

/** The tables that each use writes. */
const written: Readonly<Record<Use, readonly string[]>> = {
  query: [],
  stream: [
    'classifications',
    'dead_letters',
    'filtered_events',
    'inference_batches',
    'labels',
    'model_releases',
    'partition_fences',
  ],
  serve: ['audit', 'dead_letter_replays', 'model_releases'],
  train: ['model_releases', 'training_runs'],
  replay: [],
  migrate: [],
}

/** The grants of a use in the configured topology; `on` has the configured database. */
export function grantsOf(use: Use, config: Config['clickhouse']): Grant[] {
  const { database } = config
  const all = `${database}.*`
  const topology = topologyOf(config)
  const inserts = written[use].map((table) => ({ privilege: 'INSERT', on: `${database}.${table}` }))
  const isCluster = topology.kind === 'replicated' || topology.kind === 'sharded'
  const defines = use === 'migrate' || use === 'replay'
  return [
    { privilege: 'SELECT', on: all },
    ...inserts,
    ...localInserts(use, config),
    ...usesOf(use, all),
    ...(raisesFences(use) && topology.kind !== 'single' ? [remote] : []),
    ...(isCluster ? [{ privilege: 'SELECT', on: 'system.clusters' }] : []),
    ...(defines && isCluster ? [{ privilege: 'CLUSTER', on: '*.*' }] : []),
    ...(defines ? enginesOf(use, config).map((on) => ({ privilege: 'TABLE ENGINE', on })) : []),
  ]
}

/** The statement that gives a user a right. */
export function grantStatement({ privilege, on }: Grant, user: string): string {
  return `GRANT ${privilege} ON ${on} TO ${user}`
}

function raisesFences(use: Use): boolean {
  return use === 'stream' || use === 'replay'
}

/** The rows of a shard are inserted into its table by the same user. */
function localInserts(use: Use, config: Config['clickhouse']): Grant[] {
  if (topologyOf(config).kind !== 'sharded') return []
  return written[use]
    .filter((table) => shardingKeys.has(table))
    .map((table) => ({ privilege: 'INSERT', on: `${config.database}.${localTable(table)}` }))
}

function usesOf(use: Use, all: string): Grant[] {
  const fenced: Grant[] = [
    // For the table function input().
    { privilege: 'CREATE TEMPORARY TABLE', on: '*.*' },
    { privilege: 'SELECT', on: 'system.processes' },
  ]
  switch (use) {
    case 'stream':
      return fenced
    case 'replay':
      return [{ privilege: 'INSERT', on: all }, { privilege: 'CREATE TABLE', on: all }, ...fenced]
    case 'migrate':
      return [
        // Materialized views write the tables that they feed, for the user who makes them.
        ...['INSERT', 'CREATE DATABASE', 'CREATE TABLE'],
        // The rights on tables include those on views.
        ...['DROP TABLE', 'ALTER TABLE'],
      ].map((privilege) => ({ privilege, on: all }))
    default:
      return []
  }
}

/** For clusterAllReplicas(). */
const remote: Grant = { privilege: 'REMOTE', on: '*.*' }

/** Only a server with table_engines_require_grant asks for these. */
function enginesOf(use: Use, config: Config['clickhouse']): string[] {
  const { kind } = topologyOf(config)
  const isCluster = kind === 'replicated' || kind === 'sharded'
  // On one server the table of a replay is a copy, which names no engine.
  if (use === 'replay' && !isCluster) return []
  const plain =
    use === 'replay' ? ['MergeTree'] : ['AggregatingMergeTree', 'MergeTree', 'ReplacingMergeTree']
  if (!isCluster) return plain
  const replicated = plain.map((engine) => `Replicated${engine}`)
  return kind === 'sharded' ? [...replicated, 'Distributed'] : replicated
}
