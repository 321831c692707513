import { expect, it } from 'vitest'
import type { Origin } from '../../schemas/validated.ts'
import { Deduplicator } from './deduplicator.ts'

const event = (partition: number, offset: number, attempt = 0) => ({
  origin: { topic: 't', partition, offset, recordTimeMs: offset + 7 },
  attempt,
})

/**
 * A sink that has the offset 5 of partition 0 and nothing else, at attempt 0; says what it was
 * asked.
 */
function sink() {
  const asked: string[] = []
  return {
    asked,
    recover: () => Promise.resolve(),
    storedFrom: (topic: string, partition: number, from: number) => {
      asked.push(`${topic}/${partition} from ${from}`)
      const times = new Map(partition === 0 && from <= 5 ? [[5, 12]] : [])
      return Promise.resolve({ recordTimeMsByOffset: times, through: Infinity })
    },
    storedAttempts: (topic: string, partition: number, origins: readonly Origin[]) => {
      asked.push(`${topic}/${partition} of ${origins.map(({ offset }) => offset).join(', ')}`)
      return Promise.resolve(
        origins.map(({ offset }) => (partition === 0 && offset === 5 ? 0 : -1)),
      )
    },
  }
}

it('keeps partitions apart, and asks for each once', async () => {
  const { asked, ...reads } = sink()
  const deduplicator = new Deduplicator(reads)
  expect(await deduplicator.has(event(0, 5))).toBe(true)
  expect(await deduplicator.has(event(1, 5))).toBe(false)
  expect(await deduplicator.claim(event(1, 5))).toBe(true)
  expect(await deduplicator.claim(event(1, 5))).toBe(false)
  expect(await deduplicator.claim(event(0, 5))).toBe(false)
  expect(asked).toEqual(['t/0 from 5', 't/1 from 5'])
})

it('looks events that were sent again up together, by partition, and no others', async () => {
  const { asked, ...reads } = sink()
  const deduplicator = new Deduplicator(reads)
  const again = [event(0, 5, 1), event(1, 5, 1), event(0, 6, 1)]
  await deduplicator.prepare([...again, event(0, 9)])
  expect(asked).toEqual(['t/0 of 5, 6', 't/1 of 5'])
  expect(await Promise.all(again.map((one) => deduplicator.has(one)))).toEqual([
    false,
    false,
    false,
  ])
  expect(asked).toHaveLength(2)
})
