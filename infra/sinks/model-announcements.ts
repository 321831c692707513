// The compacted topic winnow.models: writes a model's next state without losing those of other
// writers, and follows all states from the earliest record. models/store/release-state.ts defines
// states and their order.
import { setTimeout as pause } from 'node:timers/promises'
import type { KafkaMessage } from 'kafkajs'
import { WinnowError } from '../../schemas/errors.ts'
import type { ModelAnnouncement } from '../../schemas/model-announcement.ts'
import { brokerCall, connectProducer, type KafkaClient } from '../kafka/kafka.ts'
import { followTopic } from '../kafka/follow-topic.ts'
import { retryUntilCoordinator, retryUntilLeader } from '../kafka/election-retry.ts'
import { producing, readingAs } from '../kafka/needed-rights.ts'
import type { FetchedMessage } from '../record-batch/fetched-message.ts'
import type { Schemas } from '../schema-registry/registry.ts'
import { identifiedValue } from '../schema-registry/schema-id-headers.ts'

export type ModelStates = ReadonlyMap<string, ModelAnnouncement>

/** Handlers of a follower; called one at a time, in the order of the topic. */
export type FollowHandlers = {
  /** Called once with the last state of every model at the start: the follower has caught up. */
  onCaughtUp(states: ModelStates): void | Promise<void>
  /** Called with every later state. */
  onAnnouncement(state: ModelAnnouncement): void | Promise<void>
  /** Reports a record that is not an announcement, or a transient broker failure. */
  log?(line: string): void
}

export type ModelAnnouncements = {
  /**
   * Writes the state that `next` derives from the model's current state, and returns it. A
   * transactional id per model lets one writer win: the broker fences a writer that another one
   * overtook, and it tries again with the newer state. So `next` may be called more than once.
   * Throws broker_unavailable, broker_refused, or what `next` throws; then nothing was written.
   */
  announce(
    name: string,
    next: (state: ModelAnnouncement | undefined) => ModelAnnouncement,
  ): Promise<ModelAnnouncement>
  /** The current state of every model. Throws broker_unavailable or broker_refused. */
  states(): Promise<ModelStates>
  /**
   * Follows the topic until the signal aborts, then closes its clients and resolves. Throws
   * broker_unavailable at the start, later only what a handler throws.
   */
  follow(handlers: FollowHandlers, signal: AbortSignal): Promise<void>
}

/** More conflicts than this between writers point to a defect. */
const conflictsMax = 20
const conflictPauseMs = 50
/** After a writer dies during a transaction, readers wait for about twice this at most. */
const transactionMsMax = 10_000
const fenced = new Set([
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'INVALID_TXN_STATE',
  'CONCURRENT_TRANSACTIONS',
  // A broker answers this to a writer that it fences during a request.
  'UNKNOWN',
])

/** Creates the client; each call opens and closes connections of its own. */
export function createModelAnnouncements(
  clients: { kafka: KafkaClient; schemas: Schemas },
  topic: string,
): ModelAnnouncements {
  const states = (): Promise<ModelStates> => readStates(clients, topic)
  return {
    states,
    follow: (handlers, signal) => follow(clients, topic, { handlers, signal }),
    async announce(name, next) {
      for (let tries = 1; ; tries++) {
        const written = await announceOnce(clients, topic, { name, next })
        if (written !== 'overtaken') return written
        if (tries >= conflictsMax) {
          const message =
            `cannot announce ${name}: other processes changed it at the same time, ${tries} times in a row. ` +
            'Run the command again.'
          throw new WinnowError('broker_unavailable', message)
        }
        // A random pause keeps writers that retry together from overtaking each other forever.
        await pause(Math.random() * conflictPauseMs * tries)
      }
    },
  }
}

type Clients = { kafka: KafkaClient; schemas: Schemas }

