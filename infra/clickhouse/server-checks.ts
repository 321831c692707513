// Checks, before anything is written, that the server can hold Winnow's tables and that they lie
// where the configuration says. Each refusal is one sentence that says what to change.
import type { Config } from '../../configs/schema.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { Analytics } from './clickhouse.ts'
import { topologyOf, type Topology } from './topology.ts'

/** The oldest version that is supported; docs/clickhouse.md says why. */
export const versionMin = '25.3'

/** Whether a version of ClickHouse, such as `25.3.2.39`, is `versionMin` or later. */
export function isSupported(version: string): boolean {
  const [year = 0, release = 0] = version.split('.').map(Number)
  const [yearMin = 0, releaseMin = 0] = versionMin.split('.').map(Number)
  return year > yearMin || (year === yearMin && release >= releaseMin)
}

/**
 * Checks the version, whether it is ClickHouse Cloud, and that the cluster exists. Throws
 * analytics_unsupported.
 */
export async function checkServer(
  analytics: Analytics,
  config: Config['clickhouse'],
): Promise<void> {
  const [server] = await analytics.rows<{ version: string; cloud: string }>(
    `SELECT version() AS version,
       (SELECT any(value) FROM system.settings WHERE name = 'cloud_mode') AS cloud`,
  )
  const { version, cloud } = server!
  if (!isSupported(version)) {
    throw unsupported(
      `ClickHouse ${version} is too old: Winnow needs ${versionMin} or later. Update the server.`,
    )
  }
  const isCloud = cloud === '1'
  if (isCloud && !config.cloud) {
    throw unsupported(
      'the server is ClickHouse Cloud: set clickhouse.cloud to true, so that consumers see what ' +
        'others have written through another replica.',
    )
  }
  if (!isCloud && config.cloud) {
    throw unsupported(
      'clickhouse.cloud is true, but the server is not ClickHouse Cloud: set it to false.',
    )
  }
  await checkCluster(analytics, config)
}

async function checkCluster(
  analytics: Analytics,
  { cluster, sharded }: Config['clickhouse'],
): Promise<void> {
  // A macro such as {cluster} is replaced by the server in the statements that use it.
  if (cluster === undefined || cluster.startsWith('{')) return
  const rows = await analytics.rows<{ name: string; shards: number; isInternal: number }>(
    `SELECT cluster AS name, uniqExact(shard_num) AS shards,
       min(internal_replication) AS isInternal
     FROM system.clusters GROUP BY cluster`,
  )
  const found = rows.find(({ name }) => name === cluster)
  if (found === undefined) {
    const names = rows.map(({ name }) => name).sort()
    const known = names.length === 0 ? 'none' : names.slice(0, 10).join(', ')
    throw unsupported(
      `the server knows no cluster ${cluster} (clickhouse.cluster); it knows ${known}.`,
    )
  }
  if (found.shards > 1 && !sharded) {
    throw unsupported(
      `the cluster ${cluster} has ${found.shards} shards: set clickhouse.sharded to true, or name a ` +
        'cluster with one shard. Otherwise each shard would have tables of its own.',
    )
  }
  if (sharded && found.isInternal !== 1) {
    throw unsupported(
      `the cluster ${cluster} has a shard without internal_replication: set it to true in ` +
        'remote_servers. Otherwise Distributed tables write each row to every replica themselves.',
    )
  }
}

const engines: Readonly<Record<Topology['kind'], string>> = {
  single: 'on one server',
  replicated: 'replicated',
  sharded: 'sharded',
  cloud: 'of ClickHouse Cloud',
}

/**
 * Checks that the tables lie as the configuration says: a migration would otherwise change some of
 * them only. Throws analytics_unsupported.
 */
export async function checkTables(
  analytics: Analytics,
  config: Config['clickhouse'],
): Promise<void> {
  const { kind } = topologyOf(config)
  const rows = await analytics.rows<{ engine: string }>(
    `SELECT engine FROM system.tables
     WHERE database = {database: String} AND name = 'classifications'`,
    { database: config.database },
  )
  const [table] = rows
  if (table === undefined) return
  const found = kindOf(table.engine)
  if (found === kind) return
  const wanted =
    'To keep the rows, create a new database and copy them (docs/clickhouse.md), or change ' +
    'clickhouse.cluster, sharded and cloud back.'
  throw unsupported(
    `the tables of the database ${config.database} are ${engines[found]} (${table.engine}), but the ` +
      `configuration says that they are ${engines[kind]}. ${wanted}`,
  )
}

function kindOf(engine: string): Topology['kind'] {
  if (engine === 'Distributed') return 'sharded'
  if (engine.startsWith('Shared')) return 'cloud'
  return engine.startsWith('Replicated') ? 'replicated' : 'single'
}

function unsupported(message: string): WinnowError {
  return new WinnowError('analytics_unsupported', message)
}
