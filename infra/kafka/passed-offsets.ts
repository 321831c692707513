// How a kafkajs consumer reports offsets without records: commit markers, aborted records, what
// compaction removed. No handler of batches or messages gets them.
import type { Consumer } from 'kafkajs'
import type { PassedOffsets } from '../../schemas/record.ts'

/**
 * Calls `listener` for each fetched batch of which nothing is handed out: commit markers, aborted
 * records, what compaction removed. kafkajs has moved its position behind it already.
 */
export function onPassed(consumer: Consumer, listener: (passed: PassedOffsets) => void): void {
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
    if (payload.batchSize > 0) return
    const { topic, partition } = payload
    const [nextOffset, highWatermark] = [
      Number(payload.lastOffset) + 1,
      Number(payload.highWatermark),
    ]
    listener({ topic, partition, nextOffset, highWatermark })
  })
}
