import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import { pause, retry } from './retry.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const away = new WinnowError('analytics_unavailable', 'away')

/** A call that fails so many times, and the times at which it was made. */
function failing(times: number, error: Error = away) {
  const calledMs: number[] = []
  const call = () => {
    calledMs.push(Date.now())
    return calledMs.length > times ? Promise.resolve('done') : Promise.reject(error)
  }
  const pausesMs = () => calledMs.slice(1).map((ms, at) => ms - calledMs[at]!)
  return { call, calledMs, pausesMs }
}

function options(pauseMsMax = 1_000, signal = new AbortController().signal) {
  const retried: WinnowError[] = []
  return { retried, pauseMsMax, signal, onRetry: (error: WinnowError) => retried.push(error) }
}

describe('retry', () => {
  it('gives what the call gives, and calls once when that works', async () => {
    const { call, calledMs } = failing(0)
    const given = options()
    expect(await retry(call, given)).toBe('done')
    expect(calledMs).toHaveLength(1)
    expect(given.retried).toEqual([])
  })

  it('calls again after pauses that double up to the longest', async () => {
    const { call, pausesMs } = failing(5)
    const given = options(500)
    const result = retry(call, given)
    await vi.runAllTimersAsync()
    expect(await result).toBe('done')
    expect(pausesMs()).toEqual([100, 200, 400, 500, 500])
    expect(given.retried).toEqual(Array(5).fill(away))
  })

  it.each([
    ['a failure that is final', new WinnowError('analytics_refused', 'no such table')],
    ['a bug', new TypeError('undefined is not a function')],
  ])('throws %s at once', async (_what, error) => {
    const { call, calledMs } = failing(1, error)
    const given = options()
    await expect(retry(call, given)).rejects.toBe(error)
    expect(calledMs).toHaveLength(1)
    expect(given.retried).toEqual([])
  })

  it('throws what becomes final at a later try', async () => {
    const refused = new WinnowError('analytics_refused', 'no such table')
    let tries = 0
    const result = retry(() => Promise.reject(++tries < 3 ? away : refused), options())
    const thrown = expect(result).rejects.toBe(refused)
    await vi.runAllTimersAsync()
    await thrown
    expect(tries).toBe(3)
  })

  it('tries once more when it is stopped during a pause, at once, and throws that failure', async () => {
    const stop = new AbortController()
    const { call, calledMs } = failing(100)
    const thrown = expect(retry(call, options(1_000, stop.signal))).rejects.toBe(away)
    await vi.advanceTimersByTimeAsync(150)
    expect(calledMs).toHaveLength(2)
    stop.abort()
    await thrown
    expect(calledMs).toHaveLength(3)
    expect(Date.now() - calledMs[0]!).toBe(150)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('makes no second try when it was stopped before the first failed', async () => {
    const { call, calledMs } = failing(1)
    await expect(retry(call, options(1_000, AbortSignal.abort()))).rejects.toBe(away)
    expect(calledMs).toHaveLength(1)
  })

  it('pauses no longer than the longest pause, and never shorter than before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 12 }), fc.nat({ max: 5_000 }), async (times, pauseMsMax) => {
        const { call, calledMs, pausesMs } = failing(times)
        const result = retry(call, options(pauseMsMax))
        await vi.runAllTimersAsync()
        expect(await result).toBe('done')
        expect(calledMs).toHaveLength(times + 1)
        expect(Math.max(0, ...pausesMs())).toBeLessThanOrEqual(pauseMsMax)
        expect(pausesMs()).toEqual(pausesMs().toSorted((a, b) => a - b))
      }),
    )
  })
})

describe('pause', () => {
  it('ends with its time, and leaves nothing behind', async () => {
    const stop = new AbortController()
    let isOver = false
    const paused = pause(300, stop.signal).then(() => {
      isOver = true
    })
    await vi.advanceTimersByTimeAsync(299)
    expect(isOver).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    await paused
    expect(isOver).toBe(true)
    stop.abort()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends at once when it is stopped, before it begins or during it', async () => {
    const stop = new AbortController()
    const during = pause(300, stop.signal)
    stop.abort()
    await during
    await pause(300, stop.signal)
    expect(vi.getTimerCount()).toBe(0)
  })
})
