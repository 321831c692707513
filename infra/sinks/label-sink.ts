// The sink of the labels topic: stores each label and dead letter once in ClickHouse.
import type { Sink } from '../../schemas/ports/sink.ts'
import { eventLabelColumns, eventLabelRow } from './classification-rows.ts'
import { raiseFence } from './partition-fence.ts'
import {
  insertDeadLetters,
  readStored,
  readStoredAttempts,
  sendDeadLetters,
  type Ownership,
  type SinkClients,
} from './result-sink.ts'

/** A label to store in the table `labels`. */
export type LabelToStore = {
  readonly eventId: string
  readonly label: string | null
  readonly by: string
  readonly timeMs: number
}

/** Creates the sink; the caller closes its clients. */
export function createLabelSink(
  clients: SinkClients,
  options: { deadLetterTopic: string; owner: Ownership },
): Sink<LabelToStore> {
  const { analytics } = clients
  return {
    fence: (partitions, after) => raiseFence(analytics, { ...options.owner, partitions }, after),

    recover: () => Promise.resolve(),

    storedFrom: (topic, partition, fromOffset) =>
      readStored(analytics, { topic, partition, fromOffset, table: 'labels' }),

    storedAttempts: (topic, partition, origins) =>
      readStoredAttempts(analytics, { topic, partition, origins, table: 'labels' }),

    async write(block, fence) {
      await sendDeadLetters(clients, options.deadLetterTopic, block.deadLetters)
      await insertDeadLetters(analytics, block, fence)
      await analytics.insert('labels', {
        columns: eventLabelColumns,
        values: block.outputs.map(({ origin, value }) => eventLabelRow(value, origin)),
        token: `${block.token}-labels`,
        fence,
      })
    },
  }
}
