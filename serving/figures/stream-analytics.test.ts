// That many callers share one read of Kafka, and that a failure is not kept.
import { describe, expect, it } from 'vitest'
import { configSchema } from '../../configs/schema.ts'
import { createFakeAdmin } from '../../tests/support/fake-admin.ts'
import { createStreamAnalytics, shared } from './stream-analytics.ts'

describe('shared', () => {
  it('reads once for all who ask within its time', async () => {
    let reads = 0
    const read = shared(60_000, () => Promise.resolve((reads += 1)))
    expect(await Promise.all([read(), read()])).toEqual([1, 1])
    expect(await read()).toBe(1)
  })

  it('reads again when the time is over, and after a failure', async () => {
    let reads = 0
    const read = shared(0, () => {
      reads += 1
      return reads === 1 ? Promise.reject(new Error('away')) : Promise.resolve(reads)
    })
    await expect(read()).rejects.toThrow('away')
    expect(await read()).toBe(2)
    expect(await read()).toBe(3)
  })
})

describe('the lag', () => {
  it('has each partition with what is committed', async () => {
    const { kafka, counted } = createFakeAdmin(
      {
        'winnow.events': [
          [0, 10],
          [0, 4],
        ],
      },
      [{ group: 'winnow.validate..infer', topic: 'winnow.events', committed: [8, undefined] }],
    )
    const clients = { kafka, analytics: undefined as never }
    const figures = createStreamAnalytics(clients, configSchema.parse({}))
    const [first] = await Promise.all([figures.lag(), figures.lag(), figures.lag()])
    expect(first).toEqual([
      {
        group: 'winnow.validate..infer',
        stage: 'validate..infer',
        topic: 'winnow.events',
        lag: 6,
        partitions: [
          { partition: 0, lag: 2, committed: 8, end: 10 },
          { partition: 1, lag: 4, committed: null, end: 4 },
        ],
      },
    ])
    expect(counted.calls).toBe(1)
  })
})
