import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { InFlightBudget } from './in-flight-budget.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** Says what has resolved, without waiting for it. */
function watched(promise: Promise<void>) {
  const state = { isResolved: false }
  void promise.then(() => {
    state.isResolved = true
  })
  return state
}

describe('InFlightBudget', () => {
  it('takes up to both bounds, and nothing beyond either', () => {
    const budget = new InFlightBudget({ eventsMax: 3, bytesMax: 100 })
    expect(budget.tryTake(2, 60)).toBe(true)
    expect(budget.tryTake(2, 10)).toBe(false)
    expect(budget.tryTake(1, 41)).toBe(false)
    expect([budget.events, budget.bytes]).toEqual([2, 60])
    expect(budget.tryTake(1, 40)).toBe(true)
    expect([budget.events, budget.bytes]).toEqual([3, 100])
  })

  it('takes a request of any size when nothing else is in flight, and then no other', () => {
    const budget = new InFlightBudget({ eventsMax: 3, bytesMax: 100 })
    expect(budget.tryTake(1, 5_000)).toBe(true)
    expect(budget.tryTake(1, 0)).toBe(false)
    budget.give(1, 5_000)
    expect(budget.tryTake(7, 1)).toBe(true)
  })

  it('wakes everyone who waits when room is given back, and leaves no timer', async () => {
    const budget = new InFlightBudget({ eventsMax: 1, bytesMax: 1 })
    budget.tryTake(1, 1)
    const waiting = [watched(budget.change(1_000)), watched(budget.change(5_000))]
    await vi.advanceTimersByTimeAsync(999)
    expect(waiting.map(({ isResolved }) => isResolved)).toEqual([false, false])
    budget.give(1, 1)
    await vi.advanceTimersByTimeAsync(0)
    expect(waiting.map(({ isResolved }) => isResolved)).toEqual([true, true])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('lets a waiter go on after its time although nothing changed', async () => {
    const budget = new InFlightBudget({ eventsMax: 1, bytesMax: 1 })
    const waiting = watched(budget.change(1_000))
    await vi.advanceTimersByTimeAsync(999)
    expect(waiting.isResolved).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(waiting.isResolved).toBe(true)
  })

  it('never holds more than its bounds, but for one request alone', () => {
    const request = fc.record({
      events: fc.integer({ min: 1, max: 12 }),
      bytes: fc.nat({ max: 120 }),
      givesBackFirst: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(request, { maxLength: 60 }), (requests) => {
        const budget = new InFlightBudget({ eventsMax: 10, bytesMax: 100 })
        const held: { events: number; bytes: number }[] = []
        for (const { events, bytes, givesBackFirst } of requests) {
          const oldest = givesBackFirst ? held.shift() : undefined
          if (oldest !== undefined) budget.give(oldest.events, oldest.bytes)
          const wasEmpty = held.length === 0
          const taken = budget.tryTake(events, bytes)
          if (taken) held.push({ events, bytes })
          expect(taken || !wasEmpty).toBe(true)
          expect(budget.events).toBe(held.reduce((sum, one) => sum + one.events, 0))
          expect(budget.bytes).toBe(held.reduce((sum, one) => sum + one.bytes, 0))
          if (held.length < 2) continue
          expect(budget.events).toBeLessThanOrEqual(10)
          expect(budget.bytes).toBeLessThanOrEqual(100)
        }
      }),
    )
  })
})
