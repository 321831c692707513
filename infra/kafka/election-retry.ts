// Retries calls until the broker has elected a leader or a coordinator. kafkajs itself gives up
// after about a second, or at once.
import { setTimeout } from 'node:timers/promises'

const pauseMs = 100
const leaderWaitMsMax = 10_000
const coordinatorWaitMsMax = 20_000

/**
 * Retries a call while the broker says that it does not lead a partition. Right after a topic is
 * created or a leader moves, the metadata can be ahead of the broker that they name.
 */
export function retryUntilLeader<T>(call: () => Promise<T>): Promise<T> {
  const isTransient = (error: unknown): boolean =>
    (error as { retriable?: boolean }).retriable === true
  return retryWhile(call, { isTransient, msMax: leaderWaitMsMax })
}

/**
 * Retries a call while a transactional id has no coordinator. The first transaction of a cluster
 * creates the topic in which coordinators keep their state.
 */
export function retryUntilCoordinator<T>(call: () => Promise<T>): Promise<T> {
  const isTransient = (error: unknown): boolean =>
    error instanceof Error && error.name === 'KafkaJSGroupCoordinatorNotFound'
  return retryWhile(call, { isTransient, msMax: coordinatorWaitMsMax })
}

async function retryWhile<T>(
  call: () => Promise<T>,
  { isTransient, msMax }: { isTransient: (error: unknown) => boolean; msMax: number },
): Promise<T> {
  const deadlineMs = performance.now() + msMax
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (!isTransient(error) || performance.now() > deadlineMs) throw error
      await setTimeout(pauseMs)
    }
  }
}
