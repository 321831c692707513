// A Kafka broker with one topic and one partition in this process: enough of the protocol for a
// consumer group of one member. It fails calls on demand, and hands out any bytes as a record
// batch, which a real broker would refuse to store.
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { int16, int32, int64, string } from './kafka-bytes.ts'

/** The calls that a consumer makes: number, and the one supported version. */
const calls = {
  Fetch: [1, 4],
  ListOffsets: [2, 1],
  Metadata: [3, 1],
  OffsetCommit: [8, 2],
  OffsetFetch: [9, 1],
  FindCoordinator: [10, 0],
  JoinGroup: [11, 0],
  Heartbeat: [12, 0],
  LeaveGroup: [13, 0],
  SyncGroup: [14, 0],
  DescribeGroups: [15, 0],
  SaslHandshake: [17, 1],
  ApiVersions: [18, 0],
  SaslAuthenticate: [36, 0],
} as const

export type BrokerCall = keyof typeof calls

export type FakeBroker = {
  /** `host:port`. */
  readonly address: string
  /** Error codes to answer with, by call. */
  readonly failures: Map<BrokerCall, number>
  /** Calls that this broker claims not to support. */
  readonly unknown: Set<BrokerCall>
  /** How often each call was made. */
  readonly counts: Map<BrokerCall, number>
  /** The last committed offset, -1 before the first. */
  committed(): number
  /** Appends a batch to the log; its first eight bytes become the offset. */
  append(batch: Buffer): void
  /** Breaks all connections; new ones are accepted. */
  drop(): void
  close(): Promise<void>
}

type Log = { readonly base: number; readonly end: number; readonly bytes: Buffer }[]

/** Most bytes of one response; clients request this much of a partition by default. */
const answerBytesMax = 1_048_576

