// Builds the runner of a stage range with its clients, for `stream` and `demo`.
import type { Config } from '../configs/schema.ts'
import { createAnalytics, type Analytics } from '../infra/clickhouse/clickhouse.ts'
import { createKafka, openProducer } from '../infra/kafka/kafka.ts'
import { openSchemas, type Schemas } from '../infra/schema-registry/registry.ts'
import { createResultSink, type Ownership } from '../infra/sinks/result-sink.ts'
import { insertShadowRows } from '../infra/sinks/shadow-rows.ts'
import { storedResult, withStoredForm } from '../infra/sinks/stored-form.ts'
import { createTelemetry, type Telemetry } from '../infra/telemetry.ts'
import { createTopicSink } from '../infra/sinks/topic-sink.ts'
import { partitionCount, topicOf } from '../infra/kafka/topics.ts'
import type { Validated } from '../schemas/validated.ts'
import type { ModelSource } from '../streams/stages/infer.ts'
import {
  createPipeline,
  inputTopic,
  outputTopic,
  type PipelineOutput,
} from '../streams/pipeline.ts'
import type { Sink } from '../schemas/ports/sink.ts'
import { createRunner, type Runner } from '../streams/runner.ts'
import { ShadowClassifier, withShadow } from '../streams/shadow-classifier.ts'
import type { StageRange } from '../streams/stage-chain.ts'
import type { TokenizedEvent } from '../streams/stages/tokenize.ts'
import { BatchLog } from './batch-log.ts'
import { noFaultPoints, type FaultPoints } from './fault-points.ts'
import { openGroupSource } from './group-source.ts'
import type { ServingModels } from './model-follower.ts'
import type { OpenModel } from './model.ts'
import { openAll, type OpenResources } from './open-resources.ts'
import { openServingModel, type ServingOptions } from './serving-model.ts'
import { failureSignal } from './failure-signal.ts'

export type Stage = {
  readonly runner: Runner
  /** Settles with the runner; also rejects when following the models has failed for good. */
  readonly ended: Promise<void>
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
  faults?: FaultPoints
}

/**
 * Opens clients and models and makes the runner; `runner.start()` starts it. The caller closes it.
 */
export function openStage(options: StageOptions): Promise<Stage> {
  const { range, config } = options
  return openAll(async (resources) => {
    const telemetry = createTelemetry()
    const { faults = noFaultPoints } = options
    const clickhouse = resources.add(createAnalytics(config.clickhouse), (one) => one.close())
    const analytics = faults.analytics(clickhouse)
    const kafka = createKafka(config, options.log)
    const schemas = await openSchemas(config.registry, config.topics.prefix)
    const producer = faults.producer(resources.add(await openProducer(kafka), (one) => one.close()))
    const topic = topicOf(config.topics, inputTopic[range.first])
    const { failed, fail } = failureSignal()
    const outputPartitions = await partitionCount(
      kafka,
      topicOf(config.topics, outputTopic[range.last]),
    )
    const models =
      range.last === 'validate'
        ? undefined
        : await openModels(options, {
            clients: { analytics, kafka, schemas },
            telemetry,
            resources,
            reach: faults.reach,
            onFailure: fail,
          })
    const model = models?.champion.current
    const shadow = models && openShadow(options, { models, telemetry, analytics, resources })
    const runner = createRunner<PipelineOutput>({
      source: faults.source(
        await openGroupSource({ kafka, analytics: clickhouse }, { ...options, topic }),
      ),
      chain: createPipeline({
        range,
        config,
        readers: {
          events: faults.read((value) => schemas.decode('events', value)),
          validated: faults.read((value) => schemas.decode('validated', value)),
          tokenized: faults.read((value) => schemas.decode('tokenized', value)),
        },
        models: models && faults.models(modelSource(models)),
        nowMs: () => Date.now(),
        onChallenge: (outcome, events) => telemetry.challenged(outcome, events),
      }),
      sink: faults.sink(
        sinkOf(options, {
          clients: { analytics, producer, schemas },
          model,
          shadow,
          outputPartitions,
          owner: { group: options.group, topic },
        }),
      ),
      config: config.stream,
      metrics: telemetry,
      log: (line) => options.log(line),
    })
    resources.add(runner, (one) => one.stop())
    const ended = Promise.race([runner.ended, failed])
    ended.catch(() => undefined)
    return { runner, ended, telemetry, model, analytics, close: () => resources.close() }
  })
}

