// Opens the topics of `outputs` at the start of a stage: checks that they exist and that this
// process can write what they need, and registers the schemas of those in Avro.
import type { Config } from '../configs/schema.ts'
import type { KafkaClient } from '../infra/kafka/kafka.ts'
import { requireTopics } from '../infra/kafka/topics.ts'
import { openResultEncoder } from '../infra/schema-registry/registry.ts'
import { resultOutput, type ResultOutput } from '../infra/sinks/result-outputs.ts'
import { WinnowError } from '../schemas/errors.ts'
import type { StageRange } from '../streams/stage-chain.ts'

/**
 * The outputs of the stage infer. Throws broker_refused for a topic that does not exist, and
 * config_invalid for an enriched value where the stages run apart: infer does not see what arrived.
 */
export async function openOutputs(
  config: Pick<Config, 'outputs' | 'registry'>,
  { kafka, range }: { kafka: KafkaClient; range: StageRange },
): Promise<ResultOutput[]> {
  const { outputs, registry } = config
  await requireTopics(kafka, { setting: 'outputs', topics: outputs.map(({ topic }) => topic) })
  const opened: ResultOutput[] = []
  for (const output of outputs) {
    if (output.value === 'enriched' && range.first !== 'validate') {
      throw new WinnowError(
        'config_invalid',
        `the output ${output.topic} has enriched values, which need the stages validate..infer in one process`,
      )
    }
    const encode =
      output.format === 'avro' ? await openResultEncoder(registry, output.topic) : undefined
    opened.push(resultOutput(output, encode))
  }
  return opened
}
