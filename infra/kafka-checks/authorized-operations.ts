// Asks a broker what this client may do (KIP-430): the operations on topics and consumer groups.
// kafkajs has the requests in older versions only, so the newer ones are written here.
import { createRequire } from 'node:module'
import type { ISocketFactory, KafkaConfig } from 'kafkajs'
import { patchRequestQueue } from '../kafka/kafkajs-request-queue.ts'

/** The operations that Winnow needs, by their codes in Kafka's protocol. */
const operationCodes = { Read: 3, Write: 4, Create: 5, Delete: 6, Describe: 8 } as const
export type AuthorizedOperation = keyof typeof operationCodes

/** What is known of one topic or group; `hidden` if the client may not even see it. */
export type Authorized =
  | { readonly kind: 'known'; readonly operations: ReadonlySet<AuthorizedOperation> }
  | { readonly kind: 'absent' }
  | { readonly kind: 'hidden' }

export type TopicOperations = {
  /** The brokers of the cluster, as they tell clients to reach them: `host:port`. */
  readonly brokers: readonly string[]
  /** Undefined if the broker is too old to say. */
  readonly topics: ReadonlyMap<string, Authorized> | undefined
}

/** How to connect: a part of what `createKafka` gives kafkajs. */
export type BrokerConnection = Pick<KafkaConfig, 'ssl' | 'sasl' | 'clientId'> & {
  readonly socketFactory: ISocketFactory
  readonly connectionTimeout: number
  readonly requestTimeout: number
}

const codes = { unknownTopic: 3, topicRefused: 29, groupRefused: 30 } as const
/** Kafka 2.3 and newer have this version of both requests. */
const versions = { metadata: 8, describeGroups: 3, findCoordinator: 1 } as const

/**
 * Logs in to one broker and asks it about topics. Tries once. Throws what kafkajs throws: callers
 * map it with `brokerCall`.
 */
export function topicOperations(
  connection: BrokerConnection,
  address: string,
  topics: readonly string[],
): Promise<TopicOperations> {
  return withBroker(connection, address, async (broker) => {
    const isAble = (broker.versions[apiKeys.metadata]?.maxVersion ?? 0) >= versions.metadata
    if (!isAble) return { brokers: [], topics: undefined }
    return broker.connectionPool.send(metadataRequest(topics))
  })
}

/** Asks the coordinators of groups, which `address` names. Throws what kafkajs throws. */
export function groupOperations(
  connection: BrokerConnection,
  address: string,
  groups: readonly string[],
): Promise<ReadonlyMap<string, Authorized>> {
  return withBroker(connection, address, async (broker) => {
    const found = new Map<string, Authorized>()
    for (const group of groups) {
      const { code, coordinator } = await broker.connectionPool.send(coordinatorRequest(group))
      const isRefused = code === codes.groupRefused
      const ask = () =>
        // It may be another broker.
        withBroker(connection, coordinator, (one) => one.connectionPool.send(groupRequest(group)))
      found.set(group, isRefused ? { kind: 'hidden' } : await ask())
    }
    return found
  })
}

async function withBroker<Answer>(
  connection: BrokerConnection,
  address: string,
  ask: (broker: Broker) => Promise<Answer>,
): Promise<Answer> {
  const broker = openBroker(connection, address)
  try {
    await broker.connect()
    return await ask(broker)
  } finally {
    await broker.disconnect()
  }
}

const apiKeys = { metadata: 3, findCoordinator: 10, describeGroups: 15 } as const

type Encoder = {
  writeNullableArray(values: readonly string[]): Encoder
  writeArray(values: readonly string[]): Encoder
  writeBoolean(value: boolean): Encoder
  writeString(value: string): Encoder
  writeInt8(value: number): Encoder
}
type Decoder = {
  readInt16(): number
  readInt32(): number
  readString(): string
  readBytes(): Buffer
  readBoolean(): boolean
  readArray<T>(read: (decoder: Decoder) => T): T[]
}
type Request<Answer> = {
  readonly request: { readonly apiKey: number; encode(): Promise<Encoder> }
  readonly response: {
    decode(raw: Buffer): Promise<Answer>
    parse(answer: Answer): Promise<Answer>
  }
}
type Broker = {
  readonly versions: Readonly<Record<number, { readonly maxVersion: number }>>
  readonly connectionPool: { send<Answer>(request: Request<Answer>): Promise<Answer> }
  connect(): Promise<void>
  disconnect(): Promise<void>
}

const kafkajs = (path: string): unknown => createRequire(import.meta.url)(`kafkajs/src/${path}`)

