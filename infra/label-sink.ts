// The sink behind the labels topic: labels and dead letters to ClickHouse, each once, as for results.
import type { DeadLetter } from '../schemas/dead-letter.ts'
import type { Fence } from '../schemas/fence.ts'
import type { Lineage } from '../schemas/record.ts'
import type { Origin } from '../schemas/validated.ts'
import { eventLabelColumns, eventLabelRow } from './classification-rows.ts'
import { raiseFence } from './partition-fence.ts'
import {
  insertDeadLetters,
  readDelivered,
  readSettledAttempts,
  sendDeadLetters,
  type Ownership,
  type SinkClients,
} from './result-sink.ts'

/** A label as the table takes it. */
export type LabelToStore = {
  readonly eventId: string
  readonly label: string | null
  readonly by: string
  readonly timeMs: number
}

/** Makes the sink; it closes nothing. */
export function createLabelSink(
  clients: SinkClients,
  options: { deadLetterTopic: string; owner: Ownership },
) {
  const { analytics } = clients
  return {
    fence: (partitions: readonly number[], after?: Fence) =>
      raiseFence(analytics, { ...options.owner, partitions }, after),

    delivered: (topic: string, partition: number, fromOffset: number) =>
      readDelivered(analytics, { topic, partition, fromOffset, table: 'labels' }),

    settledAttempts: (topic: string, partition: number, origins: readonly Origin[]) =>
      readSettledAttempts(analytics, { topic, partition, origins, table: 'labels' }),

    async write(
      block: {
        token: string
        outputs: readonly (Lineage & { value: LabelToStore })[]
        deadLetters: readonly DeadLetter[]
      },
      fence: Fence,
    ): Promise<void> {
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
