// Plans what a process consumes: winnow.events, or the topic before its first stage, and every
// configured input. Each topic has a runner and a consumer group of its own for each model, so that
// what is promised for one topic holds for all.
import type { Input } from '../configs/inputs.ts'
import type { Config } from '../configs/schema.ts'
import { topicOf } from '../infra/kafka/topics.ts'
import { parseModelRef } from '../models/store/model-ref.ts'
import { inputTopic } from '../streams/pipeline.ts'
import type { StageRange } from '../streams/stage-chain.ts'
import { defaultGroup } from './group-name.ts'

/** What one runner consumes. */
export type Consumption = {
  readonly topic: string
  readonly group: string
  /** The model that classifies it; unused by a range without one. */
  readonly model: string
  /** Undefined for Winnow's own topics. */
  readonly input: Input | undefined
}

export type ConsumptionOptions = {
  readonly range: StageRange
  /** The group of Winnow's own topic, if a person named one. */
  readonly group?: string | undefined
  /** The model that a person named for this process. */
  readonly model?: string | undefined
}

/**
 * What a process consumes, Winnow's own topic first. A model that a person named takes the inputs
 * that list it and those that list none.
 */
export function consumptionsOf(config: Config, options: ConsumptionOptions): Consumption[] {
  const { range, group, model: named } = options
  const configured = config.inference.model
  const model = named ?? configured
  const own: Consumption = {
    topic: topicOf(config.topics, inputTopic[range.first]),
    group: group ?? defaultGroup(config, { range, model, configured }),
    model,
    input: undefined,
  }
  if (range.first !== 'validate') return [own]
  const ofInputs = config.inputs.flatMap((input) =>
    // Only results differ between models: events before that stage are the same for all of them.
    modelsOf(range.last === 'infer' ? input : { models: undefined }, { named, configured }).map(
      (ref): Consumption => {
        const { topic } = input
        const namesModel = input.models !== undefined
        const ofGroup = { range, model: ref, configured, input: { topic, namesModel } }
        const suffix = namesModel && range.last === 'infer' ? `.${parseModelRef(ref).name}` : ''
        return {
          topic,
          group: group === undefined ? defaultGroup(config, ofGroup) : `${group}${suffix}:${topic}`,
          model: ref,
          input,
        }
      },
    ),
  )
  return [own, ...ofInputs]
}

function modelsOf(
  { models }: Pick<Input, 'models'>,
  { named, configured }: { named: string | undefined; configured: string },
): readonly string[] {
  if (models === undefined) return [named ?? configured]
  if (named === undefined) return models
  const { name } = parseModelRef(named)
  return models.some((ref) => parseModelRef(ref).name === name) ? [named] : []
}

/**
 * Whether a model classifies the events that entered on a topic. Where stages run apart, events of
 * all inputs come on one topic.
 */
export function classifies(config: Pick<Config, 'inputs'>, model: string, topic: string): boolean {
  const models = config.inputs.find((input) => input.topic === topic)?.models
  const { name } = parseModelRef(model)
  return models?.some((ref) => parseModelRef(ref).name === name) ?? true
}
