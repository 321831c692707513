// Builds the runners of a stage range with their clients, for `stream` and `demo`: one for each
// topic that is consumed and each group of models that classify it together.
import type { Input } from '../configs/inputs.ts'
import type { Config } from '../configs/schema.ts'
import { createAnalytics, type Analytics } from '../infra/clickhouse/clickhouse.ts'
import {
  createKafka,
  openProducer,
  type KafkaClient,
  type RecordProducer,
} from '../infra/kafka/kafka.ts'
import { openSchemas, type Schemas } from '../infra/schema-registry/registry.ts'
import { createResultSink, type Ownership } from '../infra/sinks/result-sink.ts'
import type { ResultOutput } from '../infra/sinks/result-outputs.ts'
import { insertShadowRows } from '../infra/sinks/shadow-rows.ts'
import { storedResult, withStoredForm } from '../infra/sinks/stored-form.ts'
import { createTelemetry, type Telemetry } from '../infra/telemetry.ts'
import { createTopicSink } from '../infra/sinks/topic-sink.ts'
import { partitionCount, requireTopics, topicOf } from '../infra/kafka/topics.ts'
import { sharingLines } from '../models/inference/encoder-identity.ts'
import type { Validated } from '../schemas/validated.ts'
import type { ModelSource } from '../streams/stages/infer.ts'
import {
  createPipeline,
  outputTopic,
  type EnteringInput,
  type InputEntry,
  type PipelineOutput,
} from '../streams/pipeline.ts'
import type { Sink } from '../schemas/ports/sink.ts'
import { createRunner, type Runner } from '../streams/runner.ts'
import { ShadowClassifier, withShadow } from '../streams/shadow-classifier.ts'
import type { StageRange } from '../streams/stage-chain.ts'
import type { TokenizedEvent } from '../streams/stages/tokenize.ts'
import { BatchLog } from './batch-log.ts'
import { classifies, type Consumption } from './consumption.ts'
import { noFaultPoints, type FaultPoints } from './fault-points.ts'
import { openGroupSource } from './group-source.ts'
import type { ServingModels } from './model-follower.ts'
import type { OpenModel } from './model.ts'
import { openAll, type OpenResources } from './open-resources.ts'
import { openOutputs } from './result-topics.ts'
import { openModelResources, openServingModel, type ServingOptions } from './serving-model.ts'
import { openInputs } from './inputs/entering-inputs.ts'
import { failureSignal } from './failure-signal.ts'
import { retrySink } from './inputs/retry-sink.ts'

export type Stage = {
  /** One for each consumption, in their order. */
  readonly runners: readonly Runner[]
  /** Settles with the first runner; also rejects when following the models has failed for good. */
  readonly ended: Promise<void>
  readonly telemetry: Telemetry
  /** The models at work, each once. */
  readonly models: readonly OpenModel[]
  readonly analytics: Analytics
  /** Finishes what is in flight, commits, and closes every client. */
  close(): Promise<void>
}

export type StageOptions = {
  range: StageRange
  /** What is consumed; see consumptionsOf. */
  consumptions: readonly Consumption[]
  config: Config
  storeDir: string
  log: (line: string) => void
  faults?: FaultPoints
}

/** What all runners of a stage share. */
type StageParts = {
  readonly clients: { kafka: KafkaClient; schemas: Schemas; producer: RecordProducer }
  /** With fault points; `clickhouse` is the same client without them. */
  readonly analytics: Analytics
  readonly clickhouse: Analytics
  readonly telemetry: Telemetry
  readonly faults: FaultPoints
  readonly resources: OpenResources
  readonly outputPartitions: number
  readonly inputs: ReadonlyMap<string, EnteringInput>
  readonly outputs: readonly ResultOutput[]
}

/** A model at work, with its shadow. */
type ModelParts = {
  readonly models: ServingModels
  readonly shadow: ShadowClassifier | undefined
}

