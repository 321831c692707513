// The Kafka client: connection settings, error mapping, producer. Consuming is record-source.ts,
// topics are topics.ts. Only infra/ uses kafkajs.
import kafkajs, {
  type ConsumerConfig,
  type KafkaConfig,
  type Message,
  type Producer,
  type ProducerConfig,
  type SASLOptions,
} from 'kafkajs'
import type { Config } from '../../configs/schema.ts'
import { connectionProblem } from '../../configs/connection-problem.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { OutgoingRecord } from '../../schemas/record.ts'
import { createKafkaSockets } from './kafka-sockets.ts'
import { patchFetch } from './kafkajs-fetch.ts'
import { patchRejoin } from './kafkajs-rejoin.ts'
import { patchRequestQueue } from './kafkajs-request-queue.ts'
import { patchUnconnected } from './kafkajs-unconnected.ts'
import { lineageHeaders } from './lineage-headers.ts'
import { boundFetches } from '../record-batch/fetch-response.ts'

const { Kafka, Partitioners, logLevel } = kafkajs

type PlainClient = InstanceType<typeof Kafka>

export type KafkaClient = PlainClient & {
  /** Creates a client with sockets of its own; `end` closes them all for good. */
  withOwnConnections(): { readonly kafka: PlainClient; readonly end: () => void }
}

/** Receives each warning or error of kafkajs as one line. */
export type KafkaLog = (line: string) => void

/**
 * Creates the client; it connects on first use. Bounds fetched records for all clients of the
 * process.
 */
export function createKafka(
  { kafka: config, topics }: Pick<Config, 'kafka' | 'topics'>,
  log: KafkaLog = () => undefined,
): KafkaClient {
  patchRequestQueue()
  patchFetch()
  patchRejoin()
  patchUnconnected()
  boundFetches(topics)
  const sasl = saslOf(config)
  const logOnce = withoutRepeats(log)
  const options: KafkaConfig = {
    brokers: config.brokers,
    clientId: config.clientId,
    ssl: config.ssl,
    connectionTimeout: config.connectMsMax,
    requestTimeout: config.requestMsMax,
    // About a second in all; callers that can wait longer retry (models/runtime/retry.ts).
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 4 },
    logLevel: logLevel.WARN,
    logCreator:
      () =>
      ({ namespace, log: entry }) => {
        // kafkajs throws this error after its last try.
        if (namespace === 'BrokerPool' && 'retryCount' in entry) return
        const cause = typeof entry['error'] === 'string' ? `: ${entry['error']}` : ''
        logOnce(`kafka ${namespace}: ${entry.message}${cause}`)
      },
  }
  if (sasl !== undefined) options.sasl = sasl
  const { metadataAgeMsMax } = config
  return Object.assign(plainClient(options, metadataAgeMsMax), {
    withOwnConnections() {
      const sockets = createKafkaSockets()
      const own = plainClient({ ...options, socketFactory: sockets.factory }, metadataAgeMsMax)
      return { kafka: own, end: sockets.end }
    },
  })
}

/** How long a logged line is not repeated. */
const repeatMs = 60_000
const knownLinesMax = 100

/** kafkajs logs the same failed connection on every try. */
function withoutRepeats(log: KafkaLog): KafkaLog {
  const loggedMs = new Map<string, number>()
  return (line) => {
    const nowMs = performance.now()
    if (nowMs - (loggedMs.get(line) ?? -Infinity) < repeatMs) return
    if (loggedMs.size >= knownLinesMax) loggedMs.clear()
    loggedMs.set(line, nowMs)
    log(line)
  }
}

/**
 * A client whose consumers and producers refresh metadata that is older than `metadataMaxAge` (ms).
 */
function plainClient(options: KafkaConfig, metadataMaxAge: number): PlainClient {
  const client = new Kafka(options)
  const consumer = client.consumer.bind(client)
  const producer = client.producer.bind(client)
  return Object.assign(client, {
    consumer: (own: ConsumerConfig) => consumer({ metadataMaxAge, ...own }),
    producer: (own: ProducerConfig = {}) => producer({ metadataMaxAge, ...own }),
  })
}

/** Writes records; `send` resolves when all in-sync replicas have them. */
export type RecordProducer = {
  /** Throws broker_unavailable (retryable) or broker_refused (final). */
  send(topic: string, records: readonly OutgoingRecord[]): Promise<void>
  close(): Promise<void>
}

/** Most bytes of values in one produce request, well below a broker's usual limit. */
const requestBytesMax = 900_000

