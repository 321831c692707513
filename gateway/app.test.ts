// What holds for every route: unknown addresses, methods, request ids, metrics, admission.
import { describe, expect, it, vi } from 'vitest'
import { configWith, gatewayUnderTest, storedResult } from '../tests/support/gateway-under-test.ts'

describe('createGateway', () => {
  it.each([
    ['GET', '/none', 404, 'not_found', null],
    ['GET', '/v1/result', 404, 'not_found', null],
    ['GET', '/v1/events', 405, 'method_not_allowed', 'POST'],
    ['DELETE', '/v1/results', 405, 'method_not_allowed', 'GET, HEAD'],
    ['POST', '/v1/results/a/b', 405, 'method_not_allowed', 'GET, HEAD'],
    ['PUT', '/metrics', 405, 'method_not_allowed', 'GET, HEAD'],
    ['OPTIONS', '/v1/classify', 405, 'method_not_allowed', 'POST'],
  ])('%s %s: %i', async (method, path, status, code, allow) => {
    const response = await gatewayUnderTest().app.request(path, { method })
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(response.headers.get('allow')).toBe(allow)
    expect(await response.json()).toMatchObject({ code })
  })

  it('answers HEAD on every GET route', async () => {
    const response = await gatewayUnderTest().app.request('/v1/results', { method: 'HEAD' })
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('')
  })

  it('keeps a sensible request id and replaces another', async () => {
    const gateway = gatewayUnderTest()
    const kept = await gateway.get('/v1/results', { 'x-request-id': 'trace.1:a-b_c' })
    expect(kept.headers.get('x-request-id')).toBe('trace.1:a-b_c')
    for (const given of ['a b', 'x'.repeat(129), '<script>']) {
      const { headers } = await gateway.get('/nowhere', { 'x-request-id': given })
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    }
  })

  it('counts requests by route pattern, never by path or by an invented method', async () => {
    const gateway = gatewayUnderTest()
    await gateway.get(`/v1/results/${storedResult.eventId}`)
    await gateway.get('/v1/results/other')
    await gateway.get('/wp-admin.php')
    await gateway.post('/v1/events', { text: '' })
    await gateway.app.request('/v1/events', { method: 'BREW' })
    expect(gateway.observed).toEqual([
      { route: '/v1/results/{id}', method: 'GET', status: 200 },
      { route: '/v1/results/{id}', method: 'GET', status: 404 },
      { route: 'unmatched', method: 'GET', status: 404 },
      { route: '/v1/events', method: 'POST', status: 422 },
      { route: 'unmatched', method: 'other', status: 405 },
    ])
  })
})

describe('admission', () => {
  it('refuses more requests than allowed, and admits again when one has finished', async () => {
    const acknowledged = Promise.withResolvers<undefined>()
    const publish = vi.fn(() => acknowledged.promise.then(() => undefined))
    const config = configWith({ requestsMax: 2 })
    const gateway = gatewayUnderTest({ config, publisher: { publish } })
    const waiting = [1, 2].map(() => gateway.post('/v1/events', { text: 'a' }))
    await vi.waitFor(() => {
      expect(publish).toHaveBeenCalledTimes(2)
    })
    const refused = await gateway.post('/v1/events', { text: 'a' })
    expect(refused).toMatchObject({ status: 503, json: { code: 'queue_full' } })
    expect(refused.headers.get('retry-after')).toBe('1')
    acknowledged.resolve(undefined)
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([202, 202])
    expect((await gateway.post('/v1/events', { text: 'a' })).status).toBe(202)
  })

  it('answers 504 at the deadline, but keeps the slot until the work ends', async () => {
    const acknowledged = Promise.withResolvers<undefined>()
    const config = configWith({ requestsMax: 1, requestMsMax: 20 })
    const publish = () => acknowledged.promise.then(() => undefined)
    const gateway = gatewayUnderTest({ config, publisher: { publish } })
    const late = await gateway.post('/v1/events', { text: 'a' })
    expect(late).toMatchObject({ status: 504, json: { code: 'deadline_exceeded' } })
    expect((await gateway.get('/v1/results')).status).toBe(503)
    acknowledged.resolve(undefined)
    await vi.waitFor(async () => {
      expect((await gateway.get('/v1/results')).status).toBe(200)
    })
  })

  it('limits the bytes of all bodies together', async () => {
    const bodyBytesMax = 1_000
    const acknowledged = Promise.withResolvers<undefined>()
    const publish = vi.fn(() => acknowledged.promise.then(() => undefined))
    const gateway = gatewayUnderTest({
      config: configWith({ bodyBytesMax }),
      publisher: { publish },
    })
    const large = { text: 'x'.repeat(900) }
    const waiting = Array.from({ length: 8 }, () => gateway.post('/v1/events', large))
    await vi.waitFor(() => {
      expect(publish).toHaveBeenCalledTimes(8)
    })
    const refused = await gateway.post('/v1/events', large)
    expect(refused).toMatchObject({ status: 503, json: { code: 'queue_full' } })
    expect((await gateway.post('/v1/events', large)).status).toBe(503)
    acknowledged.resolve(undefined)
    await Promise.all(waiting)
    expect((await gateway.post('/v1/events', large)).status).toBe(202)
  })

  it('frees the slot whatever goes wrong', async () => {
    const config = configWith({ requestsMax: 1 })
    const publish = () => {
      throw new TypeError('at once')
    }
    const gateway = gatewayUnderTest({ config, publisher: { publish } })
    for (let round = 0; round < 3; round += 1) {
      expect((await gateway.post('/v1/events', { text: 'a' })).status).toBe(500)
      expect((await gateway.post('/v1/events', '{')).status).toBe(400)
    }
  })
})
