// The compacted topic winnow.models: writing a model's next state so that no two writers lose each
// other's, and following all states from the earliest record on. What a state means, and which
// follows which, is models/store/release-state.ts.
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Consumer, KafkaMessage } from 'kafkajs'
import { WinnowError, errorMessage } from '../../schemas/errors.ts'
import type { ModelAnnouncement } from '../../schemas/model-announcement.ts'
import { brokerCall, brokerError, connectProducer, type KafkaClient } from '../kafka/kafka.ts'
import { createConsumer } from '../kafka/kafka-consumer.ts'
import { retryUntilCoordinator, retryUntilLeader } from '../kafka/election-retry.ts'
import type { FetchedMessage } from '../record-batch/fetched-message.ts'
import type { Schemas } from '../schema-registry/registry.ts'
import { identifiedValue } from '../schema-registry/schema-id-headers.ts'

export type ModelStates = ReadonlyMap<string, ModelAnnouncement>

/** What a follower receives, one call at a time and in the order of the topic. */
export type FollowHandlers = {
  /** Once: the last state of every model when following began. From here on it is caught up. */
  onCaughtUp(states: ModelStates): void | Promise<void>
  /** Every later state. */
  onAnnouncement(state: ModelAnnouncement): void | Promise<void>
  /** A record that is no announcement, and trouble with the broker that passes. */
  log?(line: string): void
}

export type ModelAnnouncements = {
  /**
   * Writes what `next` makes of the model's present state, and gives it. Writers of one model
   * exclude each other by a transactional id: one that was overtaken between reading and writing is
   * fenced by the broker and tries again with the newer state, so `next` may be called more than
   * once. Throws broker_unavailable or broker_refused, and what `next` throws; then nothing was
   * written.
   */
  announce(
    name: string,
    next: (state: ModelAnnouncement | undefined) => ModelAnnouncement,
  ): Promise<ModelAnnouncement>
  /** The present state of every model. Throws broker_unavailable or broker_refused. */
  states(): Promise<ModelStates>
  /**
   * Follows the topic until the signal fires, then resolves with everything closed. Throws
   * broker_unavailable at the start, later only what a handler throws.
   */
  follow(handlers: FollowHandlers, signal: AbortSignal): Promise<void>
}

/** Writers that overtake each other more often than this are a defect somewhere. */
const overtakenMax = 20
const overtakenPauseMs = 50
/** A writer that dies during a transaction holds readers back for at most about twice this. */
const transactionMsMax = 10_000
const fenced = new Set([
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'INVALID_TXN_STATE',
  'CONCURRENT_TRANSACTIONS',
  // What a broker answers to a writer that it fenced in the middle of a request.
  'UNKNOWN',
])

/** Makes the client on open ones; each call opens and closes connections of its own. */
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
        if (tries >= overtakenMax) {
          const message =
            `cannot announce ${name}: other processes changed it ${tries} times ` +
            'meanwhile; run the command again'
          throw new WinnowError('broker_unavailable', message)
        }
        // Writers that begin again at the same moment would overtake each other endlessly.
        await pause(Math.random() * overtakenPauseMs * tries)
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
  const { producer, close } = await connectProducer(kafka, {
    transactionalId: `${topic}-${name}`,
    transactionTimeout: transactionMsMax,
  })
  try {
    // This takes a new epoch of the id: a writer that read the state before cannot write any more.
    const transaction = await brokerCall(`announce ${name}`, () =>
      retryUntilCoordinator(() => producer.transaction()),
    )
    try {
      const announcement = next((await readStates(clients, topic)).get(name))
      const value = schemas.encode('models', announcement)
      const messages = [{ key: name, value, timestamp: String(announcement.atMs) }]
      await brokerCall(`announce ${name}`, async () => {
        await transaction.send({ topic, messages, acks: -1 })
        await transaction.commit()
      })
      return announcement
    } catch (error) {
      // What failed is thrown; a transaction that cannot be aborted either is ended by the next
      // writer.
      if (transaction.isActive()) await transaction.abort().catch(() => undefined)
      throw error
    }
  } catch (error) {
    if (isFenced(error)) return 'overtaken'
    throw error
  } finally {
    // The record is written or refused by now; a connection that does not end well changes neither.
    await close().catch(() => undefined)
  }
}

/** Whether this error, or what caused it, says that another writer has taken over or is at work. */
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
  // A group of its own: every follower reads everything. It commits nothing.
  const groupId = `${topic}-follower-${randomUUID()}`
  const options = { groupId, allowAutoTopicCreation: false, maxWaitTimeInMs: 250 }
  const follower = createConsumer(kafka, options)
  const { consumer } = follower
  const failure = new AbortController()
  const reach = async (offset: number): Promise<void> => {
    if (isCaughtUp || offset < end) return
    isCaughtUp = true
    await handlers.onCaughtUp(states)
  }
  const guarded = async (work: () => Promise<void>): Promise<void> => {
    if (signal.aborted || failure.signal.aborted) return
    await work().catch((error: unknown) => failure.abort(error))
  }
  // A batch of nothing but commit markers comes to no handler, yet it is what ends a transaction.
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
    void guarded(() => reach(Number(payload.lastOffset) + 1))
  })
  listenForTrouble(consumer, { topic, handlers, failure })
  try {
    await brokerCall(`follow ${topic}`, async () => {
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
    })
    if (end === 0) await reach(0)
    await brokerCall(`follow ${topic}`, () =>
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
    await fires(AbortSignal.any([signal, failure.signal]))
    if (failure.signal.aborted) throw failure.signal.reason
  } finally {
    await follower.close().catch(() => undefined)
    await forgetGroup(kafka, groupId)
  }
}

function listenForTrouble(
  consumer: Consumer,
  parts: { topic: string; handlers: FollowHandlers; failure: AbortController },
): void {
  const { topic, handlers, failure } = parts
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) failure.abort(brokerError(`follow ${topic}`, payload.error))
    else handlers.log?.(`reading ${topic} again after a failure: ${errorMessage(payload.error)}`)
  })
}

/** The offset after the last record; the topic has one partition. */
async function endOffset(kafka: KafkaClient, topic: string): Promise<number> {
  const admin = kafka.admin()
  return brokerCall(`read the end of ${topic}`, async () => {
    try {
      await admin.connect()
      const [partition] = await retryUntilLeader(() => admin.fetchTopicOffsets(topic))
      return Number(partition?.high ?? 0)
    } finally {
      await admin.disconnect()
    }
  })
}

/**
 * Groups without commits vanish by themselves in time; this is tidiness, so failing is no matter.
 */
async function forgetGroup(kafka: KafkaClient, groupId: string): Promise<void> {
  const admin = kafka.admin({ retry: { retries: 0 } })
  try {
    await admin.connect()
    await admin.deleteGroups([groupId])
  } catch {
    return
  } finally {
    await admin.disconnect().catch(() => undefined)
  }
}

function fires(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