/**
 * Opens clients and models and makes the runners; each is started by its `start()`. The caller
 * closes the stage.
 */
export function openStage(options: StageOptions): Promise<Stage> {
  const { range, consumptions, config } = options
  return openAll(async (resources) => {
    const telemetry = createTelemetry()
    const { faults = noFaultPoints } = options
    const clickhouse = resources.add(createAnalytics(config.clickhouse), (one) => one.close())
    const analytics = faults.analytics(clickhouse)
    const kafka = createKafka(config, options.log)
    await requireTopics(kafka, {
      setting: 'inputs',
      topics: consumptions.flatMap(({ entry }) =>
        entry.kind === 'input' ? topicsOfInput(entry.input) : [],
      ),
    })
    const schemas = await openSchemas(config.registry, config.topics.prefix)
    const producer = faults.producer(resources.add(await openProducer(kafka), (one) => one.close()))
    const { failed, fail } = failureSignal()
    const outputPartitions = await partitionCount(
      kafka,
      topicOf(config.topics, outputTopic[range.last]),
      'Write',
    )
    const clients = { kafka, schemas, producer }
    const inputs = openInputs(config, (decode) => faults.decode(decode))
    const outputs = range.last === 'infer' ? await openOutputs(config, { kafka, range }) : []
    const parts: StageParts = {
      clients,
      analytics,
      clickhouse,
      telemetry,
      faults,
      resources,
      outputPartitions,
      inputs,
      outputs,
    }
    const models =
      range.last === 'validate'
        ? new Map<string, ModelParts>()
        : await openModels(options, { ...parts, onFailure: fail })
    const runners: Runner[] = []
    for (const consumption of consumptions) {
      const served = consumption.models.flatMap((ref) => models.get(ref) ?? [])
      runners.push(await openRunner(options, consumption, parts, served))
    }
    // All at once: each may take drainMsMax.
    resources.add(runners, (all) => Promise.all(all.map((one) => one.stop())))
    const ended = Promise.race([...runners.map((one) => one.ended), failed])
    ended.catch(() => undefined)
    return {
      runners,
      ended,
      telemetry,
      models: [...models.values()].map((one) => one.models.champion.current),
      analytics,
      close: () => resources.close(),
    }
  })
}

/** The runner of one topic. */
async function openRunner(
  options: StageOptions,
  { topic, group, entry }: Consumption,
  parts: StageParts,
  models: readonly ModelParts[],
): Promise<Runner> {
  const { range, config, log } = options
  const { clients, clickhouse, telemetry, faults } = parts
  const { kafka, schemas } = clients
  const input = entry.kind === 'input' ? entry.input : undefined
  const sink = faults.sink(sinkOf(options, { ...parts, models, owner: { group, topic }, input }))
  return createRunner<PipelineOutput>({
    source: faults.source(
      await openGroupSource(
        { kafka, analytics: clickhouse },
        { group, topic, config, log, start: input?.start },
      ),
    ),
    chain: createPipeline({
      range,
      config,
      readers: {
        events: faults.read((value) => schemas.decode('events', value)),
        validated: faults.read((value) => schemas.decode('validated', value)),
        tokenized: faults.read((value) => schemas.decode('tokenized', value)),
      },
      entry: entryOf(entry, parts),
      // Tokens alone are for every model.
      accepts:
        range.last === 'infer' ? (from, model) => classifies(config, model, from) : undefined,
      models: models.map((one) => faults.models(modelSource(one.models))),
      nowMs: () => Date.now(),
      onChallenge: (outcome, events) => telemetry.challenged(outcome, events),
    }),
    sink: entry.kind === 'sent-again' ? retrySink(sink) : sink,
    config: config.stream,
    metrics: telemetry.runner(),
    log: (line) => log(line),
  })
}

