// The topics of tasks: winnow.trials and winnow.trial-progress. Writes records, and follows both
// from explicit offsets. Followers read everything and share nothing, so they commit nothing. What
// the records mean is decided by trainers/workers/.
import type { KafkaMessage } from 'kafkajs'
import { WinnowError } from '../../schemas/errors.ts'
import type { TaskLog, TaskLogHandlers } from '../../schemas/ports/task-log.ts'
import type { OutgoingRecord } from '../../schemas/record.ts'
import type { TaskOffer, TaskProgress } from '../../schemas/tasks/task-records.ts'
import { readOffer, readProgress, taskValue } from '../../schemas/tasks/task-values.ts'
import type { FetchedMessage } from '../record-batch/fetched-message.ts'
import { retryUntilLeader } from './election-retry.ts'
import { followTopic } from './follow-topic.ts'
import { brokerCall, openProducer, type KafkaClient } from './kafka.ts'
import { readingAs } from './needed-rights.ts'

export type TaskTopics = { readonly offers: string; readonly progress: string }

type Message = KafkaMessage & Pick<FetchedMessage, 'unreadable'>

/** Opens a log on existing topics; the caller closes it. Throws broker_unavailable. */
export async function openTaskLog(kafka: KafkaClient, topics: TaskTopics): Promise<TaskLog> {
  const producer = await openProducer(kafka)
  const records = (all: readonly (TaskOffer | TaskProgress)[]): OutgoingRecord[] =>
    all.map((one) => ({
      key: 'run' in one ? one.run : one.worker,
      value: taskValue(one),
      partition: 0,
    }))
  return {
    offer: (offers) => producer.send(topics.offers, records(offers)),
    append: (progress) => producer.send(topics.progress, records(progress)),
    end: async () => (await boundsOf(kafka, topics.progress)).high,
    follow: (handlers, options) => follow(kafka, topics, { ...options, handlers }),
    close: () => producer.close(),
  }
}

async function follow(
  kafka: KafkaClient,
  topics: TaskTopics,
  given: {
    readonly handlers: TaskLogHandlers
    readonly fromOffset?: number | undefined
    readonly signal: AbortSignal
  },
): Promise<void> {
  const { handlers, signal } = given
  const progress = await boundsOf(kafka, topics.progress)
  const offers = await boundsOf(kafka, topics.offers)
  const from = Math.max(progress.low, Math.min(given.fromOffset ?? Infinity, progress.high))
  const next = new Map([
    [topics.progress, from],
    [topics.offers, offers.high],
  ])
  let isCaughtUp = false
  const reach = (offset: number): void => {
    if (isCaughtUp || offset < progress.high) return
    isCaughtUp = true
    handlers.onCaughtUp()
  }
  const take = (topic: string, message: Message): void => {
    const offset = Number(message.offset)
    if (signal.aborted || offset < next.get(topic)!) return
    next.set(topic, offset + 1)
    const wrong = topic === topics.offers ? takeOffer(message) : takeProgress(message)
    if (wrong !== undefined) handlers.log(`${topic}/0/${offset} was skipped: ${wrong}`)
    if (topic === topics.progress) reach(offset + 1)
  }
  const takeOffer = (message: Message): string | undefined => {
    const offer = readOffer(message.value)
    if (offer.kind === 'ok') handlers.onOffer(offer.value)
    return problemOf(offer, message)
  }
  const takeProgress = (message: Message): string | undefined => {
    const record = readProgress(message.value)
    if (record.kind === 'ok') handlers.onProgress(record.value)
    return problemOf(record, message)
  }
  const log = (line: string): void => handlers.log(line)
  await followTopic(kafka, { topic: topics.progress, log, signal }, async ({ consumer }) => {
    // Nothing is committed, so each time the group is joined the positions are set.
    consumer.on(consumer.events.GROUP_JOIN, () => {
      for (const [topic, offset] of next) {
        consumer.seek({ topic, partition: 0, offset: String(offset) })
      }
    })
    const work = readingAs(`follow ${topics.progress}`, {
      topics: [topics.progress, topics.offers],
      groupPrefix: `${topics.progress}-follower-`,
    })
    await brokerCall(work, async () => {
      await consumer.connect()
      await consumer.subscribe({ topics: [topics.progress, topics.offers], fromBeginning: true })
      await consumer.run({
        autoCommit: false,
        eachMessage: ({ topic, message }) => {
          take(topic, message)
          return Promise.resolve()
        },
      })
    })
    reach(from)
  })
}

function problemOf(
  read: { readonly kind: 'ok' } | { readonly kind: 'rejected'; readonly message: string },
  { unreadable }: Message,
): string | undefined {
  return unreadable?.message ?? (read.kind === 'rejected' ? read.message : undefined)
}

/** The first offset and the one after the last, of a topic that has one partition. */
async function boundsOf(kafka: KafkaClient, topic: string): Promise<{ low: number; high: number }> {
  const admin = kafka.admin()
  const needs = { topic: `Read on the topic ${topic}` }
  const work = { what: `read the end of ${topic}`, needs }
  const partitions = await brokerCall(work, async () => {
    try {
      await admin.connect()
      return await retryUntilLeader(() => admin.fetchTopicOffsets(topic))
    } finally {
      await admin.disconnect()
    }
  })
  const [only] = partitions
  if (partitions.length === 1) return { low: Number(only!.low), high: Number(only!.high) }
  const message =
    `${topic} has ${partitions.length} partitions, but the order of all its records decides who ` +
    'works on what. Delete it, and let `winnow migrate` create it with one.'
  throw new WinnowError('broker_refused', message)
}
