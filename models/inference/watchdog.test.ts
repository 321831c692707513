import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Watchdog } from './watchdog.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('Watchdog', () => {
  it('aborts when its time is over, and says why', () => {
    const watchdog = new Watchdog()
    watchdog.start(100, 'no answer')
    vi.advanceTimersByTime(99)
    expect([watchdog.signal.aborted, watchdog.reason]).toEqual([false, undefined])
    vi.advanceTimersByTime(1)
    expect([watchdog.signal.aborted, watchdog.reason]).toEqual([true, 'no answer'])
  })

  it('begins its time again with every sign of life', () => {
    const watchdog = new Watchdog()
    watchdog.start(100, 'stalled')
    for (let sign = 0; sign < 3; sign++) {
      vi.advanceTimersByTime(90)
      watchdog.again()
    }
    expect(watchdog.signal.aborted).toBe(false)
    vi.advanceTimersByTime(100)
    expect(watchdog.reason).toBe('stalled')
  })

  it('waits for one thing at a time', () => {
    const watchdog = new Watchdog()
    watchdog.start(100, 'no answer')
    watchdog.start(500, 'stalled')
    vi.advanceTimersByTime(499)
    expect(watchdog.signal.aborted).toBe(false)
    vi.advanceTimersByTime(1)
    expect(watchdog.reason).toBe('stalled')
  })

  it('leaves nothing behind when it is stopped, also before it began', () => {
    const watchdog = new Watchdog()
    watchdog.again()
    watchdog.stop()
    watchdog.start(100, 'no answer')
    watchdog.stop()
    expect(vi.getTimerCount()).toBe(0)
    expect(watchdog.signal.aborted).toBe(false)
  })
})
