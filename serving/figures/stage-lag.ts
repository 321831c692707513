// How far the consumer groups of this configuration are behind, with the stages that each runs.
// `winnow status` and GET /v1/analytics/lag show them.
import type { Config } from '../../configs/schema.ts'
import type { KafkaClient } from '../../infra/kafka/kafka.ts'
import { readLag, topicOf, type GroupLag } from '../../infra/kafka/topics.ts'
import type { TopicName } from '../../schemas/subjects.ts'
import { inputTopic } from '../../streams/pipeline.ts'
import { stageNames } from '../../streams/stage-chain.ts'
import { formerGroup, isOfOtherStack, stagesOf } from '../group-name.ts'

/** The lag of one group on one topic, with its stages, such as `validate..infer`. */
export type StageLag = GroupLag & { readonly stage: string }

/**
 * Reads the groups on the input topics of all stages, those of `inputs` included. Throws
 * broker_unavailable, broker_refused.
 */
export async function readStageLag(
  kafka: KafkaClient,
  config: Config,
  also: readonly TopicName[] = [],
): Promise<StageLag[]> {
  const names = [...stageNames.map((stage) => inputTopic[stage]), ...also]
  const inputs = config.inputs.map(({ topic }) => topic)
  const again = inputs.length === 0 ? [] : [topicOf(config.topics, 'retries')]
  const lags = await readLag(kafka, {
    groupPrefix: config.stream.group,
    topics: [...names.map((name) => topicOf(config.topics, name)), ...inputs, ...again],
  })
  // The offsets of a group's former name stay on the broker and expire there.
  const former = new Set(lags.map(({ group }) => formerGroup(config, group)))
  return lags
    .filter(({ group }) => !former.has(group) && !isOfOtherStack(config, group))
    .map((lag) => ({ ...lag, stage: stageOf(config, lag) }))
}

function stageOf(config: Config, { group, topic }: GroupLag): string {
  const first = stageNames.find((stage) => topicOf(config.topics, inputTopic[stage]) === topic)
  return stagesOf(config, group) || (first ?? '')
}
