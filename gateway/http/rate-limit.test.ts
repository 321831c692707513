// What one caller may do in a minute, and what the refusals say.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  configWith,
  gatewayUnderTest,
  hamClassifier,
} from '../../tests/support/gateway-under-test.ts'

const keys = ['one-0123456789abcdef', 'two-0123456789abcdef'].map((key) => ({
  key,
  scopes: ['ingest' as const, 'read' as const],
}))
const one = { authorization: `Bearer ${keys[0]!.key}` }
const two = { authorization: `Bearer ${keys[1]!.key}` }

function underTest(limits: { requestsPerMinute?: number; textsPerMinute?: number }) {
  let nowMs = 1_000_000
  const gateway = gatewayUnderTest({
    config: configWith({ keys, ...limits }),
    classifier: hamClassifier(),
    clock: () => nowMs,
  })
  return { ...gateway, wait: (ms: number) => (nowMs += ms) }
}

describe('requests of a key', () => {
  it('are refused above the limit, which another key does not share, until time has passed', async () => {
    const gateway = underTest({ requestsPerMinute: 2 })
    const get = async (headers: Record<string, string>) => gateway.get('/v1/results', headers)
    expect((await get(one)).headers.get('ratelimit')).toBe('"requests";r=1;t=0')
    expect((await get(one)).status).toBe(200)
    const refused = await get(one)
    expect([refused.status, refused.json['code']]).toEqual([429, 'rate_limited'])
    expect(refused.headers.get('retry-after')).toBe('30')
    expect(refused.headers.get('ratelimit')).toBe('"requests";r=0;t=30')
    expect(refused.headers.get('ratelimit-policy')).toBe('"requests";q=2;w=60')
    expect((await get(two)).status).toBe(200)
    gateway.wait(30_000)
    expect((await get(one)).status).toBe(200)
    expect((await get(one)).status).toBe(429)
  })

  it('have no limit by default, and probes and pages never have one', async () => {
    const free = underTest({})
    for (let n = 0; n < 50; n++) expect((await free.get('/v1/results', one)).status).toBe(200)
    const gateway = underTest({ requestsPerMinute: 1 })
    for (const path of ['/livez', '/readyz', '/openapi.json', '/livez', '/v1/me', '/v1/me']) {
      expect((await gateway.get(path, one)).status).toBe(200)
    }
  })
})

describe('texts of a key', () => {
  it('count wherever they are sent, and a request above the limit changes nothing', async () => {
    const gateway = underTest({ textsPerMinute: 3 })
    expect((await gateway.post('/v1/classify', { texts: ['a', 'b'] }, one)).status).toBe(200)
    const refused = await gateway.post('/v1/events', [{ text: 'a' }, { text: 'b' }], one)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '20'])
    expect(gateway.published).toEqual([])
    expect((await gateway.post('/v1/events', [{ text: 'a' }], one)).status).toBe(202)
  })

  it('of one request above what a minute allows are refused without a time to wait', async () => {
    const gateway = underTest({ textsPerMinute: 1 })
    const refused = await gateway.post('/v1/classify', { texts: ['a', 'b'] }, one)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, null])
    expect(refused.json['detail']).toContain('send fewer in each request')
  })
})

it('lets through no more than the bucket and what has flowed into it', async () => {
  const waits = fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 10 }), waits, async (limit, pauses) => {
      const gateway = underTest({ requestsPerMinute: limit })
      let passed = 0
      for (const ms of pauses) {
        gateway.wait(ms)
        if ((await gateway.get('/v1/results', one)).status === 200) passed++
      }
      const elapsedMs = pauses.slice(1).reduce((sum, ms) => sum + ms, 0)
      expect(passed).toBeLessThanOrEqual(limit + (elapsedMs * limit) / 60_000 + 1e-9)
    }),
    { numRuns: 50 },
  )
})
