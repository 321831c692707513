// Sends the records of several callers in one produce request: what comes while a request is on
// its way goes together with the next one. A caller who is alone waits for nothing.
import { WinnowError } from '../../schemas/errors.ts'
import type { OutgoingRecord } from '../../schemas/record.ts'
import type { RecordProducer } from '../kafka/kafka.ts'

/** Most bytes of values in a group of several callers; about what one produce request holds. */
const groupBytesMax = 900_000

type Waiting = {
  readonly records: readonly OutgoingRecord[]
  readonly bytes: number
  readonly settle: (error?: Error) => void
}

/**
 * A producer that groups sends by topic, in the order of the calls. If the broker refuses a group
 * for good, each caller's records are sent alone, so that one bad record fails its own caller
 * only. The inner producer stays open until `close`.
 */
export function groupSends(producer: RecordProducer): RecordProducer {
  const queues = new Map<string, Waiting[]>()
  const drain = async (topic: string, queue: Waiting[]) => {
    while (queue.length > 0) await sendGroup(producer, topic, takeGroup(queue))
    queues.delete(topic)
  }
  return {
    send: (topic, records) =>
      new Promise((resolve, reject) => {
        const bytes = records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
        const settle = (error?: Error) => {
          if (error === undefined) resolve()
          else reject(error)
        }
        const queue = queues.get(topic)
        if (queue !== undefined) {
          queue.push({ records, bytes, settle })
          return
        }
        const own = [{ records, bytes, settle }]
        queues.set(topic, own)
        void drain(topic, own)
      }),
    close: () => producer.close(),
  }
}

/** Takes the sends that fit into one group, at least one. */
function takeGroup(queue: Waiting[]): Waiting[] {
  let bytes = 0
  let count = 0
  for (const waiting of queue) {
    bytes += waiting.bytes
    if (count > 0 && bytes > groupBytesMax) break
    count += 1
  }
  return queue.splice(0, count)
}

async function sendGroup(
  producer: RecordProducer,
  topic: string,
  group: readonly Waiting[],
): Promise<void> {
  try {
    await producer.send(
      topic,
      group.flatMap(({ records }) => records),
    )
    for (const { settle } of group) settle()
  } catch (error) {
    const isFinal = error instanceof WinnowError && !error.retryable
    if (!isFinal || group.length === 1) for (const { settle } of group) settle(error as Error)
    else for (const waiting of group) await sendGroup(producer, topic, [waiting])
  }
}
