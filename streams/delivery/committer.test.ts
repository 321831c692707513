import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { PartitionOffset } from '../../schemas/record.ts'
import { Committer } from './committer.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const at = (partition: number, offset: number): PartitionOffset => ({
  topic: 't',
  partition,
  offset,
})

/** A committer whose requests wait for the test, which answers them one by one. */
function started(pauseMsMax = 1_000) {
  const requests: {
    offsets: readonly PartitionOffset[]
    done: () => void
    fail: (error: Error) => void
  }[] = []
  const failures: unknown[] = []
  const stopping = new AbortController()
  const committer = new Committer({
    commit: (offsets) =>
      new Promise((resolve, reject) => {
        requests.push({ offsets, done: resolve, fail: reject })
      }),
    pauseMsMax,
    signal: stopping.signal,
    onFailure: (error) => failures.push(error),
  })
  return { committer, requests, failures, stopping }
}

/** Lets everything happen that needs no time. */
const settle = () => vi.advanceTimersByTimeAsync(0)

describe('Committer', () => {
  it('commits what is noted together with one request', async () => {
    const { committer, requests } = started()
    committer.add(at(0, 5))
    committer.add(at(1, 7))
    committer.add(at(0, 6))
    await settle()
    expect(requests.map(({ offsets }) => offsets)).toEqual([[at(0, 6), at(1, 7)]])
  })

  it('commits what becomes due during a request with the next one', async () => {
    const { committer, requests } = started()
    committer.add(at(0, 5))
    await settle()
    committer.add(at(0, 8))
    committer.add(at(0, 9))
    await settle()
    expect(requests).toHaveLength(1)
    requests[0]!.done()
    await settle()
    expect(requests.map(({ offsets }) => offsets)).toEqual([[at(0, 5)], [at(0, 9)]])
    requests[1]!.done()
    committer.add(at(0, 12))
    await settle()
    expect(requests.at(-1)!.offsets).toEqual([at(0, 12)])
  })

  it('pauses no longer than the longest pause, from the first failure on', async () => {
    const { committer, requests } = started(50)
    committer.add(at(0, 5))
    await settle()
    requests[0]!.fail(new Error('away'))
    await vi.advanceTimersByTimeAsync(49)
    expect(requests).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(requests).toHaveLength(2)
  })

  it('tries again after pauses that double up to the longest', async () => {
    const { committer, requests, failures } = started(500)
    committer.add(at(0, 5))
    await settle()
    const error = new Error('away')
    const pausesMs: number[] = []
    for (const tries of [1, 2, 3, 4]) {
      requests[tries - 1]!.fail(error)
      const failedMs = Date.now()
      while (requests.length === tries) await vi.advanceTimersToNextTimerAsync()
      pausesMs.push(Date.now() - failedMs)
    }
    expect(pausesMs).toEqual([200, 400, 500, 500])
    expect(failures).toEqual([error, error, error, error])
    expect(requests.at(-1)!.offsets).toEqual([at(0, 5)])
  })

  it('does not put a failed offset back over a later one', async () => {
    const { committer, requests } = started()
    committer.add(at(0, 5))
    committer.add(at(1, 5))
    await settle()
    committer.add(at(0, 9))
    requests[0]!.fail(new Error('away'))
    await vi.advanceTimersToNextTimerAsync()
    expect(requests[1]!.offsets).toEqual([at(0, 9), at(1, 5)])
  })

  it('forgets at a reset what is due, and what fails after it', async () => {
    const { committer, requests } = started()
    committer.add(at(0, 5))
    await settle()
    committer.add(at(0, 6))
    committer.reset()
    requests[0]!.fail(new Error('away'))
    await settle()
    expect(await committer.flush()).toBe(true)
    committer.add(at(0, 2))
    await vi.advanceTimersToNextTimerAsync()
    expect(requests.map(({ offsets }) => offsets)).toEqual([[at(0, 5)], [at(0, 2)]])
  })

  it('stops trying at an abort, and leaves the last try to flush', async () => {
    const { committer, requests, stopping } = started()
    committer.add(at(0, 5))
    await settle()
    requests[0]!.fail(new Error('away'))
    await settle()
    stopping.abort()
    await vi.runAllTimersAsync()
    expect(requests).toHaveLength(1)
    const flushed = committer.flush()
    await settle()
    requests[1]!.done()
    expect(await flushed).toBe(true)
    expect(requests[1]!.offsets).toEqual([at(0, 5)])
  })

  it('tells whether something is left, and sends no two requests at once', async () => {
    const { committer, requests, stopping } = started()
    stopping.abort()
    committer.add(at(0, 5))
    const flushes = [committer.flush(), committer.flush()]
    await settle()
    expect(requests).toHaveLength(1)
    requests[0]!.fail(new Error('away'))
    await settle()
    expect(requests).toHaveLength(2)
    requests[1]!.done()
    expect(await Promise.all(flushes)).toEqual([false, true])
    expect(await committer.flush()).toBe(true)
    expect(requests).toHaveLength(2)
  })

  it('never commits an offset below an earlier one, whatever fails and however long it takes', async () => {
    const step = fc.record({
      partition: fc.nat({ max: 2 }),
      offsets: fc.integer({ min: 1, max: 50 }),
      takesMs: fc.nat({ max: 300 }),
      fails: fc.boolean(),
      thenMs: fc.nat({ max: 600 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
        const noted = new Map<number, number>()
        const committed = new Map<number, number>()
        let underWay = 0
        const plan = [...steps]
        const committer = new Committer({
          async commit(offsets) {
            expect(++underWay).toBe(1)
            const { takesMs, fails } = plan.shift() ?? { takesMs: 1, fails: false }
            await new Promise((resolve) => setTimeout(resolve, takesMs))
            underWay--
            if (fails) throw new Error('away')
            for (const { partition, offset } of offsets) {
              expect(offset).toBeGreaterThan(committed.get(partition) ?? 0)
              committed.set(partition, offset)
            }
          },
          pauseMsMax: 400,
          signal: new AbortController().signal,
          onFailure: (error) => expect(error).toEqual(new Error('away')),
        })
        for (const { partition, offsets, thenMs } of steps) {
          const offset = (noted.get(partition) ?? 0) + offsets
          noted.set(partition, offset)
          committer.add(at(partition, offset))
          await vi.advanceTimersByTimeAsync(thenMs)
        }
        await vi.runAllTimersAsync()
        expect(committed).toEqual(noted)
      }),
    )
  })
})
