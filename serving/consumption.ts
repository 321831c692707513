// Plans what a process consumes: winnow.events, or the topic before its first stage, and every
// configured input. The models of inference.models share a runner and a consumer group for each
// topic; a model that an input lists has its own. So what is promised for one topic holds for all.
import type { Input } from '../configs/inputs.ts'
import type { Config } from '../configs/schema.ts'
import { topicOf } from '../infra/kafka/topics.ts'
import { parseModelRef } from '../models/store/model-ref.ts'
import { WinnowError } from '../schemas/errors.ts'
import { inputTopic } from '../streams/pipeline.ts'
import type { StageRange } from '../streams/stage-chain.ts'
import { defaultGroup } from './group-name.ts'

/** What one runner consumes. */
export type Consumption = {
  readonly topic: string
  readonly group: string
  /** The models that classify it; unused by a range without them. */
  readonly models: readonly string[]
  /**
   * What enters there: events of Winnow's own form, records of an input, or records that stand for
   * dead letters of inputs. A stage after validate takes what the one before it wrote.
   */
  readonly entry: { readonly kind: 'own' | 'sent-again' } | InputConsumption
}

export type InputConsumption = { readonly kind: 'input'; readonly input: Input }

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
  const configured = config.inference.models
  refuseSharedModel(configured, named)
  // Tokens are those of one model; every other one makes its own from the text.
  const served = range.last === 'infer' ? configured : configured.slice(0, 1)
  const models = named === undefined ? served : [named]
  const own: Consumption = {
    topic: topicOf(config.topics, inputTopic[range.first]),
    group: group ?? defaultGroup(config, { range, models, configured }),
    models,
    entry: { kind: 'own' },
  }
  if (range.first !== 'validate' || config.inputs.length === 0) return [own]
  const groupOf = (topic: string, refs: readonly string[], namesModel: boolean) => {
    const input = { topic, namesModel }
    if (group === undefined) return defaultGroup(config, { range, models: refs, configured, input })
    const ofModel = namesModel && range.last === 'infer' ? `.${parseModelRef(refs[0]!).name}` : ''
    return `${group}${ofModel}:${topic}`
  }
  const ofInputs = config.inputs.flatMap((input) =>
    // Only results differ between models: events before that stage are the same for all of them.
    modelsOf(range.last === 'infer' ? input : { models: undefined }, { named, models }).map(
      (refs): Consumption => ({
        topic: input.topic,
        group: groupOf(input.topic, refs, input.models !== undefined),
        models: refs,
        entry: { kind: 'input', input },
      }),
    ),
  )
  const retries = topicOf(config.topics, 'retries')
  const refs = new Map(
    ofInputs.flatMap((one) => one.models).map((ref) => [parseModelRef(ref).name, ref]),
  )
  const again = [...refs.values()].map((ref): Consumption => ({
    topic: retries,
    group: groupOf(retries, [ref], true),
    models: [ref],
    entry: { kind: 'sent-again' },
  }))
  return [own, ...ofInputs, ...again]
}

/** The models of an input, those that one consumer serves together. */
function modelsOf(
  input: Pick<Input, 'models'>,
  { named, models }: { named: string | undefined; models: readonly string[] },
): readonly (readonly string[])[] {
  if (input.models === undefined) return [models]
  if (named === undefined) return input.models.map((ref) => [ref])
  const { name } = parseModelRef(named)
  return input.models.some((ref) => parseModelRef(ref).name === name) ? [[named]] : []
}

/** A model has one consumer: two would store each of its rows twice. Throws usage. */
function refuseSharedModel(configured: readonly string[], named: string | undefined): void {
  if (named === undefined || configured.length === 1) return
  const { name } = parseModelRef(named)
  if (!configured.some((ref) => parseModelRef(ref).name === name)) return
  const list = configured.join(', ')
  throw new WinnowError(
    'usage',
    `--model ${named}: inference.models (${list}) has it, so the consumer of that list classifies with ` +
      'it. Run `winnow stream` without --model, or take it out of the list.',
  )
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
