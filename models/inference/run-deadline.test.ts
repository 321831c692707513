// The deadline of a batch on a clock of the test.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RunDeadlines } from './run-deadline.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('RunDeadlines', () => {
  it('gives every batch the least time, and more to what takes longer', () => {
    const deadlines = new RunDeadlines(1_000)
    expect(deadlines.msOf(512)).toBe(1_000)
    deadlines.ended(100, 40)
    deadlines.ended(300, 60)
    expect(deadlines.msOf(10)).toBe(1_000)
    expect(deadlines.msOf(512)).toBe(100 * 0.25 * 512)
  })

  it('tells when a batch has run too long, once, unless it was stopped', () => {
    const over: string[] = []
    const deadlines = new RunDeadlines(1_000)
    deadlines.watch(8, () => over.push('hung'))
    const stop = deadlines.watch(8, () => over.push('ended'))
    vi.advanceTimersByTime(999)
    stop()
    expect(over).toEqual([])
    vi.advanceTimersByTime(5_000)
    expect(over).toEqual(['hung'])
    expect(vi.getTimerCount()).toBe(0)
  })
})
