// Every text is trained on once per epoch, whatever its length, and batches respect their limits.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seededRandom } from '../../models/runtime/seeded-random.ts'
import { labelBatches, shuffledBatches } from './token-batches.ts'

test('batches contain each text once, within the limits, reproducibly', () => {
  const lengths = fc.array(fc.integer({ min: 3, max: 256 }), { minLength: 1, maxLength: 300 })
  const limits = fc.record({
    texts: fc.integer({ min: 1, max: 64 }),
    tokensMax: fc.integer({ min: 256, max: 4_096 }),
  })
  fc.assert(
    fc.property(lengths, limits, (numbers, limit) => {
      const tokens = Int32Array.from(numbers)
      const batches = shuffledBatches(tokens, limit, seededRandom(1))
      expect(batches).toEqual(shuffledBatches(tokens, limit, seededRandom(1)))
      const all = batches.flatMap((batch) => [...batch]).sort((a, b) => a - b)
      expect(all).toEqual([...tokens.keys()])
      for (const batch of batches) {
        const longest = Math.max(...batch.map((index) => tokens[index]!))
        expect(batch.length).toBeLessThanOrEqual(limit.texts)
        expect(longest * batch.length).toBeLessThanOrEqual(limit.tokensMax)
      }
    }),
    { numRuns: 50, seed: 3 },
  )
})

test('batches by label contain each text once, within the limits, with others of its label', () => {
  const texts = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 3, max: 256 })),
    {
      minLength: 1,
      maxLength: 300,
    },
  )
  const limits = fc.record({
    texts: fc.integer({ min: 1, max: 64 }),
    tokensMax: fc.integer({ min: 256, max: 4_096 }),
  })
  const run = { seed: 1, epoch: 2 }
  fc.assert(
    fc.property(texts, limits, (pairs, limit) => {
      const truth = Int32Array.from(pairs, ([label]) => label)
      const lengths = Int32Array.from(pairs, ([, length]) => length)
      const batches = labelBatches({ truth, lengths }, limit, run)
      expect(batches).toEqual(labelBatches({ truth, lengths }, limit, run))
      const all = batches.flatMap((batch) => [...batch]).sort((a, b) => a - b)
      expect(all).toEqual([...truth.keys()])
      for (const batch of batches) {
        const longest = Math.max(...batch.map((index) => lengths[index]!))
        expect(batch.length).toBeLessThanOrEqual(limit.texts)
        expect(longest * batch.length).toBeLessThanOrEqual(limit.tokensMax)
      }
    }),
    { numRuns: 50, seed: 3 },
  )
  const truth = Int32Array.from({ length: 640 }, (_, i) => i % 64)
  const lengths = new Int32Array(640).fill(10)
  const batches = labelBatches({ truth, lengths }, { texts: 32, tokensMax: 4_096 }, run)
  const alone = batches.flatMap((batch) => {
    const labels = [...batch].map((index) => truth[index]!)
    return labels.filter((label) => labels.indexOf(label) === labels.lastIndexOf(label))
  })
  expect(alone.length).toBeLessThan(32)
})
