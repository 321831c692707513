import { describe, expect, it } from 'vitest'
import { reportPolicy } from '../http/stored-report.ts'
import { gatewayUnderTest } from '../../tests/support/gateway-under-test.ts'

const gateway = gatewayUnderTest()
const { app } = gateway
const get = (path: string) => gateway.get(path)

describe('GET /v1/models', () => {
  it('shows versions with their roles and figures, and damaged ones with the reason', async () => {
    const { json } = await get('/v1/models')
    expect(json).toMatchObject({
      serving: 'mail@3',
      models: [
        {
          name: 'mail',
          versions: [
            { model: 'mail@2', state: 'damaged', reason: 'no manifest', labels: [], run: null },
            {
              model: 'mail@3',
              state: 'readable',
              roles: [{ kind: 'champion' }, { kind: 'pinned' }],
              labels: ['ham', 'spam'],
              // Tables are left out.
              metrics: { accuracy: 0.75, macroF1: 0.5, measuredOn: 'test texts' },
              run: '20260131T120501-mail-1f9c2e',
            },
          ],
        },
      ],
    })
    expect(JSON.stringify(json)).not.toContain('/store')
    expect(JSON.stringify(json)).not.toContain('matrix')
  })

  it.each([
    ['/v1/models?limit=1', 400],
    ['/v1/models/mail/releases?limit=0', 400],
    ['/v1/models/mail/compare', 400],
    ['/v1/models/mail/compare?a=1', 400],
    ['/v1/models/mail/compare?a=1&b=x', 400],
    ['/v1/models/mail/compare?a=1&b=2&b=3', 400],
    ['/v1/models/mail/compare?a=champion&b=2', 200],
    ['/v1/models/mail/releases?limit=500', 200],
    ['/v1/models/mail', 404],
    ['/v1/models/mail/versions/9/report', 404],
  ])('%s: %d', async (path, status) => {
    expect((await get(path)).status).toBe(status)
  })
})

describe('reports', () => {
  it.each(['/v1/models/mail/versions/3/report', '/v1/runs/20260131T120501-mail-1f9c2e/report'])(
    '%s is a page in a sandbox',
    async (path) => {
      const answer = await app.request(path)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(answer.headers.get('content-security-policy')).toBe(reportPolicy)
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
      expect(await answer.text()).toBe('<!doctype html><title>report</title>')
    },
  )

  it('may run its own scripts, and have neither an origin nor a connection', () => {
    expect(reportPolicy).toContain('sandbox allow-scripts;')
    expect(reportPolicy).not.toMatch(/allow-same-origin|allow-top|connect-src/)
    expect(reportPolicy).toContain("default-src 'none'")
    expect(reportPolicy).toContain("frame-ancestors 'self'")
  })
})
