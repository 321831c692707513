import { describe, expect, it } from 'vitest'

import { QueryQueue } from './query-queue.ts'

/** Work that ends when told to. */
function job() {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  return { work: () => promise, end: () => resolve(undefined) }
}

describe('QueryQueue', () => {
  it('runs as many as it has slots, in order of arrival', async () => {
    const queue = new QueryQueue({ slots: 1, waitingMax: 10 })
    const order: number[] = []
    const first = job()
    const running = queue.run(first.work)
    const rest = [1, 2, 3].map((n) => queue.run(() => Promise.resolve(order.push(n))))
    expect(order).toEqual([])
    first.end()
    await Promise.all([running, ...rest])
    expect(order).toEqual([1, 2, 3])
  })

  it('refuses beyond its queue, and takes on work again afterwards', async () => {
    const queue = new QueryQueue({ slots: 1, waitingMax: 1 })
    const first = job()
    const running = queue.run(first.work)
    const waiting = queue.run(() => Promise.resolve('waited'))
    await expect(queue.run(() => Promise.resolve())).rejects.toMatchObject({ httpStatus: 503 })
    first.end()
    expect(await waiting).toBe('waited')
    await running
    expect(await queue.run(() => Promise.resolve('free'))).toBe('free')
  })

  it('drops a waiting caller who left, and frees the slot of work that failed', async () => {
    const queue = new QueryQueue({ slots: 1, waitingMax: 1 })
    const first = job()
    const running = queue.run(first.work)
    const departure = new AbortController()
    const left = queue.run(() => Promise.resolve('never'), departure.signal)
    departure.abort()
    await expect(left).rejects.toMatchObject({ type: 'QUERY_WAS_CANCELLED' })
    const next = queue.run(() => Promise.resolve('next'))
    first.end()
    await running
    expect(await next).toBe('next')
    await expect(queue.run(() => Promise.reject(new Error('x')))).rejects.toThrow('x')
    expect(await queue.run(() => Promise.resolve('free'))).toBe('free')
  })
})
