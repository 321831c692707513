// Names the rights that calls to the broker need, in the words of Kafka's ACLs, so that an error
// can say which one is missing. docs/kafka.md lists the rights of each command.
import type { BrokerWork } from './broker-problem.ts'

/** Reading the metadata or offsets of a topic. */
export function describing(what: string, topic: string): BrokerWork {
  return { what, needs: { topic: `Describe on the topic ${topic} (Read and Write include it)` } }
}

/** Consuming a topic in a group of a known name. */
export function consuming(what: string, { topic, group }: { topic: string; group: string }) {
  return {
    what,
    needs: { topic: `Read on the topic ${topic}`, group: `Read on the consumer group ${group}` },
  } satisfies BrokerWork
}

/** Reading a topic in a group whose name is new each time. */
export function readingAs(
  what: string,
  { topics, groupPrefix }: { topics: readonly string[]; groupPrefix: string },
): BrokerWork {
  const names = topics.join(' and ')
  return {
    what,
    needs: {
      topic: `Read on the topic ${names}`,
      group: `Read on consumer groups whose names start with ${groupPrefix}`,
    },
  }
}

/** Producing to a topic, in a transaction if it has an id. */
export function producing(what: string, topic: string, transactionalId?: string): BrokerWork {
  const needs = { topic: `Write on the topic ${topic}` }
  if (transactionalId === undefined) return { what, needs }
  return {
    what,
    needs: { ...needs, transactionalId: `Write on the transactional id ${transactionalId}` },
  }
}