/** How events enter that are not of Winnow's own form. */
function entryOf(
  { kind }: Consumption['entry'],
  { inputs }: Pick<StageParts, 'inputs'>,
): InputEntry | undefined {
  if (kind === 'own') return undefined
  const records = kind === 'input' ? 'own' : 'sent-again'
  return { records, inputOf: (topic) => inputs.get(topic) }
}

/** The topics that an input names. */
function topicsOfInput({ topic, deadLetterTopic }: Input): string[] {
  return deadLetterTopic === undefined ? [topic] : [topic, deadLetterTopic]
}

/**
 * The models of all consumptions by reference, with the figures of their batches going to the
 * metrics and to ClickHouse.
 */
async function openModels(
  options: StageOptions,
  parts: StageParts & Pick<ServingOptions, 'onFailure'>,
): Promise<Map<string, ModelParts>> {
  const { config, range, log } = options
  const { resources, analytics, telemetry, clients, faults, onFailure } = parts
  const batchLog = resources.add(new BatchLog(analytics, log), (one) => one.close())
  batchLog.start()
  const opened = new Map<string, ModelParts>()
  const refs = new Set(options.consumptions.flatMap(({ models }) => models))
  const areShared = options.consumptions.some(({ models }) => models.length > 1)
  const opening = openModelResources(resources, config, areShared ? 'shared' : 'own')
  for (const model of refs) {
    const models = await openServingModel(resources, {
      config: { ...config, inference: { ...config.inference, model } },
      storeDir: options.storeDir,
      opening,
      log,
      clients: { ...clients, analytics },
      telemetry,
      reach: faults.reach,
      onFailure,
      // Only results have a role; tokenizing alone follows the champion.
      secondaryRoles: range.last === 'infer' ? ['challenger', 'shadow'] : [],
      onBatch: (batch, manifest) => batchLog.add(batch, manifest),
    })
    opened.set(model, { models, shadow: openShadow(options, { ...parts, models }) })
  }
  if (areShared) {
    const champions = [...opened.values()].map(({ models }) => models.champion.current)
    const encoded = champions.map(({ ref, classifier }) => ({ ref, encoder: classifier.encoder }))
    for (const line of sharingLines(encoded)) log(line)
  }
  return opened
}

/** The models at work, as the stages take them. */
function modelSource({ champion, challenger }: ServingModels): ModelSource {
  return {
    name: champion.current.manifest.name,
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
  parts: Pick<StageParts, 'telemetry' | 'analytics' | 'resources'> & { models: ServingModels },
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
  parts: Pick<StageParts, 'clients' | 'analytics' | 'outputPartitions' | 'outputs'> & {
    readonly models: readonly ModelParts[]
    readonly owner: Ownership
    readonly input: Input | undefined
  },
): Sink<PipelineOutput> {
  const { analytics, models, outputPartitions, outputs, owner, input } = parts
  const clients = { ...parts.clients, analytics }
  const deadLetters = topicOf(config.topics, 'dead-letters')
  const topic = topicOf(config.topics, outputTopic[range.last])
  if (range.last === 'infer') {
    const classified = config.stream.classified ? topic : undefined
    const sink = withStoredForm(
      createResultSink(clients, {
        models: models.map((one) => one.models.champion.current.manifest.name),
        topics: { deadLetters, classified, ofInput: input?.deadLetterTopic },
        owner,
        outputs,
      }),
      config.retention,
      (one) => storedResult(config.retention, one),
    )
    return models.reduce(
      (before, { shadow }) => (shadow === undefined ? before : withShadow(before, shadow)),
      sink,
    )
  }
  const encode =
    range.last === 'validate'
      ? (value: PipelineOutput) => clients.schemas.encode('validated', value as Validated)
      : (value: PipelineOutput) => encodeTokenized(clients.schemas, value as TokenizedEvent)
  const sink = createTopicSink<PipelineOutput>(clients, {
    topic,
    deadLetterTopic: deadLetters,
    rejectedTopic: input?.deadLetterTopic,
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