/**
 * Connects a producer that sends one request at a time, so that records stay in order. The caller
 * closes it. Throws broker_unavailable when no broker answers.
 */
export async function connectProducer(
  kafka: KafkaClient,
  options: Pick<ProducerConfig, 'transactionalId' | 'transactionTimeout'> = {},
): Promise<{ readonly producer: Producer; readonly close: () => Promise<void> }> {
  const own = kafka.withOwnConnections()
  const producer = own.kafka.producer({
    ...options,
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
    maxInFlightRequests: 1,
  })
  try {
    await brokerCall('connect to Kafka', () => producer.connect())
  } catch (error) {
    own.end()
    throw error
  }
  return { producer, close: () => producer.disconnect().finally(own.end) }
}

/**
 * Opens a producer of records; the caller closes it. Throws broker_unavailable when no broker
 * answers.
 */
export async function openProducer(kafka: KafkaClient): Promise<RecordProducer> {
  const { producer, close } = await connectProducer(kafka)
  return {
    async send(topic, records) {
      for (const messages of requestsOf(records)) {
        await brokerCall(`produce to ${topic}`, () => producer.send({ topic, messages, acks: -1 }))
      }
    },
    close,
  }
}

/** Resolves when a broker answers. Throws broker_unavailable. */
export async function pingBroker(kafka: KafkaClient): Promise<void> {
  const admin = kafka.admin({ retry: { retries: 0 } })
  await brokerCall('reach Kafka', async () => {
    try {
      await admin.connect()
      await admin.describeCluster()
    } finally {
      await admin.disconnect()
    }
  })
}

/** Runs one kafkajs call and maps its errors with `brokerError`. `what` completes "cannot …". */
export async function brokerCall<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (cause) {
    throw brokerError(what, cause)
  }
}

/**
 * Maps a kafkajs error to a WinnowError: broker_refused if a retry cannot help, else
 * broker_unavailable. kafkajs wraps final errors and drops their type, so the wrapped error is
 * examined too.
 */
export function brokerError(what: string, cause: unknown): WinnowError {
  if (cause instanceof WinnowError) return cause
  const wrapped = cause instanceof Error && cause.name === 'KafkaJSNonRetriableError'
  const first = wrapped && cause.cause instanceof Error ? cause.cause : cause
  // Winnow's own code inside the client threw it: a batch cannot be read.
  if (first instanceof WinnowError) return first
  const { type = '', name } = first as Error & { type?: string }
  return new WinnowError(
    finalRefusals.has(type) || finalErrors.has(name) ? 'broker_refused' : 'broker_unavailable',
    `cannot ${what}: ${connectionProblem(cause)}`,
    { cause, details: type === '' ? {} : { kafkaError: type } },
  )
}

const finalRefusals = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_TOPIC_EXCEPTION',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'UNSUPPORTED_VERSION',
  'INCONSISTENT_GROUP_PROTOCOL',
  'INVALID_GROUP_ID',
  'INVALID_SESSION_TIMEOUT',
  'INVALID_RECORD',
])

/** Errors that kafkajs itself throws and that a retry cannot help. */
const finalErrors = new Set([
  'KafkaJSSASLAuthenticationError',
  'KafkaJSServerDoesNotSupportApiKey',
  'KafkaJSNotImplemented',
])

function* requestsOf(records: readonly OutgoingRecord[]): Generator<Message[]> {
  let messages: Message[] = []
  let bytes = 0
  for (const record of records) {
    const size = record.value === null ? 0 : Buffer.byteLength(record.value)
    if (messages.length > 0 && bytes + size > requestBytesMax) {
      yield messages
      messages = []
      bytes = 0
    }
    messages.push(messageOf(record))
    bytes += size
  }
  if (messages.length > 0) yield messages
}

function messageOf(record: OutgoingRecord): Message {
  const message: Message = { key: record.key, value: record.value }
  if (record.partition !== undefined) message.partition = record.partition
  if (record.timestampMs !== undefined) message.timestamp = String(record.timestampMs)
  const { headers, traceparent, lineage } = record
  if (headers !== undefined || traceparent !== undefined || lineage !== undefined) {
    message.headers = {
      ...headers,
      ...(traceparent === undefined ? {} : { traceparent }),
      ...(lineage === undefined ? {} : lineageHeaders(lineage)),
    }
  }
  return message
}

function saslOf(config: Config['kafka']): SASLOptions | undefined {
  if (config.saslMechanism === 'none') return undefined
  return {
    mechanism: config.saslMechanism,
    username: config.username ?? '',
    password: config.password ?? '',
  }
}
