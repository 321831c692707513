// How the tables of Winnow are spread over servers: on one, replicated over a cluster, sharded and
// replicated, or in ClickHouse Cloud. It decides with which settings statements run, and how what
// any server has is read. cluster-statements.ts makes the tables.
import type { ClickHouseSettings } from '@clickhouse/client'
import type { Config } from '../../configs/schema.ts'

/** The settings under `clickhouse` that say where the tables are. */
export type ClusterConfig = Pick<
  Config['clickhouse'],
  'cluster' | 'sharded' | 'cloud' | 'database' | 'unreachableServers'
>

/** Where the tables are, and in which cluster of system.clusters. */
export type Topology =
  | { readonly kind: 'single' }
  | { readonly kind: 'replicated' | 'sharded' | 'cloud'; readonly cluster: string }

/** The cluster of a service in ClickHouse Cloud. */
const cloudCluster = 'default'

/** Reads the topology from the configuration. */
export function topologyOf({ cluster, sharded, cloud }: ClusterConfig): Topology {
  if (cloud) return { kind: 'cloud', cluster: cloudCluster }
  if (cluster === undefined) return { kind: 'single' }
  return { kind: sharded ? 'sharded' : 'replicated', cluster }
}

/**
 * The tables that are spread over shards, with the key by which their rows are. All others are
 * small, and every server has all their rows.
 */
export const shardingKeys: ReadonlyMap<string, string> = new Map([
  ['classifications', 'cityHash64(topic, partition, offset)'],
  ['dead_letters', 'cityHash64(topic, partition, offset)'],
  ['filtered_events', 'cityHash64(topic, partition, offset)'],
  ['inference_batches', 'rand()'],
  // Rollups of early migrations, which a later one drops.
  ['label_counts_minute', 'rand()'],
  ['latency_minute', 'rand()'],
])

/** The name of the table on a shard that holds the rows of a sharded table. */
export function localTable(table: string): string {
  return `${table}_local`
}

/** How to read everything that any server has stored of a table. */
export type Everywhere = {
  /**
   * The table expression for FROM. With replicas it gives a row once for each replica that has it,
   * so only use it where that makes no difference. `like`: the table that it was made like.
   */
  readonly table: (name: string, like?: string) => string
  /** The end of the statement that reads it. */
  readonly settings: string
}

/**
 * Delivery asks which rows are stored, and must not miss one that its server has not fetched yet.
 * So it asks all servers. In ClickHouse Cloud all servers share the parts; see `requestSettings`.
 */
export function everywhere(config: ClusterConfig): Everywhere {
  const { database, unreachableServers } = config
  const topology = topologyOf(config)
  const onAll = (cluster: string, table: string) => `clusterAllReplicas('${cluster}', ${table})`
  const settings =
    topology.kind === 'single' || unreachableServers === 'wait'
      ? ''
      : ' SETTINGS skip_unavailable_shards = 1'
  const table = (name: string, like = name): string => {
    if (topology.kind === 'single') return name
    if (name.startsWith('system.')) return onAll(topology.cluster, name)
    if (topology.kind === 'cloud') return name
    const isSharded = topology.kind === 'sharded' && shardingKeys.has(like)
    return onAll(topology.cluster, `${database}.${isSharded ? localTable(name) : name}`)
  }
  return { table, settings }
}

/** The settings of every statement. */
export function requestSettings(topology: Topology): ClickHouseSettings {
  switch (topology.kind) {
    case 'single':
    case 'replicated':
      return {}
    case 'sharded':
      // An insert ends when the shards have the rows; IN and JOIN between sharded tables are whole.
      return { distributed_foreground_insert: 1, distributed_product_mode: 'global' }
    case 'cloud':
      // Each server sees what any other has acknowledged.
      return { select_sequential_consistency: '1' }
  }
}

/** The settings of a statement that reads partition_fences on its own server. */
export function fenceReadSettings(topology: Topology): ClickHouseSettings {
  const isReplicated = topology.kind === 'replicated' || topology.kind === 'sharded'
  return isReplicated ? { select_sequential_consistency: '1' } : {}
}

/**
 * The settings of a statement that writes partition_fences: with those for reading, a fence that is
 * stored is seen by every later insert on any server. A majority of the replicas must answer.
 */
export function fenceWriteSettings(topology: Topology): ClickHouseSettings {
  const isReplicated = topology.kind === 'replicated' || topology.kind === 'sharded'
  return {
    ...fenceReadSettings(topology),
    ...(isReplicated && { insert_quorum: 'auto', insert_quorum_parallel: 0 }),
  }
}
