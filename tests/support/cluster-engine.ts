// The tables of a sharded cluster on an embedded engine. The engine is the only server of the
// cluster, so Distributed tables and clusterAllReplicas are real. It has no Keeper: ON CLUSTER is
// left out, and a table is MergeTree where it would be ReplicatedMergeTree.
import type { Config } from '../../configs/schema.ts'
import { createAnalytics, type Analytics } from '../../infra/clickhouse/clickhouse.ts'
import { wholePlan } from '../../infra/clickhouse/migrations.ts'
import { clusterOfOne, openOwnEngine, usersWith } from './own-engine.ts'

export type ClusterEngine = {
  readonly config: Config['clickhouse']
  readonly analytics: Analytics
  close(): Promise<void>
}

/** Opens it with all tables, in a cluster of one server or in `server`; the caller closes it. */
export async function openClusterEngine(server = clusterOfOne): Promise<ClusterEngine> {
  const engine = await openOwnEngine({
    server,
    users: usersWith(['GRANT ALL ON *.*']),
  })
  const config = { ...engine.clickhouse, cluster: 'one', sharded: true }
  const { first, missing } = await wholePlan(config)
  const outside = createAnalytics(config, { database: undefined })
  for (const statement of first) await outside.run(withoutKeeper(statement))
  await outside.close()
  const analytics = createAnalytics(config)
  for (const { statements } of missing) {
    for (const statement of statements) await analytics.run(withoutKeeper(statement))
  }
  return {
    config,
    analytics,
    async close() {
      await analytics.close()
      await engine.close()
    },
  }
}

/** The statement without what needs a Keeper. */
export function withoutKeeper(statement: string): string {
  return statement
    .replace(/ ON CLUSTER '\w+'/, '')
    .replace(/\breplicated_deduplication_window/, 'non_replicated_deduplication_window')
    .replace(/\bReplicated(\w*MergeTree)\('[^']*', '[^']*'(?:, )?([^)]*)\)/, '$1($2)')
}
