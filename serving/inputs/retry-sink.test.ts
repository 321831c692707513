// Which events the runner of winnow.retries takes, by the outcomes that their model has.
import { describe, expect, it } from 'vitest'
import { createMemorySink } from '../../tests/support/memory-sink.ts'
import { sampleDeadLetter } from '../../tests/support/sample-records.ts'
import { Deduplicator } from '../../streams/delivery/deduplicator.ts'
import { retrySink } from './retry-sink.ts'

describe('retrySink', () => {
  it('takes the next attempt at a dead letter, and no event without an outcome', async () => {
    const sink = createMemorySink<string>()
    const letter = sampleDeadLetter({ topic: 'orders', partition: 5, offset: 7 })
    const fence = await sink.fence([0])
    await sink.write({ token: 'a', outputs: [], deadLetters: [letter] }, fence)
    const stored = new Deduplicator(retrySink(sink))
    const again = (offset: number, attempt: number) => {
      const { topic, partition, recordTimeMs } = letter
      return { origin: { topic, partition, offset, recordTimeMs }, attempt }
    }
    expect(await stored.claim(again(7, 1))).toBe(true)
    expect(await stored.claim(again(7, 1))).toBe(false)
    // Sent for another model's dead letter, while the runner of its topic still has it.
    expect(await stored.claim(again(8, 1))).toBe(false)
  })
})
