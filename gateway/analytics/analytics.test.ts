// The window of a summary: defaults, whole buckets, limits; what a reader that fails becomes.
import { describe, expect, it } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import { gatewayUnderTest } from '../../tests/support/gateway-under-test.ts'

const nowMs = Date.UTC(2025, 0, 31, 12, 0, 20)
const atNow = () => gatewayUnderTest({ clock: () => nowMs })

describe('GET /v1/analytics/summary', () => {
  it('covers the last hour in 60 buckets of whole minutes', async () => {
    const gateway = atNow()
    const { status, json } = await gateway.get('/v1/analytics/summary')
    expect(status).toBe(200)
    expect(json).toMatchObject({
      since: '2025-01-31T11:00:00.000Z',
      until: '2025-01-31T12:01:00.000Z',
      bucketSeconds: 60,
      events: 1,
      eventsPerSecond: 1 / 3_660,
      cache: { hits: 3, misses: 1 },
      series: [{ time: '2025-01-31T11:00:00.000Z', events: 1, labels: { ham: 1 } }],
    })
  })

  it.each([
    ['since=2025-01-31T11:59:50Z&until=2025-01-31T12:00:00Z', 10_000, 1_000],
    ['since=2025-01-31T11:00:00Z&until=2025-01-31T12:00:00Z&buckets=7', 3_600_000, 600_000],
    ['since=2025-01-01T00:00:00Z&until=2025-01-31T00:00:00Z', 30 * 86_400_000, 43_200_000],
    ['since=1738324800000&until=1738324800001&buckets=500', 1_000, 1_000],
    [
      'since=2025-01-01T00:00:00Z&until=2025-02-01T00:00:00Z&buckets=1',
      5_356_800_000,
      2_678_400_000,
    ],
  ])('rounds the buckets of %s', async (query, lengthMs, bucketMs) => {
    const gateway = atNow()
    expect((await gateway.get(`/v1/analytics/summary?${query}`)).status).toBe(200)
    const [window] = gateway.windows
    expect([window!.untilMs - window!.sinceMs, window!.bucketMs]).toEqual([lengthMs, bucketMs])
    expect(window!.sinceMs % bucketMs).toBe(0)
  })

  it('reads what selects events', async () => {
    const gateway = atNow()
    await gateway.get('/v1/analytics/summary?source=chat&model=mail@3&label=spam')
    expect(gateway.windows).toMatchObject([
      { source: 'chat', model: 'mail', version: '3', label: 'spam' },
    ])
  })

  it.each([
    ['since=2025-02-01T00:00:00Z', 'until'],
    ['since=5&until=5', 'until'],
    ['since=2024-01-01T00:00:00Z', 'since'],
    ['since=now', 'since'],
    ['buckets=0', 'buckets'],
    ['buckets=501', 'buckets'],
    ['buckets=5&buckets=6', 'buckets'],
    ['q=x', 'q'],
    ['model=@3', 'model'],
  ])('refuses %s', async (query, parameter) => {
    const gateway = atNow()
    const { status, json } = await gateway.get(`/v1/analytics/summary?${query}`)
    expect([status, json['code'], json['parameter']]).toEqual([400, 'parameter_invalid', parameter])
    expect(gateway.windows).toEqual([])
  })
})

describe('GET /v1/analytics/lag and /v1/analytics/balance', () => {
  it('have an entry for each group and topic, and no parameters', async () => {
    const gateway = atNow()
    const lag = await gateway.get('/v1/analytics/lag')
    expect(lag.json).toMatchObject({
      consumers: [{ stage: 'validate..infer', lag: 2, partitions: [{ committed: 40 }, {}] }],
    })
    const balance = await gateway.get('/v1/analytics/balance')
    expect(balance.json).toMatchObject({ topics: [{ records: 42, rows: 38, difference: 0 }] })
    for (const path of ['lag', 'balance']) {
      expect((await gateway.get(`/v1/analytics/${path}?topic=a`)).status).toBe(400)
    }
  })

  it.each([
    ['broker_unavailable', 503],
    ['broker_refused', 502],
    ['analytics_unavailable', 503],
  ] as const)('answer %s of the reader with %i', async (code, status) => {
    const fail = () => Promise.reject(new WinnowError(code, 'no'))
    const gateway = gatewayUnderTest({ analytics: { summary: fail, lag: fail, balance: fail } })
    for (const path of ['summary', 'lag', 'balance']) {
      expect((await gateway.get(`/v1/analytics/${path}`)).status).toBe(status)
    }
  })
})
