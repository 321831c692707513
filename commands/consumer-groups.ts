// The consumer groups as `winnow status` shows them: lag, members, warnings.
import { defaultBrokers, type Config } from '../configs/schema.ts'
import { createKafka, type KafkaClient } from '../infra/kafka/kafka.ts'
import { countRecords, topicOf } from '../infra/kafka/topics.ts'
import { counted } from '../schemas/counted.ts'
import { errorMessage } from '../schemas/errors.ts'
import type { CommandContext } from './command-context.ts'
import { readStageLag, type StageLag } from '../serving/figures/stage-lag.ts'
import { countText, durationText, tableText } from './terminal.ts'

/** One group on one topic. */
export type ConsumerView = {
  readonly group: string
  readonly stage: string
  readonly topic: string
  readonly lag: number
  readonly members: number
  /** Kafka's state in lower case: stable, empty, preparingrebalance … */
  readonly state: string
  /** RFC 3339; in a group without members, when consuming ended. Null if no commit has a time. */
  readonly lastCommit: string | null
}

/**
 * The groups of this configuration, with sentences about what is wrong. An unreachable broker is
 * such a sentence, unless it is the embedded one, which the table of services shows as stopped.
 */
export async function readConsumers(
  { config }: CommandContext,
  { stack }: { readonly stack: readonly { name: string; url: string; ready: boolean }[] },
): Promise<{ consumers: ConsumerView[]; warnings: string[] }> {
  const embedded = stack.find(({ name }) => name === 'kafka')
  const isEmbedded = embedded !== undefined && config.kafka.brokers.includes(embedded.url)
  const isDefault = config.kafka.brokers.join() === defaultBrokers.join()
  if (isEmbedded ? !embedded.ready : embedded === undefined && isDefault) {
    return { consumers: [], warnings: [] }
  }
  try {
    const kafka = createKafka(config)
    const consumers = (await readStageLag(kafka, config)).map(viewOf)
    return { consumers, warnings: await warningsOf(kafka, { config, consumers }) }
  } catch (error) {
    const where = `Kafka at ${config.kafka.brokers.join(', ')} (kafka.brokers)`
    return { consumers: [], warnings: [`${where}: ${errorMessage(error)}`] }
  }
}

/** A group as people see it; its partitions are for GET /v1/analytics/lag. */
function viewOf({
  group,
  stage,
  topic,
  lag,
  members,
  state,
  lastCommitMs,
}: StageLag): ConsumerView {
  const lastCommit = lastCommitMs === undefined ? null : new Date(lastCommitMs).toISOString()
  return { group, stage, topic, lag, members, state: state.toLowerCase(), lastCommit }
}

function whoText({ members, state, lastCommit }: ConsumerView, nowMs: number): string {
  if (members === 0) {
    if (lastCommit === null) return 'nobody'
    const age = durationText(Math.max(0, nowMs - Date.parse(lastCommit)))
    return `nobody since ${lastCommit.slice(0, 19)}Z (${age})`
  }
  const processes = counted(members, 'process', 'processes')
  return state === 'stable' ? processes : `${processes}, rebalancing`
}

async function warningsOf(
  kafka: KafkaClient,
  { config, consumers }: { config: Config; consumers: readonly ConsumerView[] },
): Promise<string[]> {
  const warnings = consumers
    .filter(({ members }) => members === 0)
    .map(
      ({ group, stage, topic }) =>
        `Nobody consumes ${topic} in the group ${group}: start \`winnow stream${stagesOption(stage)}\`.`,
    )
  const entries = [topicOf(config.topics, 'events'), ...config.inputs.map(({ topic }) => topic)]
  const unread: string[] = []
  for (const entry of entries.filter((one) => !consumers.some(({ topic }) => topic === one))) {
    const waiting = await countRecords(kafka, entry)
    if (waiting === 0) continue
    const records = counted(waiting, 'record waits', 'records wait')
    unread.push(`${records} on ${entry}, which no group has read yet: start \`winnow stream\`.`)
  }
  return [...unread, ...warnings]
}

function stagesOption(stage: string): string {
  return stage === 'validate..infer' ? '' : ` --stages ${stage}`
}

/** Formats the groups for a person. */
export function consumerTable(consumers: readonly ConsumerView[], nowMs: number): string {
  return tableText(
    ['group', 'stages', 'topic', 'lag', 'consumed by'],
    consumers.map((one) => [
      one.group,
      one.stage,
      one.topic,
      countText(one.lag),
      whoText(one, nowMs),
    ]),
  )
}