/** The models at work, with the figures of their batches going to the metrics and to ClickHouse. */
function openModels(
  options: StageOptions,
  parts: Pick<ServingOptions, 'clients' | 'telemetry' | 'reach' | 'onFailure'> & {
    resources: OpenResources
  },
): Promise<ServingModels> {
  const { resources, ...given } = parts
  const batchLog = resources.add(new BatchLog(given.clients.analytics, options.log), (one) =>
    one.close(),
  )
  batchLog.start()
  return openServingModel(resources, {
    ...options,
    ...given,
    // Only results have a role; tokenizing alone follows the champion.
    secondaryRoles: options.range.last === 'infer' ? ['challenger', 'shadow'] : [],
    onBatch: (batch, manifest) => batchLog.add(batch, manifest),
  })
}

/** The models at work, as the stages take them. */
function modelSource({ champion, challenger }: ServingModels): ModelSource {
  return {
    acquire() {
      const serving = champion.acquire()
      const challenging = challenger.acquire()
      return {
        champion: serving.model.port,
        challenger: challenging && {
          model: { ...challenging.model.port, role: 'challenger' },
          percent: challenging.percent,
        },
        release() {
          challenging?.release()
          serving.release()
        },
      }
    },
  }
}

/** The shadow of a stage that ends in results; without results there is nothing to compare. */
function openShadow(
  { range, config, log }: StageOptions,
  parts: {
    models: ServingModels
    telemetry: Telemetry
    analytics: Analytics
    resources: OpenResources
  },
): ShadowClassifier | undefined {
  if (range.last !== 'infer') return undefined
  const { models, telemetry, analytics, resources } = parts
  const shadow = new ShadowClassifier({
    models: {
      acquire() {
        const lease = models.shadow.acquire()
        return lease && { ...lease, model: lease.model.port }
      },
    },
    write: (results) =>
      insertShadowRows(
        analytics,
        results.map((one) => storedResult(config.retention, one)),
      ),
    queueEventsMax: config.stream.shadowEventsMax,
    topLabels: config.inference.topLabels,
    nowMs: () => Date.now(),
    count: (outcome, events) => telemetry.shadowed(outcome, events),
    log,
  })
  return resources.add(shadow, (one) => one.close())
}

/** The sink that fits the last stage of the range. */
function sinkOf(
  { range, config }: StageOptions,
  parts: {
    clients: Parameters<typeof createResultSink>[0]
    model: OpenModel | undefined
    shadow: ShadowClassifier | undefined
    outputPartitions: number
    owner: Ownership
  },
): Sink<PipelineOutput> {
  const { clients, model, shadow, outputPartitions, owner } = parts
  const deadLetters = topicOf(config.topics, 'dead-letters')
  const topic = topicOf(config.topics, outputTopic[range.last])
  if (range.last === 'infer') {
    const classified = config.stream.classified ? topic : undefined
    const sink = withStoredForm(
      createResultSink(clients, {
        model: model!.manifest.name,
        topics: { deadLetters, classified },
        owner,
      }),
      config.retention,
      (one) => storedResult(config.retention, one),
    )
    return shadow === undefined ? sink : withShadow(sink, shadow)
  }
  const encode =
    range.last === 'validate'
      ? (value: PipelineOutput) => clients.schemas.encode('validated', value as Validated)
      : (value: PipelineOutput) => encodeTokenized(clients.schemas, value as TokenizedEvent)
  const sink = createTopicSink<PipelineOutput>(clients, {
    topic,
    deadLetterTopic: deadLetters,
    partitions: outputPartitions,
    encode,
    owner,
  })
  // The next stage needs the text, so this topic has it until its retention ends.
  return withStoredForm(sink, config.retention)
}

function encodeTokenized(schemas: Schemas, event: TokenizedEvent): Buffer {
  return schemas.encode('tokenized', { ...event, ids: Array.from(event.ids) })
}
