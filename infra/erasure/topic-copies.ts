// Where the topics may still hold records of events: their places on the topic on which they
// entered, and from which offsets on the other topics may have what was made of them. A topic gives
// up a record only when its retention ends.
import kafkajs from 'kafkajs'
import type { Config } from '../../configs/schema.ts'
import type { TopicName } from '../../schemas/subjects.ts'
import type { Origin } from '../../schemas/validated.ts'
import { brokerCall, type KafkaClient } from '../kafka/kafka.ts'
import { topicOf } from '../kafka/topics.ts'

/** What a topic may still hold. */
export type TopicCopies = {
  readonly topic: string
  /**
   * `PARTITION/OFFSET` of each record, or `PARTITION/OFFSET..END` where a record may be anywhere in
   * between.
   */
  readonly offsets: readonly string[]
  /** When the topic gives up its records, milliseconds after they were written; null for never. */
  readonly retentionMs: number | null
}

/** The topics to which Winnow passes on what an event says. */
const derived = [
  'validated',
  'tokenized',
  'classified',
  'dead-letters',
  'retries',
  'labels',
] as const satisfies readonly TopicName[]

type TopicAdmin = ReturnType<KafkaClient['admin']>

/**
 * The copies of events that topics may hold, those without any left out. Throws broker_unavailable
 * or broker_refused.
 */
export async function topicCopies(
  kafka: KafkaClient,
  {
    origins,
    config: { topics, inputs, outputs },
  }: {
    origins: readonly Origin[]
    config: Pick<Config, 'topics' | 'inputs' | 'outputs'>
  },
): Promise<TopicCopies[]> {
  if (origins.length === 0) return []
  const sinceMs = origins.reduce((least, one) => Math.min(least, one.recordTimeMs), Infinity)
  const byTopic = Map.groupBy(origins, ({ topic }) => topic)
  const admin = kafka.admin()
  return brokerCall('look for records in topics', async () => {
    await admin.connect()
    try {
      const existing = new Set(await admin.listTopics())
      const found: TopicCopies[] = []
      for (const [topic, entered] of byTopic) {
        if (!existing.has(topic)) continue
        const offsets = await heldPlaces(admin, topic, entered)
        if (offsets.length > 0) found.push({ topic, offsets, ...(await retentionOf(admin, topic)) })
      }
      const others = [
        ...inputs.flatMap(({ deadLetterTopic }) => deadLetterTopic ?? []),
        ...outputs.map(({ topic }) => topic),
      ]
      for (const topic of [...derived.map((name) => topicOf(topics, name)), ...others]) {
        if (!existing.has(topic) || byTopic.has(topic)) continue
        const offsets = await rangesSince(admin, topic, sinceMs)
        if (offsets.length > 0) found.push({ topic, offsets, ...(await retentionOf(admin, topic)) })
      }
      return found
    } finally {
      await admin.disconnect()
    }
  })
}

/** The places that the topic still holds. */
async function heldPlaces(
  admin: TopicAdmin,
  topic: string,
  origins: readonly Origin[],
): Promise<string[]> {
  const held = new Map(
    (await admin.fetchTopicOffsets(topic)).map(({ partition, low, high }) => [
      partition,
      { low: Number(low), high: Number(high) },
    ]),
  )
  return origins
    .filter(({ partition, offset }) => {
      const { low, high } = held.get(partition) ?? { low: 0, high: 0 }
      return low <= offset && offset < high
    })
    .map(({ partition, offset }) => `${partition}/${offset}`)
}

/** What was written to each partition since a time. */
async function rangesSince(admin: TopicAdmin, topic: string, sinceMs: number): Promise<string[]> {
  const ends = new Map(
    (await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]),
  )
  const starts = await admin.fetchTopicOffsetsByTimestamp(topic, sinceMs)
  return starts
    .map(({ partition, offset }) => {
      return { partition, from: Number(offset), to: ends.get(partition) ?? 0 }
    })
    .filter(({ from, to }) => from >= 0 && from < to)
    .map(({ partition, from, to }) => `${partition}/${from}..${to}`)
}

async function retentionOf(
  admin: TopicAdmin,
  topic: string,
): Promise<{ retentionMs: number | null }> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [
      {
        type: kafkajs.ConfigResourceTypes.TOPIC,
        name: topic,
        configNames: ['retention.ms', 'cleanup.policy'],
      },
    ],
  })
  const entries = new Map(
    resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]),
  )
  const ms = Number(entries.get('retention.ms') ?? -1)
  const isDeleted = (entries.get('cleanup.policy') ?? 'delete').includes('delete')
  return { retentionMs: isDeleted && ms >= 0 ? ms : null }
}
