// What orchestrators and Prometheus see, also if a dependency of the gateway hangs.
import { describe, expect, it, vi } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import { configWith, gatewayUnderTest } from '../../tests/support/gateway-under-test.ts'

const works = { name: 'kafka', check: () => Promise.resolve() }

describe('probes', () => {
  it('/livez answers whatever the state of the rest', async () => {
    const health = [{ name: 'kafka', check: () => Promise.reject(new Error('down')) }]
    expect((await gatewayUnderTest({ health }).get('/livez')).status).toBe(200)
  })

  it('/readyz is 200 when every check passes', async () => {
    const { status, json } = await gatewayUnderTest({ health: [works] }).get('/readyz')
    expect(status).toBe(200)
    expect(json).toMatchObject({ ready: true, checks: [{ name: 'kafka', state: 'ok' }] })
  })

  it('/readyz reports a failed check by code, never by message', async () => {
    const check = () => Promise.reject(new WinnowError('analytics_unavailable', 'http://10.0.0.7'))
    const health = [works, { name: 'analytics', check }]
    const { status, json } = await gatewayUnderTest({ health }).get('/readyz')
    expect(status).toBe(503)
    expect(json).toMatchObject({
      ready: false,
      checks: [
        { state: 'ok' },
        { name: 'analytics', state: 'failed', code: 'analytics_unavailable' },
      ],
    })
    expect(JSON.stringify(json)).not.toContain('10.0.0.7')
  })

  it('/readyz gives up on a check that hangs, and aborts it', async () => {
    vi.useFakeTimers()
    try {
      const asked = Promise.withResolvers<AbortSignal>()
      const check = (signal: AbortSignal) => {
        asked.resolve(signal)
        return new Promise<void>(() => undefined)
      }
      const gateway = gatewayUnderTest({ health: [{ name: 'kafka', check }] })
      const answer = gateway.get('/readyz')
      const signal = await asked.promise
      await vi.advanceTimersByTimeAsync(2_000)
      expect(await answer).toMatchObject({
        status: 503,
        json: { checks: [{ name: 'kafka', state: 'failed', code: 'deadline_exceeded' }] },
      })
      expect(signal.aborted).toBe(true)
    } finally {
      vi.useRealTimers()
    }
  })

  it('/readyz runs its checks at most once per second', async () => {
    let asked = 0
    let nowMs = 0
    const check = () => {
      asked += 1
      return Promise.resolve()
    }
    const gateway = gatewayUnderTest({ health: [{ name: 'kafka', check }], clock: () => nowMs })
    await Promise.all([gateway.get('/readyz'), gateway.get('/readyz')])
    expect(asked).toBe(1)
    nowMs = 1_000
    await gateway.get('/readyz')
    expect(asked).toBe(2)
  })

  it('/metrics returns the text of the source', async () => {
    const response = await gatewayUnderTest().app.request('/metrics')
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await response.text()).toBe('up 1\n')
  })

  it('answers while every slot is taken', async () => {
    const never = new Promise<void>(() => undefined)
    const gateway = gatewayUnderTest({
      config: configWith({ requestsMax: 1 }),
      publisher: { publish: () => never },
      health: [works],
    })
    void gateway.post('/v1/events', { text: 'a' })
    await vi.waitFor(async () => {
      expect((await gateway.get('/v1/results')).status).toBe(503)
    })
    for (const path of ['/livez', '/readyz', '/openapi.json']) {
      expect((await gateway.get(path)).status).toBe(200)
    }
  })
})
