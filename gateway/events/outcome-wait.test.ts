// Requests that wait for results: what they get, when they end, and how few queries they cost.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import type { EventOutcomes } from '../../schemas/ports/event-outcomes.ts'
import { storedResult } from '../../tests/support/gateway-under-test.ts'
import { OutcomeWaits } from './outcome-wait.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const never = new AbortController().signal

/** A reader of the ids that were added, which counts its queries. */
function reader() {
  const found = new Set<string>()
  const rejected = new Set<string>()
  const asked: number[] = []
  const failures: Error[] = []
  const outcomes: EventOutcomes = {
    newestResults: (ids) => {
      asked.push(ids.length)
      const failure = failures.shift()
      if (failure !== undefined) return Promise.reject(failure)
      const rows = ids.filter((id) => found.has(id))
      return Promise.resolve(rows.map((eventId) => ({ ...storedResult, eventId })))
    },
    deadLetters: (ids) =>
      Promise.resolve(
        ids
          .filter((id) => rejected.has(id))
          .map((id) => ({ id, code: 'duplicate_id', message: 'seen' })),
      ),
  }
  return { outcomes, found, rejected, asked, failures }
}

const opened = (requestsMax = 10) => {
  const parts = reader()
  return { ...parts, waits: new OutcomeWaits(parts.outcomes, { requestsMax }) }
}

describe('OutcomeWaits', () => {
  it('ends as soon as every event has a result or a dead letter', async () => {
    const { waits, found, rejected } = opened()
    const waiting = waits.wait(['a', 'b', 'c'], { msMax: 60_000, signal: never })
    found.add('a')
    await vi.advanceTimersByTimeAsync(1_000)
    for (const id of ['a', 'b']) rejected.add(id)
    found.add('c')
    await vi.advanceTimersByTimeAsync(1_000)
    const { results, letters, pending } = await waiting
    expect([[...results.keys()], [...letters.keys()], pending.size]).toEqual([['a', 'c'], ['b'], 0])
  })

  it('ends after its time with what there is, also while ClickHouse does not answer', async () => {
    const { waits, found, failures } = opened()
    failures.push(new WinnowError('analytics_unavailable', 'away'))
    found.add('a')
    const waiting = waits.wait(['a', 'b'], { msMax: 5_000, signal: never })
    await vi.advanceTimersByTimeAsync(5_000)
    const { results, pending } = await waiting
    expect([[...results.keys()], [...pending]]).toEqual([['a'], ['b']])
  })

  it('asks for the events of all requests together, less often the longer they wait', async () => {
    const { waits, asked } = opened(100)
    const waiting = Array.from({ length: 50 }, (_, at) =>
      waits.wait([`a${at}`, 'shared'], { msMax: 30_000, signal: never }),
    )
    await vi.advanceTimersByTimeAsync(30_000)
    await Promise.all(waiting)
    expect(asked[0]).toBe(51)
    expect(asked.length).toBeLessThan(70)
    await vi.advanceTimersByTimeAsync(10_000)
    const after = asked.length
    await vi.advanceTimersByTimeAsync(10_000)
    expect(asked.length).toBe(after)
  })

  it('asks for at most 1,000 events in one query', async () => {
    const { waits, asked } = opened()
    const ids = Array.from({ length: 2_500 }, (_, at) => `a${at}`)
    const waiting = waits.wait(ids, { msMax: 50, signal: never })
    await vi.advanceTimersByTimeAsync(60)
    await waiting
    expect(asked).toEqual([1_000, 1_000, 500])
  })

  it('ends with the deadline of the request, and rejects if the caller leaves', async () => {
    const { waits } = opened()
    const [late, left] = [new AbortController(), new AbortController()]
    const ended = waits.wait(['a'], { msMax: 60_000, signal: late.signal })
    late.abort(new WinnowError('deadline_exceeded', 'late'))
    expect([...(await ended).pending]).toEqual(['a'])
    const gone = waits.wait(['a'], { msMax: 60_000, signal: left.signal })
    left.abort(new WinnowError('cancelled', 'left'))
    await expect(gone).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('refuses one request too many, until one leaves', () => {
    const { waits } = opened(2)
    const leave = waits.enter()
    waits.enter()
    expect(() => waits.enter()).toThrow(expect.objectContaining({ code: 'queue_full' }))
    leave()
    waits.enter()
  })
})
