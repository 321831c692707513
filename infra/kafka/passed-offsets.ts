// Reports fetched offsets that hold no records: commit markers, aborted records, records that
// compaction removed. kafkajs passes these to no batch or message handler.
import type { Consumer } from 'kafkajs'
import type { PassedOffsets } from '../../schemas/record.ts'

/**
 * Calls `listener` for each fetched batch without records to hand out. kafkajs has already moved
 * its position past it.
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
