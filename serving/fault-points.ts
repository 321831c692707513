// Puts fault points around the ports of a stage: wrappers that call a hook before and after each
// call. Without a hook there are no wrappers, so a real event pays nothing.
import type { Analytics } from '../infra/clickhouse/clickhouse.ts'
import type { RecordProducer } from '../infra/kafka/kafka.ts'
import { faultHook } from '../configs/fault-hook.ts'
import { faultPoints, type FaultPoint, type Reach } from '../schemas/ports/fault-point.ts'
import type { ObjectStore } from '../schemas/object-store.ts'
import type { ModelPort, ModelSource } from '../streams/stages/infer.ts'
import type { RecordDecoder } from '../schemas/ports/record-decoder.ts'
import type { RecordSource } from '../schemas/ports/record-source.ts'
import type { Sink, StoredReads } from '../schemas/ports/sink.ts'

/** Wraps ports with fault points. */
export type FaultPoints = {
  /** Undefined without a hook. */
  readonly reach: Reach | undefined
  analytics(port: Analytics): Analytics
  producer(port: RecordProducer): RecordProducer
  source(port: RecordSource): RecordSource
  sink<Output>(port: Sink<Output>): Sink<Output>
  models(port: ModelSource): ModelSource
  /** Between the bytes of a record and the stages. */
  read<T>(read: (value: Buffer) => Promise<T>): (value: Buffer) => Promise<T>
  /** The same for the records of an input. */
  decode(decode: RecordDecoder): RecordDecoder
  objects(port: ObjectStore): ObjectStore
}

/**
 * The fault points with the hook that the environment names; only fault tests name one. Call it
 * once per process, since the hook counts.
 */
export function openFaultPoints(reach = faultHook()): FaultPoints {
  return reach === undefined ? noFaultPoints : wrapped(reach)
}

const same = <T>(port: T): T => port
/** No points at all. */
export const noFaultPoints: FaultPoints = {
  reach: undefined,
  analytics: same,
  producer: same,
  source: same,
  sink: same,
  models: same,
  read: same,
  decode: same,
  objects: same,
}

function wrapped(reach: Reach): FaultPoints {
  return {
    reach,
    analytics: (port) =>
      overriding(port, {
        insert: (table, insertion) =>
          insertion.values.length === 0
            ? port.insert(table, insertion)
            : between(reach, `insert-${table}`, () => port.insert(table, insertion)),
      }),
    producer: (port) =>
      overriding(port, {
        send: (topic, records) =>
          records.length === 0
            ? port.send(topic, records)
            : between(reach, 'produce', () => port.send(topic, records)),
      }),
    source: (port) => wrappedSource(port, reach),
    sink: (port) =>
      overriding(port, {
        fence: (partitions, after) => between(reach, 'fence', () => port.fence(partitions, after)),
        ...wrappedReads(port, reach),
        ofModel: port.ofModel && ((model) => withPoints(port.ofModel!(model), reach)),
      }),
    models: (port) => ({
      name: port.name,
      acquire() {
        const models = port.acquire()
        return { ...models, champion: wrappedModel(models.champion, reach) }
      },
    }),
    read: (read) => async (value) => {
      const decoded = await read(value)
      await reach('decoded')
      return decoded
    },
    decode: (decode) => async (record) => {
      const decoded = await decode(record)
      await reach('decoded')
      return decoded
    },
    objects: (port) =>
      overriding(port, {
        async write(key, content, options) {
          await reach('publish-uploading')
          await port.write(key, content, options)
        },
      }),
  }
}

function wrappedSource(port: RecordSource, reach: Reach): RecordSource {
  return overriding(port, {
    start: (handlers) =>
      port.start({
        ...handlers,
        async onChunk(chunk, heartbeat) {
          await reach('polled')
          return handlers.onChunk(chunk, heartbeat)
        },
      }),
    commit: (offsets) => between(reach, 'commit', () => port.commit(offsets)),
    pause() {
      port.pause()
      void reach('draining')
    },
    async close() {
      await reach('leaving')
      await port.close()
    },
  })
}

function withPoints(reads: StoredReads, reach: Reach): StoredReads {
  return overriding(reads, wrappedReads(reads, reach))
}

function wrappedReads(reads: StoredReads, reach: Reach): Pick<StoredReads, 'storedFrom'> {
  return {
    async storedFrom(topic, partition, fromOffset) {
      const page = await reads.storedFrom(topic, partition, fromOffset)
      await reach('after-delivered')
      return page
    },
  }
}

function wrappedModel(port: ModelPort, reach: Reach): ModelPort {
  return overriding(port, {
    tokenizer: {
      sha256: port.tokenizer.sha256,
      encoding(text, options) {
        void reach('tokenizing')
        return port.tokenizer.encoding(text, options)
      },
    },
    async classifyWhenRoom(ids) {
      await reach('before-infer')
      const { result } = await port.classifyWhenRoom(ids)
      const reached = result.then(async (outcome) => {
        await reach('after-infer')
        return outcome
      })
      return { result: reached }
    },
  })
}

/**
 * The port with some members replaced. A spread would lose the methods of a port that is a class
 * instance, since they belong to its prototype.
 */
function overriding<Port extends object>(port: Port, members: Partial<Port>): Port {
  return new Proxy(port, {
    get(target, name) {
      if (Object.hasOwn(members, name)) return Reflect.get(members, name) as unknown
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

/** Makes a call between its two points. */
async function between<T>(reach: Reach, what: string, call: () => Promise<T>): Promise<T> {
  await reachIfKnown(reach, `before-${what}`)
  const result = await call()
  await reachIfKnown(reach, `after-${what}`)
  return result
}

function reachIfKnown(reach: Reach, name: string): Promise<void> | undefined {
  const point: FaultPoint | undefined = faultPoints.find((one) => one === name)
  return point === undefined ? undefined : reach(point)
}
