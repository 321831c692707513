// What a broker refuses for a moment, while topics, leaders and coordinators settle: asked again
// for a while. kafkajs gives up after about a second, or at once.
import { setTimeout } from 'node:timers/promises'

const pauseMs = 100
const leaderWaitMsMax = 10_000
const coordinatorWaitMsMax = 20_000

/**
 * Asks again for a while when a broker answers that it does not lead a partition: right after a
 * topic is made, or a leader moved, the metadata can be ahead of the broker that they name.
 */
export function onceLed<T>(call: () => Promise<T>): Promise<T> {
  const isPassing = (error: unknown): boolean =>
    (error as { retriable?: boolean }).retriable === true
  return askAgain(call, { isPassing, msMax: leaderWaitMsMax })
}

/**
 * Asks again while the broker has no coordinator for a transactional id: the first transaction of a
 * cluster creates the topic that coordinators keep their state in.
 */
export function onceCoordinated<T>(call: () => Promise<T>): Promise<T> {
  const isPassing = (error: unknown): boolean =>
    error instanceof Error && error.name === 'KafkaJSGroupCoordinatorNotFound'
  return askAgain(call, { isPassing, msMax: coordinatorWaitMsMax })
}

async function askAgain<T>(
  call: () => Promise<T>,
  { isPassing, msMax }: { isPassing: (error: unknown) => boolean; msMax: number },
): Promise<T> {
  const deadlineMs = performance.now() + msMax
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (!isPassing(error) || performance.now() > deadlineMs) throw error
      await setTimeout(pauseMs)
    }
  }
}
