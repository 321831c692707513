// Builds one runner of a stage range with its clients: the composition that `stream` and `demo` share.
import type { Config } from '../configs/schema.ts'
import { createAnalytics, type Analytics } from '../infra/clickhouse.ts'
import { createKafka, openProducer } from '../infra/kafka.ts'
import { createRecordSource } from '../infra/record-source.ts'
import { openSchemas, type Schemas } from '../infra/registry.ts'
import { createResultSink, type Ownership } from '../infra/result-sink.ts'
import { createTelemetry, type Telemetry } from '../infra/telemetry.ts'
import { createTopicSink } from '../infra/topic-sink.ts'
import { partitionCount, topicOf } from '../infra/topics.ts'
import type { ModelSlot } from '../models/model-slot.ts'
import type { Validated } from '../schemas/validated.ts'
import type { ModelSource } from '../streams/infer.ts'
import {
  createPipeline,
  inputTopic,
  outputTopic,
  type PipelineOutput,
} from '../streams/pipeline.ts'
import type { Sink } from '../streams/ports.ts'
import { createRunner, type Runner } from '../streams/runner.ts'
import type { StageRange } from '../streams/slice.ts'
import type { TokenizedEvent } from '../streams/tokenize.ts'
import { BatchLog } from './batch-log.ts'
import type { OpenModel } from './model.ts'
import { openAll, type Opened } from './opened.ts'
import { openServingModel, type ServingOptions } from './serving-model.ts'

export type Stage = {
  readonly runner: Runner
  readonly telemetry: Telemetry
  readonly model: OpenModel | undefined
  readonly analytics: Analytics
  /** Finishes what is in flight, commits, and closes every client. */
  close(): Promise<void>
}

export type StageOptions = {
  range: StageRange
  group: string
  config: Config
  storeDir: string
  log: (line: string) => void
}

/** Opens clients and model and makes the runner; `runner.start()` begins. The caller closes it. */
export function openStage(options: StageOptions): Promise<Stage> {
  const { range, config } = options
  return openAll(async (opened) => {
    const telemetry = createTelemetry()
    const analytics = opened.add(createAnalytics(config.clickhouse), (one) => one.close())
    const kafka = createKafka(config.kafka, options.log)
    const schemas = await openSchemas(config.registry, config.topics.prefix)
    const producer = opened.add(await openProducer(kafka), (one) => one.close())
    const topic = topicOf(config.topics, inputTopic[range.first])
    const partitions = await partitionCount(kafka, topic)
    const slot =
      range.last === 'validate'
        ? undefined
        : await openSlot(options, { clients: { analytics, kafka, schemas }, telemetry, opened })
    const model = slot?.current
    const runner = createRunner<PipelineOutput>({
      source: createRecordSource(kafka, {
        group: options.group,
        topic,
        config,
        concurrency: partitions,
      }),
      slice: createPipeline({
        range,
        config,
        readers: {
          events: (value) => schemas.decode('events', value),
          validated: (value) => schemas.decode('validated', value),
          tokenized: (value) => schemas.decode('tokenized', value),
        },
        models: slot === undefined ? undefined : modelSource(slot),
        nowMs: () => Date.now(),
      }),
      sink: sinkOf(options, {
        clients: { analytics, producer, schemas },
        ...{ model, partitions, owner: { group: options.group, topic } },
      }),
      config: config.stream,
      metrics: telemetry,
      log: (line) => options.log(line),
    })
    opened.add(runner, (one) => one.stop())
    return { runner, telemetry, model, analytics, close: () => opened.close() }
  })
}

/** The model that serves, with the figures of its batches going to the metrics and to ClickHouse. */
function openSlot(
  options: StageOptions,
  parts: Pick<ServingOptions, 'clients' | 'telemetry'> & { opened: Opened },
): Promise<ModelSlot<OpenModel>> {
  const { opened, clients, telemetry } = parts
  const batchLog = opened.add(new BatchLog(clients.analytics, options.log), (one) => one.close())
  batchLog.start()
  return openServingModel(opened, {
    ...{ ...options, clients, telemetry },
    onBatch: (batch, manifest) => batchLog.add(batch, manifest),
  })
}

/** What serves in the slot, as the stages take it. */
function modelSource(slot: ModelSlot<OpenModel>): ModelSource {
  return {
    pin() {
      const pin = slot.pin()
      return { model: pin.model.port, release: () => pin.release() }
    },
  }
}

/** The sink that fits the last stage of the range. */
function sinkOf(
  { range, config }: StageOptions,
  parts: {
    clients: Parameters<typeof createResultSink>[0]
    model: OpenModel | undefined
    partitions: number
    owner: Ownership
  },
): Sink<PipelineOutput> {
  const { clients, model, partitions, owner } = parts
  const deadLetters = topicOf(config.topics, 'dead-letters')
  const topic = topicOf(config.topics, outputTopic[range.last])
  if (range.last === 'infer') {
    const classified = config.stream.classified ? topic : undefined
    return createResultSink(clients, {
      model: model!.manifest.name,
      topics: { deadLetters, classified },
      owner,
    })
  }
  const encode =
    range.last === 'validate'
      ? (value: PipelineOutput) => clients.schemas.encode('validated', value as Validated)
      : (value: PipelineOutput) => encodeTokenized(clients.schemas, value as TokenizedEvent)
  return createTopicSink<PipelineOutput>(clients, {
    topic,
    deadLetterTopic: deadLetters,
    partitions,
    encode,
    owner,
  })
}

function encodeTokenized(schemas: Schemas, event: TokenizedEvent): Buffer {
  return schemas.encode('tokenized', { ...event, ids: Array.from(event.ids) })
}
