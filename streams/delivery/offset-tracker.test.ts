import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OffsetTracker } from './offset-tracker.ts'

describe('OffsetTracker', () => {
  it('commits nothing beyond a chunk that is still under way', () => {
    const tracker = new OffsetTracker()
    const [first, second, third] = [tracker.begin(10), tracker.begin(20), tracker.begin(30)]
    expect(tracker.finish(second)).toBeUndefined()
    expect(tracker.finish(first)).toBe(20)
    expect(tracker.finish(third)).toBe(30)
  })

  it('commits offsets without records with what lies before them', () => {
    const tracker = new OffsetTracker()
    expect(tracker.pass(5)).toBe(5)
    const [first, second] = [tracker.begin(10), tracker.begin(20)]
    expect([tracker.pass(25), tracker.pass(30)]).toEqual([undefined, undefined])
    expect(tracker.finish(first)).toBe(10)
    expect(tracker.finish(second)).toBe(30)
    expect(tracker.pass(40)).toBe(40)
  })

  it('in any order of finishing, commits grow and never pass an unfinished chunk', () => {
    const orders = fc.integer({ min: 1, max: 30 }).chain((size) =>
      fc.shuffledSubarray(
        Array.from({ length: size }, (_, i) => i),
        { minLength: size },
      ),
    )
    fc.assert(
      fc.property(orders, (order) => {
        const tracker = new OffsetTracker()
        const chunks = order.map((_, i) => tracker.begin((i + 1) * 10))
        const unfinished = new Set(order)
        let committed = 0
        for (const index of order) {
          unfinished.delete(index)
          const next = tracker.finish(chunks[index]!)
          if (next === undefined) continue
          expect(next).toBeGreaterThan(committed)
          committed = next
          for (const open of unfinished) expect(next).toBeLessThanOrEqual(open * 10)
        }
        expect(committed).toBe(order.length * 10)
      }),
    )
  })
})
