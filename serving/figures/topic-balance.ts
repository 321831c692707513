// Compares what is on the input topics with what became of it. An event ends as a row, as an open
// dead letter or as left out by a filter, or it still waits for a consumer; a record for which none
// of this holds was lost.
import type { Config } from '../../configs/schema.ts'
import type { Analytics } from '../../infra/clickhouse/clickhouse.ts'
import type { KafkaClient } from '../../infra/kafka/kafka.ts'
import { readBounds } from '../../infra/kafka/record-lookup.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import { countOutcomes, countReplays } from '../../infra/readers/balance-reader.ts'
import type { TopicBalance } from '../../schemas/ports/stream-analytics.ts'
import { readStageLag, type StageLag } from './stage-lag.ts'

/** The topics on which events and labels enter, with the table of their rows. */
function entriesOf({ topics, inputs }: Config) {
  const events = [topicOf(topics, 'events'), ...inputs.map(({ topic }) => topic)]
  return [
    ...events.map((topic) => ({ topic, table: 'classifications' as const })),
    { topic: topicOf(topics, 'labels'), table: 'labels' as const },
  ]
}

/**
 * Reads the balance of each input topic that exists. Throws broker_unavailable, broker_refused,
 * analytics_unavailable, analytics_refused.
 */
export async function readTopicBalance(
  clients: { kafka: KafkaClient; analytics: Analytics },
  config: Config,
): Promise<TopicBalance[]> {
  const { kafka, analytics } = clients
  const lags = await readStageLag(kafka, config, ['labels'])
  const balances: TopicBalance[] = []
  // Where the stages run apart, events wait between them too. Which topic they entered on is not
  // known, so they are what a topic lacks.
  let between = (['validated', 'tokenized'] as const)
    .map((name) => waitingOn(lags, topicOf(config.topics, name)))
    .reduce((sum, one) => sum + one, 0)
  for (const { topic, table } of entriesOf(config)) {
    const bounds = await readBounds(kafka, topic)
    if (bounds.size === 0) continue
    const settled = settledOffsets(lags.filter((lag) => lag.topic === topic))
    const partitions = [...bounds].map(([partition, { low, high }]) => {
      const end = Math.min(high, Math.max(low, settled.get(partition) ?? low))
      return { partition, low, end, high }
    })
    const [outcomes, replays] = await Promise.all([
      countOutcomes(analytics, { topic, table, offsets: partitions }),
      // Events of inputs are sent again on a topic of their own.
      isInput(config, topic) ? 0 : countReplays(analytics, { topic, lows: partitions }),
    ])
    const held = partitions.reduce((sum, { low, high }) => sum + high - low, 0)
    const unread = partitions.reduce((sum, { end, high }) => sum + high - end, 0)
    const records = held - replays
    const { rows, openDeadLetters, filtered } = outcomes
    const lacking = records - rows - openDeadLetters - filtered - unread
    const passing = table === 'labels' ? 0 : Math.min(between, Math.max(0, lacking))
    between -= passing
    const waiting = unread + passing
    const difference = lacking - passing
    balances.push({
      ...{ topic, records, replays, rows, openDeadLetters, filtered, waiting, difference },
    })
  }
  return balances
}

function isInput({ inputs }: Config, topic: string): boolean {
  return inputs.some((input) => input.topic === topic)
}

/**
 * The groups that count: those with members or, when nobody consumes, the one that got furthest. A
 * group that was given up would wait for ever.
 */
function countedGroups(lags: readonly StageLag[]): readonly StageLag[] {
  const active = lags.filter(({ members }) => members > 0)
  if (active.length > 0) return active
  return lags.toSorted((a, b) => a.lag - b.lag).slice(0, 1)
}

/** Up to which offset of each partition every group that counts has committed. */
function settledOffsets(lags: readonly StageLag[]): Map<number, number> {
  const settled = new Map<number, number>()
  for (const { partitions } of countedGroups(lags)) {
    for (const { partition, committed, low } of partitions) {
      const at = committed ?? low
      settled.set(partition, Math.min(settled.get(partition) ?? at, at))
    }
  }
  return settled
}

function waitingOn(lags: readonly StageLag[], topic: string): number {
  const counted = countedGroups(lags.filter((lag) => lag.topic === topic))
  return Math.max(0, ...counted.map(({ lag }) => lag))
}
