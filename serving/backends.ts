// Creates the topics and tables that every service needs, at its start, with the retention that is
// configured.
import type { Config } from '../configs/schema.ts'
import { createKafka } from '../infra/kafka/kafka.ts'
import { createAnalytics } from '../infra/clickhouse/clickhouse.ts'
import { migrate } from '../infra/clickhouse/migrations.ts'
import { applyRetention } from '../infra/erasure/retention.ts'
import { ensureTopics } from '../infra/kafka/topics.ts'
import { createPatience } from './patience.ts'

/**
 * Creates missing topics, applies missing migrations and sets the retention of texts and rows;
 * returns what was new. Waits a while for a ClickHouse that is away. Running it twice does no harm.
 */
export async function prepareBackends(
  config: Config,
  log: (line: string) => void,
): Promise<{ topics: string[]; migrations: string[]; retention: string[] }> {
  const failed = new AbortController()
  const { waitMsMax } = config.clickhouse
  const patience = createPatience({ waitMsMax, log, signal: failed.signal })
  const [topics, { migrations, retention }] = await Promise.all([
    ensureTopics(createKafka(config), config.topics).catch((error: unknown) => {
      failed.abort()
      throw error
    }),
    patience(() => prepareTables(config)),
  ])
  return { topics, migrations, retention }
}

/** Applies missing migrations, then the retention that is configured. */
async function prepareTables(
  config: Pick<Config, 'clickhouse' | 'retention'>,
): Promise<{ migrations: string[]; retention: string[] }> {
  const migrations = await migrate(config.clickhouse)
  const analytics = createAnalytics(config.clickhouse)
  try {
    return { migrations, retention: await applyRetention(analytics, config.retention) }
  } finally {
    await analytics.close()
  }
}
