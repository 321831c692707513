// The limits of the memory: time, and number of keys.
import { describe, expect, it } from 'vitest'
import { IdempotencyMemory } from './idempotency.ts'

const hourMs = 3_600_000

function counted() {
  const memory = new IdempotencyMemory()
  let runs = 0
  const once = async (key: string, nowMs: number, bodySha256 = 'b') => {
    const before = runs
    await memory.once({ key, bodySha256, nowMs }, () => {
      runs += 1
      return Promise.resolve()
    })
    return runs > before
  }
  return { memory, once }
}

describe('IdempotencyMemory', () => {
  it('forgets a key after an hour, and then accepts it with another body', async () => {
    const { once } = counted()
    expect(await once('k', 0)).toBe(true)
    expect(await once('k', hourMs - 1)).toBe(false)
    expect(await once('k', hourMs, 'other')).toBe(true)
  })

  it('forgets the oldest of more than 10,000 keys', async () => {
    const { once } = counted()
    for (let key = 0; key <= 10_000; key += 1) await once(`k${key}`, 0)
    expect(await once('k10000', 1)).toBe(false)
    expect(await once('k1', 1)).toBe(false)
    expect(await once('k0', 1)).toBe(true)
  })

  it('keeps the key of a running request, however old', async () => {
    const { memory, once } = counted()
    const pending = Promise.withResolvers<undefined>()
    const request = { key: 'slow', bodySha256: 'b', nowMs: 0 }
    const first = memory.once(request, () => pending.promise.then(() => undefined))
    expect(await once('other', 2 * hourMs)).toBe(true)
    const joined = memory.once({ ...request, nowMs: 2 * hourMs }, () => {
      throw new Error('ran twice')
    })
    pending.resolve(undefined)
    await expect(Promise.all([first, joined])).resolves.toHaveLength(2)
  })

  it('forgets a failed request', async () => {
    const { memory, once } = counted()
    const request = { key: 'k', bodySha256: 'b', nowMs: 0 }
    await expect(memory.once(request, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await once('k', 1, 'other')).toBe(true)
  })
})
