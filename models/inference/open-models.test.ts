// The bounded set of open models: opened once, closed after the last lease, never more than allowed.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OpenModels } from './open-models.ts'

type Model = { readonly key: string; close(): Promise<void> }

/** A set whose models count how many of them are in memory. */
function countingSet(modelsMax: number, fails: (key: string) => boolean = () => false) {
  const opened: string[] = []
  const closed: string[] = []
  let inMemory = 0
  let most = 0
  const models = new OpenModels<Model>({
    modelsMax,
    setting: 'gateway.onlineModelsMax',
    open: async (key) => {
      inMemory += 1
      most = Math.max(most, inMemory)
      opened.push(key)
      await Promise.resolve()
      if (fails(key)) {
        inMemory -= 1
        throw new Error(`${key} does not open`)
      }
      return {
        key,
        close: async () => {
          await Promise.resolve()
          inMemory -= 1
          closed.push(key)
        },
      }
    },
  })
  return { models, opened, closed, most: () => most, inMemory: () => inMemory }
}

describe('OpenModels', () => {
  it('opens a model once for all who ask', async () => {
    const { models, opened } = countingSet(2)
    const leases = await Promise.all(['a', 'a', 'b', 'a'].map((key) => models.acquire(key)))
    expect(opened).toEqual(['a', 'b'])
    expect(leases.map(({ model }) => model.key)).toEqual(['a', 'a', 'b', 'a'])
  })

  it('closes the least recently used one when another needs its place', async () => {
    const { models, closed } = countingSet(2)
    for (const key of ['a', 'b', 'a', 'c']) (await models.acquire(key)).release()
    expect(closed).toEqual(['b'])
    expect(['a', 'b', 'c'].map((key) => models.has(key))).toEqual([true, false, true])
  })

  it('keeps a model open while it is leased, and says that all are in use', async () => {
    const { models, closed } = countingSet(1)
    const lease = await models.acquire('a')
    await expect(models.acquire('b')).rejects.toMatchObject({
      code: 'queue_full',
      message: expect.stringContaining('gateway.onlineModelsMax') as string,
    })
    expect(closed).toEqual([])
    lease.release()
    expect((await models.acquire('b')).model.key).toBe('b')
    expect(closed).toEqual(['a'])
  })

  it('lets a model that did not open take no place', async () => {
    let isBroken = true
    const { models, opened } = countingSet(1, () => isBroken)
    const both = await Promise.allSettled([models.acquire('a'), models.acquire('a')])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    isBroken = false
    expect((await models.acquire('a')).model.key).toBe('a')
    expect(opened).toEqual(['a', 'a'])
  })

  it('waits for the last lease before it closes', async () => {
    const { models, closed } = countingSet(2)
    const lease = await models.acquire('a')
    const closing = models.close()
    await expect(models.acquire('b')).rejects.toMatchObject({ code: 'cancelled' })
    expect(closed).toEqual([])
    lease.release()
    await closing
    expect(closed).toEqual(['a'])
  })

  it('never holds more than its bound, and closes all, whatever is asked', async () => {
    const steps = fc.array(
      fc.record({ key: fc.constantFrom('a', 'b', 'c', 'broken'), holds: fc.nat(3) }),
      { maxLength: 30 },
    )
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 3 }), async (asked, modelsMax) => {
        const set = countingSet(modelsMax, (key) => key === 'broken')
        await Promise.all(
          asked.map(async ({ key, holds }) => {
            for (let turn = 0; turn < holds; turn += 1) await Promise.resolve()
            const lease = await set.models.acquire(key).catch(() => undefined)
            for (let turn = 0; turn < holds; turn += 1) await Promise.resolve()
            lease?.release()
          }),
        )
        await set.models.close()
        expect(set.most()).toBeLessThanOrEqual(modelsMax)
        expect(set.inMemory()).toBe(0)
      }),
    )
  })
})
