// Reads topics in a consumer group of its own, from positions that the caller chooses. It commits
// nothing, and the group is deleted at the end.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { Consumer } from 'kafkajs'
import { errorMessage } from '../../schemas/errors.ts'
import { ClosingConsumer } from './kafka-consumer.ts'
import { brokerError, type KafkaClient } from './kafka.ts'
import { readingAs } from './needed-rights.ts'

export type Following = {
  /** Connected, subscribed and run by the caller. */
  readonly consumer: Consumer
  /** Ends the reading with the reason of its abort. */
  readonly failure: AbortController
}

/**
 * Calls `begin`, then reads until `signal` aborts. Throws what `begin` throws, the reason of
 * `failure`, and broker_unavailable or broker_refused if kafkajs gives up.
 */
export async function followTopic(
  kafka: KafkaClient,
  options: {
    /** Names the group, and what is read in log lines. */
    readonly topic: string
    readonly log: (line: string) => void
    readonly signal: AbortSignal
  },
  begin: (following: Following) => Promise<void>,
): Promise<void> {
  const { topic, log, signal } = options
  const groupPrefix = `${topic}-follower-`
  const groupId = `${groupPrefix}${randomUUID()}`
  const parts = { groupId, allowAutoTopicCreation: false, maxWaitTimeInMs: 250 }
  const follower = new ClosingConsumer(kafka, parts)
  const { consumer } = follower
  const failure = new AbortController()
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart)
      failure.abort(
        brokerError(readingAs(`follow ${topic}`, { topics: [topic], groupPrefix }), payload.error),
      )
    else log(`reading ${topic} failed, trying again: ${errorMessage(payload.error)}`)
  })
  try {
    await begin({ consumer, failure })
    const end = AbortSignal.any([signal, failure.signal])
    if (!end.aborted) await once(end, 'abort')
    if (failure.signal.aborted) throw failure.signal.reason
  } finally {
    await follower.close().catch(() => undefined)
    await deleteGroup(kafka, groupId)
  }
}

/** Kafka also expires groups without commits, so a failure here does not matter. */
async function deleteGroup(kafka: KafkaClient, groupId: string): Promise<void> {
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
