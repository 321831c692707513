// Web pages of other origins may call the gateway only if `gateway.corsOrigins` names them.
import { describe, expect, it } from 'vitest'
import { configWith, gatewayUnderTest } from '../../tests/support/gateway-under-test.ts'

const origin = 'https://app.example.org'
const key = 'reader-key-0123456789'
const scopes: 'read'[] = ['read']
const base = 'http://127.0.0.1:18080'

function underTest(corsOrigins: string[], isKeyed = true) {
  const keys = isKeyed ? [{ key, scopes }] : []
  return gatewayUnderTest({ config: configWith({ corsOrigins, keys }) })
}

const asks = (from: string) => ({
  method: 'OPTIONS',
  headers: {
    origin: from,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type',
  },
})
const allowed = 'access-control-allow-origin'

describe('gateway.corsOrigins', () => {
  it('lets pages of a named origin ask and read', async () => {
    const { app } = underTest([origin])
    const preflight = await app.request(`${base}/v1/classify`, asks(origin))
    expect([preflight.status, preflight.headers.get(allowed)]).toEqual([204, origin])
    expect(preflight.headers.get('access-control-allow-headers')).toContain('Authorization')
    expect(preflight.headers.get('access-control-allow-credentials')).toBeNull()
    const headers = { origin, authorization: `Bearer ${key}` }
    const answer = await app.request(`${base}/v1/results`, { headers })
    expect([answer.status, answer.headers.get(allowed)]).toEqual([200, origin])
    expect(answer.headers.get('access-control-expose-headers')).toContain('Retry-After')
    const refused = await app.request(`${base}/v1/results`, { headers: { origin } })
    expect([refused.status, refused.headers.get(allowed)]).toEqual([401, origin])
  })

  it.each(['https://evil.example', 'http://app.example.org', `${origin}:444`, 'null'])(
    'lets no page of %s',
    async (other) => {
      for (const { app } of [underTest([origin]), underTest([])]) {
        const preflight = await app.request(`${base}/v1/classify`, asks(other))
        expect(preflight.headers.get(allowed)).toBeNull()
        const headers = { origin: other, authorization: `Bearer ${key}` }
        const answer = await app.request(`${base}/v1/results`, { headers })
        expect(answer.headers.get(allowed)).toBeNull()
      }
    },
  )

  it('opens a gateway without keys to the named origin only, at its own address only', async () => {
    const { app } = underTest([origin], false)
    const ask = (from: string, at = base) =>
      app.request(`${at}/v1/results`, {
        headers: { origin: from, 'sec-fetch-site': 'cross-site' },
      })
    expect((await ask(origin)).status).toBe(200)
    expect((await ask('https://evil.example')).status).toBe(403)
    expect((await ask(origin, 'http://evil.example:18080')).status).toBe(403)
  })
})