async function announceOnce(
  clients: Clients,
  topic: string,
  change: { name: string; next: (state: ModelAnnouncement | undefined) => ModelAnnouncement },
): Promise<ModelAnnouncement | 'overtaken'> {
  const { kafka, schemas } = clients
  const { name, next } = change
  const transactionalId = `${topic}-${name}`
  const { producer, close } = await connectProducer(kafka, {
    transactionalId,
    transactionTimeout: transactionMsMax,
  })
  try {
    // Takes a new epoch of the id: a writer that read the state earlier can no longer write.
    const work = producing(`announce ${name}`, topic, transactionalId)
    const transaction = await brokerCall(work, () =>
      retryUntilCoordinator(() => producer.transaction()),
    )
    try {
      const announcement = next((await readStates(clients, topic)).get(name))
      const value = schemas.encode('models', announcement)
      const messages = [{ key: name, value, timestamp: String(announcement.atMs) }]
      await brokerCall(work, async () => {
        await transaction.send({ topic, messages, acks: -1 })
        await transaction.commit()
      })
      return announcement
    } catch (error) {
      // The failure itself is thrown. If aborting fails too, the next writer ends the transaction.
      if (transaction.isActive()) await transaction.abort().catch(() => undefined)
      throw error
    }
  } catch (error) {
    if (isFenced(error)) return 'overtaken'
    throw error
  } finally {
    // The record is already written or refused; a failure to close changes neither.
    await close().catch(() => undefined)
  }
}

/** Whether the error or one of its causes says that another writer has taken over or is active. */
function isFenced(error: unknown): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if ('type' in cause && typeof cause.type === 'string' && fenced.has(cause.type)) return true
  }
  return false
}

async function readStates(clients: Clients, topic: string): Promise<ModelStates> {
  const stop = new AbortController()
  let found: ModelStates = new Map()
  const handlers = {
    onCaughtUp: (states: ModelStates) => {
      found = new Map(states)
      stop.abort()
    },
    onAnnouncement: () => undefined,
  }
  await follow(clients, topic, { handlers, signal: stop.signal })
  return found
}

async function follow(
  clients: Clients,
  topic: string,
  { handlers, signal }: { handlers: FollowHandlers; signal: AbortSignal },
): Promise<void> {
  const { kafka, schemas } = clients
  const end = await endOffset(kafka, topic)
  const states = new Map<string, ModelAnnouncement>()
  let isCaughtUp = false
  const reach = async (offset: number): Promise<void> => {
    if (isCaughtUp || offset < end) return
    isCaughtUp = true
    await handlers.onCaughtUp(states)
  }
  const log = (line: string): void => handlers.log?.(line)
  await followTopic(kafka, { topic, log, signal }, async ({ consumer, failure }) => {
    const guarded = async (work: () => Promise<void>): Promise<void> => {
      if (signal.aborted || failure.signal.aborted) return
      await work().catch((error: unknown) => failure.abort(error))
    }
    // No handler gets a batch that holds only commit markers, yet such a batch ends a transaction.
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      void guarded(() => reach(Number(payload.lastOffset) + 1))
    })
    const work = following(`follow ${topic}`, topic)
    await brokerCall(work, async () => {
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
    })
    if (end === 0) await reach(0)
    await brokerCall(work, () =>
      consumer.run({
        autoCommit: false,
        eachMessage: ({
          message,
        }: {
          message: KafkaMessage & Pick<FetchedMessage, 'unreadable'>
        }) =>
          guarded(async () => {
            const { unreadable } = message
            if (unreadable !== undefined) {
              handlers.log?.(`${topic}/${message.offset} was skipped: ${unreadable.message}`)
            }
            const value = identifiedValue(message.value, message.headers)
            if (value === null) return
            const decoded = await schemas.decode('models', value)
            if (decoded.kind === 'rejected') {
              handlers.log?.(`${topic}/${message.offset} was skipped: ${decoded.error.message}`)
              return
            }
            states.set(decoded.value.name, decoded.value)
            if (isCaughtUp) await handlers.onAnnouncement(decoded.value)
          }),
      }),
    )
  })
}

function following(what: string, topic: string) {
  return readingAs(what, { topics: [topic], groupPrefix: `${topic}-follower-` })
}

/** The offset after the last record; the topic has one partition. */
async function endOffset(kafka: KafkaClient, topic: string): Promise<number> {
  const admin = kafka.admin()
  return brokerCall(following(`read the end of ${topic}`, topic), async () => {
    try {
      await admin.connect()
      const [partition] = await retryUntilLeader(() => admin.fetchTopicOffsets(topic))
      return Number(partition?.high ?? 0)
    } finally {
      await admin.disconnect()
    }
  })
}
