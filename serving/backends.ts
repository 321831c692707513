// Creates the topics and tables that every service needs, at its start, and sets the retention that
// is configured.
import type { Config } from '../configs/schema.ts'
import { createAnalytics } from '../infra/clickhouse/clickhouse.ts'
import { createKafka } from '../infra/kafka/kafka.ts'
import { migrate } from '../infra/clickhouse/migrations.ts'
import { applyRetention } from '../infra/erasure/retention.ts'
import { ensureTopics } from '../infra/kafka/topics.ts'
import { createPatience } from './patience.ts'

/** What was new. */
export type Prepared = { readonly topics: string[]; readonly migrations: string[] }

/**
 * Creates missing topics and applies missing migrations; returns what was new. Waits a while for a
 * ClickHouse that is away. Running it twice does no harm. A client that may not create topics goes
 * on with those that exist.
 */
export async function prepareBackends(
  config: Config,
  log: (line: string) => void,
  topicsOptions: Parameters<typeof ensureTopics>[2] = { refusal: 'leave' },
): Promise<Prepared> {
  const failed = new AbortController()
  const { waitMsMax } = config.clickhouse
  const patience = createPatience({ waitMsMax, log, signal: failed.signal })
  const [topics, migrations] = await Promise.all([
    ensureTopics(createKafka(config), config.topics, topicsOptions).catch((error: unknown) => {
      failed.abort()
      throw error
    }),
    patience(() => migrate(config.clickhouse)),
  ])
  return { topics, migrations }
}

/**
 * `prepareBackends`, and then the retention of texts and rows, for what runs as a service. Commands
 * that run once leave retention alone: on another machine they may have another configuration.
 */
export async function prepareService(
  config: Config,
  log: (line: string) => void,
  topicsOptions?: Parameters<typeof prepareBackends>[2],
): Promise<Prepared & { readonly retention: string[] }> {
  const prepared = await prepareBackends(config, log, topicsOptions)
  const { waitMsMax } = config.clickhouse
  const patience = createPatience({ waitMsMax, log })
  const analytics = createAnalytics(config.clickhouse)
  try {
    const retention = await patience(() => applyRetention(analytics, config.retention))
    for (const statement of retention) log(`retention: ${statement}`)
    return { ...prepared, retention }
  } finally {
    await analytics.close()
  }
}
