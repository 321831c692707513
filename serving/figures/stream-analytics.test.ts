// That many callers share one read of Kafka.
import { describe, expect, it } from 'vitest'
import { configSchema } from '../../configs/schema.ts'
import { createFakeAdmin } from '../../tests/support/fake-admin.ts'
import { createStreamAnalytics } from './stream-analytics.ts'

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
