// Creates the topics and tables that every service needs, at its start.
import type { Config } from '../configs/schema.ts'
import { createKafka } from '../infra/kafka/kafka.ts'
import { migrate } from '../infra/clickhouse/migrations.ts'
import { ensureTopics } from '../infra/kafka/topics.ts'
import { createPatience } from './patience.ts'

/**
 * Creates missing topics and applies missing migrations; returns what was new. Waits a while for a
 * ClickHouse that is away. Running it twice does no harm. A client that may not create topics goes
 * on with those that exist.
 */
export async function prepareBackends(
  config: Config,
  log: (line: string) => void,
  topicsOptions: Parameters<typeof ensureTopics>[2] = { refusal: 'leave' },
): Promise<{ topics: string[]; migrations: string[] }> {
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
