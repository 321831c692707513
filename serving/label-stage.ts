// Builds the runner that writes winnow.labels to the table labels, for `stream --stages labels`; it
// also runs beside infer.
import type { Config } from '../configs/schema.ts'
import { createAnalytics } from '../infra/clickhouse/clickhouse.ts'
import { createKafka, openProducer } from '../infra/kafka/kafka.ts'
import { createLabelSink } from '../infra/sinks/label-sink.ts'
import { openSchemas } from '../infra/schema-registry/registry.ts'
import type { Telemetry } from '../infra/telemetry.ts'
import { topicOf } from '../infra/kafka/topics.ts'
import type { EventLabel } from '../streams/stages/decode-label.ts'
import { createLabelChain } from '../streams/label-chain.ts'
import { createRunner, type Runner } from '../streams/runner.ts'
import { noFaultPoints, type FaultPoints } from './fault-points.ts'
import { openGroupSource } from './group-source.ts'
import { openAll } from './open-resources.ts'

export type LabelStage = {
  readonly runner: Runner
  /** Finishes what is in flight, commits, and closes every client. */
  close(): Promise<void>
}

/** Opens clients and makes the runner; `runner.start()` starts it. The caller closes it. */
export function openLabelStage(options: {
  group: string
  config: Config
  telemetry: Telemetry
  log: (line: string) => void
  faults?: FaultPoints
}): Promise<LabelStage> {
  const { config, group, faults = noFaultPoints } = options
  return openAll(async (resources) => {
    const clickhouse = resources.add(createAnalytics(config.clickhouse), (one) => one.close())
    const analytics = faults.analytics(clickhouse)
    const kafka = createKafka(config, options.log)
    const schemas = await openSchemas(config.registry, config.topics.prefix)
    const producer = faults.producer(resources.add(await openProducer(kafka), (one) => one.close()))
    const topic = topicOf(config.topics, 'labels')
    const runner = createRunner({
      source: faults.source(
        await openGroupSource({ kafka, analytics: clickhouse }, { ...options, topic }),
      ),
      chain: createLabelChain({
        limits: config.limits,
        readAvro: (value) => schemas.decode('labels', value),
        nowMs: () => Date.now(),
      }),
      sink: faults.sink<EventLabel>(
        createLabelSink(
          { analytics, producer, schemas },
          { deadLetterTopic: topicOf(config.topics, 'dead-letters'), owner: { group, topic } },
        ),
      ),
      config: config.stream,
      metrics: options.telemetry.runner(),
      log: options.log,
    })
    resources.add(runner, (one) => one.stop())
    return { runner, close: () => resources.close() }
  })
}