function openBroker(connection: BrokerConnection, address: string): Broker {
  patchRequestQueue()
  const Pool = kafkajs('network/connectionPool.js') as new (options: object) => object
  const BrokerOf = kafkajs('broker/index.js') as new (options: object) => Broker
  const split = address.lastIndexOf(':')
  const logger = silentLogger()
  const [host, port] = [address.slice(0, split), Number(address.slice(split + 1))]
  const connectionPool = new Pool({ ...connection, logger, host, port })
  return new BrokerOf({ connectionPool, logger })
}

function silentLogger(): object {
  const silent = () => undefined
  const logger = { debug: silent, info: silent, warn: silent, error: silent }
  return { ...logger, namespace: silentLogger }
}

/** A request in the words of kafkajs: it frames, sends and matches the answer. */
function requestOf<Answer>(
  header: { apiKey: number; apiVersion: number; apiName: string },
  encode: (encoder: Encoder) => Encoder,
  decode: (decoder: Decoder) => Answer,
): Request<Answer> {
  const EncoderOf = kafkajs('protocol/encoder.js') as new () => Encoder
  const DecoderOf = kafkajs('protocol/decoder.js') as new (raw: Buffer) => Decoder
  return {
    request: { ...header, encode: () => Promise.resolve(encode(new EncoderOf())) },
    response: {
      decode: (raw) => Promise.resolve(decode(new DecoderOf(raw))),
      parse: (answer) => Promise.resolve(answer),
    },
  }
}

function metadataRequest(topics: readonly string[]) {
  const header = { apiKey: apiKeys.metadata, apiVersion: versions.metadata, apiName: 'Metadata' }
  return requestOf(
    header,
    // Neither creates topics nor asks for the operations on the cluster.
    (encoder) =>
      encoder.writeNullableArray(topics).writeBoolean(false).writeBoolean(false).writeBoolean(true),
    (decoder) => {
      decoder.readInt32() // Throttle time.
      const brokers = decoder.readArray((one) => {
        one.readInt32()
        const address = `${one.readString()}:${one.readInt32()}`
        one.readString() // Rack.
        return address
      })
      decoder.readString() // Cluster id.
      decoder.readInt32() // Controller.
      const found = decoder.readArray((one): [string, Authorized] => {
        const code = one.readInt16()
        const name = one.readString()
        one.readBoolean() // Whether it is internal.
        one.readArray(skipPartition)
        return [name, authorizedOf(code, one.readInt32())]
      })
      return { brokers, topics: new Map(found) }
    },
  )
}

function skipPartition(decoder: Decoder): void {
  decoder.readInt16()
  // Number, leader, epoch of the leader.
  for (let field = 0; field < 3; field++) decoder.readInt32()
  // Replicas, those in sync, those that are offline.
  for (let list = 0; list < 3; list++) decoder.readArray((one) => one.readInt32())
}

function coordinatorRequest(group: string) {
  const header = {
    apiKey: apiKeys.findCoordinator,
    apiVersion: versions.findCoordinator,
    apiName: 'FindCoordinator',
  }
  return requestOf(
    header,
    (encoder) => encoder.writeString(group).writeInt8(0),
    (decoder) => {
      decoder.readInt32() // Throttle time.
      const code = decoder.readInt16()
      decoder.readString() // Message.
      decoder.readInt32() // Id of the coordinator.
      return { code, coordinator: `${decoder.readString()}:${decoder.readInt32()}` }
    },
  )
}

function groupRequest(group: string) {
  const header = {
    apiKey: apiKeys.describeGroups,
    apiVersion: versions.describeGroups,
    apiName: 'DescribeGroups',
  }
  return requestOf(
    header,
    (encoder) => encoder.writeArray([group]).writeBoolean(true),
    (decoder): Authorized => {
      decoder.readInt32() // Throttle time.
      const [only] = decoder.readArray((one) => {
        const code = one.readInt16()
        // Name, state, type of protocol, protocol.
        for (let field = 0; field < 4; field++) one.readString()
        one.readArray((member) => {
          // Id, client, host; then metadata and assignment.
          for (let field = 0; field < 3; field++) member.readString()
          for (let field = 0; field < 2; field++) member.readBytes()
        })
        return authorizedOf(code, one.readInt32())
      })
      return only ?? { kind: 'absent' }
    },
  )
}

/** `bits` has one bit for each operation, at the place of its code. */
function authorizedOf(code: number, bits: number): Authorized {
  if (code === codes.topicRefused || code === codes.groupRefused) return { kind: 'hidden' }
  if (code === codes.unknownTopic) return { kind: 'absent' }
  const names = Object.keys(operationCodes) as AuthorizedOperation[]
  const operations = names.filter((name) => (bits & (1 << operationCodes[name])) !== 0)
  return { kind: 'known', operations: new Set(operations) }
}
