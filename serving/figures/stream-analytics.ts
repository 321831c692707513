// The figures of the gateway, from Kafka and ClickHouse. What many dashboards ask at once is read
// once and kept for a moment.
import type { Config } from '../../configs/schema.ts'
import type { Analytics } from '../../infra/clickhouse/clickhouse.ts'
import type { KafkaClient } from '../../infra/kafka/kafka.ts'
import { readSummary } from '../../infra/readers/summary-reader.ts'
import { keepBriefly } from '../../models/runtime/briefly-kept.ts'
import type { ConsumerLag, StreamAnalytics } from '../../schemas/ports/stream-analytics.ts'
import { readStageLag, type StageLag } from './stage-lag.ts'
import { readTopicBalance } from './topic-balance.ts'

const lagMsMax = 1_000
/** Counting a whole topic may take seconds. */
const balanceMsMax = 5_000

/** Makes the reader of figures; the caller closes the clients. */
export function createStreamAnalytics(
  clients: { kafka: KafkaClient; analytics: Analytics },
  config: Config,
): StreamAnalytics {
  const { kafka, analytics } = clients
  const readLag = async (): Promise<ConsumerLag[]> =>
    (await readStageLag(kafka, config, ['labels'])).map(consumerLag)
  return {
    summary: (window) => readSummary(analytics, window),
    lag: keepBriefly(readLag, { msMax: lagMsMax }).read,
    balance: keepBriefly(() => readTopicBalance(clients, config), { msMax: balanceMsMax }).read,
  }
}

function consumerLag({ group, stage, topic, lag, partitions }: StageLag): ConsumerLag {
  return {
    group,
    stage,
    topic,
    lag,
    partitions: partitions.map(({ partition, committed, end, ...one }) => ({
      partition,
      lag: one.lag,
      committed,
      end,
    })),
  }
}