/** Listens on a free port; the caller closes it. `others` are further topics, which stay empty. */
export async function openFakeBroker(
  topic: string,
  others: readonly string[] = [],
): Promise<FakeBroker> {
  const failures = new Map<BrokerCall, number>()
  const unknown = new Set<BrokerCall>()
  const counts = new Map<BrokerCall, number>()
  const log: Log = []
  const sockets = new Set<Socket>()
  let committed = -1
  const end = () => log.at(-1)?.end ?? 0
  const state = {
    topic,
    others,
    failures,
    unknown,
    log,
    end,
    port: () => (server.address() as AddressInfo).port,
    committed: () => committed,
    commit: (offset: number) => (committed = offset),
  }
  const drop = () => {
    for (const socket of sockets) socket.destroy()
  }
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    let rest: Buffer = Buffer.alloc(0)
    let answered = Promise.resolve()
    socket.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes])
      while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
        const request = rest.subarray(4, 4 + rest.readInt32BE(0))
        rest = rest.subarray(4 + request.length)
        const call = callOf(request.readInt16BE(0))
        counts.set(call, (counts.get(call) ?? 0) + 1)
        answered = answered.then(async () => {
          const body = await answer(call, request, state)
          const correlation = request.subarray(4, 8)
          if (!socket.destroyed) {
            socket.write(Buffer.concat([int32(4 + body.length), correlation, body]))
          }
        })
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${state.port()}`,
    failures,
    unknown,
    counts,
    committed: state.committed,
    append(batch) {
      const base = end()
      const bytes = Buffer.from(batch)
      bytes.writeBigInt64BE(BigInt(base))
      log.push({ base, end: base + lastOffsetDelta(bytes) + 1, bytes })
    },
    drop,
    async close() {
      server.close()
      drop()
      if (server.listening) await once(server, 'close')
    },
  }
}

/** From a batch of magic 2; older messages have an offset each. */
function lastOffsetDelta(batch: Buffer): number {
  return batch[16] === 2 ? batch.readInt32BE(23) : 0
}

type State = {
  readonly topic: string
  readonly others: readonly string[]
  readonly failures: ReadonlyMap<BrokerCall, number>
  readonly unknown: ReadonlySet<BrokerCall>
  readonly log: Log
  readonly end: () => number
  readonly port: () => number
  readonly committed: () => number
  readonly commit: (offset: number) => void
}

async function answer(call: BrokerCall, request: Buffer, state: State): Promise<Buffer> {
  const error = int16(state.failures.get(call) ?? 0)
  const { topic } = state
  const ofPartition = (...parts: Buffer[]) =>
    Buffer.concat([int32(1), string(topic), int32(1), int32(0), ...parts])
  const address = Buffer.concat([int32(1), string('127.0.0.1'), int32(state.port())])
  switch (call) {
    case 'ApiVersions': {
      const known = Object.entries(calls).filter(([name]) => !state.unknown.has(name as BrokerCall))
      const entries = known.map(([, [key, version]]) => [
        int16(key),
        int16(version),
        int16(version),
      ])
      return Buffer.concat([error, int32(known.length), ...entries.flat()])
    }
    case 'Metadata': {
      const brokers = Buffer.concat([int32(1), address, int16(-1), int32(1)])
      const replicas = Buffer.concat([int32(1), int32(1), int32(1), int32(1)])
      const partition = Buffer.concat([int16(0), int32(0), int32(1), replicas])
      const topics = [topic, ...state.others].map((name) =>
        Buffer.concat([error, string(name), Buffer.alloc(1), int32(1), partition]),
      )
      return Buffer.concat([brokers, int32(topics.length), ...topics])
    }
    case 'FindCoordinator':
      return Buffer.concat([error, address])
    case 'JoinGroup': {
      const member = string('member')
      const members = Buffer.concat([int32(1), member, int32(0)])
      return Buffer.concat([error, int32(1), string('RoundRobinAssigner'), member, member, members])
    }
    case 'SyncGroup':
      return Buffer.concat([error, assignmentIn(request)])
    case 'DescribeGroups':
      return int32(0)
    case 'Heartbeat':
    case 'LeaveGroup':
      return error
    case 'OffsetFetch':
      return ofPartition(int64(state.committed()), string(''), error)
    case 'ListOffsets':
      // The request ends with a time: -1 asks for the end, -2 for the start.
      return ofPartition(error, int64(-1), int64(request.at(-1) === 255 ? state.end() : 0))
    case 'OffsetCommit':
      if (!state.failures.has(call)) state.commit(committedIn(request))
      return ofPartition(error)
    case 'Fetch': {
      const records = await recordsFor(request, state)
      const ends = [int64(state.end()), int64(state.end()), int32(0)]
      return Buffer.concat([int32(0), ofPartition(error, ...ends, int32(records.length), records)])
    }
    case 'SaslHandshake':
      return Buffer.concat([error, int32(1), string('PLAIN')])
    case 'SaslAuthenticate':
      return Buffer.concat([error, string('no such user'), int32(0)])
  }
}

/** The records from the requested offset on; nothing after a short wait. */
async function recordsFor(request: Buffer, { topic, log, end }: State): Promise<Buffer> {
  // Header, replica, waiting time and limits, isolation, topics, the topic, partitions, the
  // partition.
  const at = bodyAt(request) + 17 + 4 + 2 + topic.length + 4 + 4
  const offset = Number(request.readBigInt64BE(at))
  if (offset >= end()) await new Promise((resolve) => setTimeout(resolve, 20))
  const batches = log.filter((batch) => batch.end > offset)
  let bytes = 0
  const fitting = batches.filter((batch, index) => {
    bytes += batch.bytes.length
    return index === 0 || bytes <= answerBytesMax
  })
  return Buffer.concat(fitting.map((batch) => batch.bytes))
}

/** The leader's own assignment, as bytes preceded by their length. */
function assignmentIn(request: Buffer): Buffer {
  let at = bodyAt(request)
  const skipString = () => (at += 2 + request.readInt16BE(at))
  skipString()
  at += 4
  skipString()
  if (request.readInt32BE(at) === 0) return int32(0)
  at += 4
  skipString()
  return request.subarray(at)
}

/**
 * The offset of the one partition in a commit; it precedes the metadata, a string at the end of the
 * request.
 */
function committedIn(request: Buffer): number {
  let at = request.length - 2
  // The length of the string points to the end of the request; -1 is null.
  while (Math.max(0, request.readInt16BE(at)) !== request.length - at - 2) at--
  return Number(request.readBigInt64BE(at - 8))
}

/** Where the body of a request starts, after the client's name. */
function bodyAt(request: Buffer): number {
  return 10 + Math.max(0, request.readInt16BE(8))
}

function callOf(key: number): BrokerCall {
  const found = Object.entries(calls).find(([, [number]]) => number === key)
  if (found === undefined) throw new Error(`call ${key} is not spoken here`)
  return found[0] as BrokerCall
}
