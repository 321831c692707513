// Replaces how kafkajs 2.2.4 decodes fetch responses. Its own decoder has no limit on the
// decompressed size of a batch, checks no checksum, and ends the consumer at the first unreadable
// batch. kafkajs still makes the requests, maps the broker's error codes, and handles the messages.
import { strict as assert } from 'node:assert'
import { createRequire } from 'node:module'
import { ByteReader } from './byte-reader.ts'
import { AnswerBudget, type DecodeBounds, type FetchedMessage } from './fetched-message.ts'
import { decodeRecordSet } from './record-set.ts'

/** The parameters of a fetch that kafkajs passes; only those used here. */
type FetchParameters = {
  readonly topics: readonly {
    readonly topic: string
    readonly partitions: readonly { readonly partition: number; readonly fetchOffset: string }[]
  }[]
}

type Exchange = { readonly response: { readonly decode: (raw: Buffer) => Promise<unknown> } }
type Protocol = (options: { version: number }) => (parameters: FetchParameters) => Exchange

type FetchModule = {
  protocol: Protocol
  /** Set by this file: the limits in use, for all clients of this process. */
  winnow?: { bounds: DecodeBounds; turn: Promise<void> }
}

/** The highest version of the Fetch API that kafkajs supports. */
const versionMax = 11

/** Makes every client decode fetches within these limits. Safe to call again. */
export function boundFetches(bounds: DecodeBounds): void {
  const require = createRequire(import.meta.url)
  const module = require('kafkajs/src/protocol/requests/fetch/index.js') as FetchModule
  if (module.winnow !== undefined) {
    module.winnow.bounds = bounds
    return
  }
  const plain = module.protocol
  assert.equal(typeof plain, 'function')
  const state = { bounds, turn: Promise.resolve() }
  module.winnow = state
  module.protocol = ({ version }) => {
    assert(version <= versionMax)
    const make = plain({ version })
    return (parameters) => {
      const exchange = make(parameters)
      const decode = (raw: Buffer) =>
        inTurn(state, () => decodeAnswer(raw, { version, parameters, bounds: state.bounds }))
      return { ...exchange, response: { ...exchange.response, decode } }
    }
  }
}

/**
 * Decodes the responses of several brokers and consumers one at a time, because each may take much
 * memory.
 */
async function inTurn<T>(state: { turn: Promise<void> }, work: () => Promise<T>): Promise<T> {
  const before = state.turn
  let done: () => void = () => undefined
  state.turn = new Promise((resolve) => (done = resolve))
  await before
  try {
    return await work()
  } finally {
    done()
  }
}

type PartitionAnswer = {
  readonly partition: number
  readonly errorCode: number
  readonly highWatermark: string
  readonly messages: FetchedMessage[]
}

async function decodeAnswer(
  raw: Buffer,
  options: { version: number; parameters: FetchParameters; bounds: DecodeBounds },
): Promise<object> {
  const { version, parameters, bounds } = options
  const reader = new ByteReader(raw)
  const throttleTime = version >= 1 ? reader.int32() : 0
  const session = version >= 7 ? { errorCode: reader.int16(), sessionId: reader.int32() } : {}
  const sets: { answer: PartitionAnswer; topic: string; bytes: Buffer }[] = []
  const responses = reader.array(() => {
    const topic = reader.string()
    const partitions = reader.array(() => {
      const { answer, bytes } = partitionOf(reader, version)
      sets.push({ answer, topic, bytes })
      return answer
    })
    return { topicName: topic, partitions }
  })
  const budget = new AnswerBudget(bounds)
  // A random start, so that no partition always comes first when the budget does not last for all.
  const start = Math.floor(Math.random() * sets.length)
  for (const { answer, topic, bytes } of [...sets.slice(start), ...sets.slice(0, start)]) {
    if (bytes.length === 0) continue
    const set = {
      bytes,
      from: fetchOffset(parameters, topic, answer.partition),
      highWatermark: Number(answer.highWatermark),
    }
    answer.messages.push(...(await decodeRecordSet(set, { budget, bounds })))
  }
  // From version 8 on the client has to wait (KIP-219).
  const throttle =
    version >= 8 ? { throttleTime: 0, clientSideThrottleTime: throttleTime } : { throttleTime }
  return { ...throttle, ...session, responses }
}

/** The header of a partition's response, and the bytes of its records. */
function partitionOf(
  reader: ByteReader,
  version: number,
): { answer: PartitionAnswer; bytes: Buffer } {
  const offset = () => String(reader.int64())
  const answer = {
    partition: reader.int32(),
    errorCode: reader.int16(),
    highWatermark: offset(),
    ...(version >= 4 && { lastStableOffset: offset() }),
    ...(version >= 5 && { lastStartOffset: offset() }),
    ...(version >= 4 && {
      abortedTransactions: reader.array(() => ({ producerId: offset(), firstOffset: offset() })),
    }),
    ...(version >= 11 && { preferredReadReplica: reader.int32() }),
    messages: [],
  }
  const length = reader.int32()
  return { answer, bytes: reader.take(Math.max(0, Math.min(length, reader.left))) }
}

function fetchOffset({ topics }: FetchParameters, topic: string, partition: number): number {
  const asked = topics
    .find((one) => one.topic === topic)
    ?.partitions.find((one) => one.partition === partition)
  return Number(asked?.fetchOffset ?? 0)
}
