// The pages: paths, caching, compression, and the policy that the browser enforces.
import { describe, expect, it } from 'vitest'
import { gatewayUnderTest } from '../../tests/support/gateway-under-test.ts'
import type { PageFile } from '../http/dependencies.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)
const files: Record<string, PageFile> = {
  'index.html': {
    type: 'text/html; charset=utf-8',
    bytes: bytesOf('<title>Winnow</title>'),
    etag: '"page"',
    isNamedByHash: false,
  },
  'assets/app-0a1b2c3d.js': {
    type: 'text/javascript; charset=utf-8',
    bytes: bytesOf('start()'),
    gzipped: bytesOf('gzip'),
    etag: '"app"',
    isNamedByHash: true,
  },
}
const asked: string[] = []
const { app } = gatewayUnderTest({
  pages: {
    read: (path) => {
      asked.push(path)
      return Promise.resolve(files[path])
    },
  },
})
const get = async (path: string, headers: Record<string, string> = {}) =>
  app.request(`http://127.0.0.1:18080${path}`, { headers })

describe('a page', () => {
  it('is served without a key, is checked for changes, and may load nothing from elsewhere', async () => {
    const answer = await get('/')
    expect(await answer.text()).toBe('<title>Winnow</title>')
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(answer.headers.get('cache-control')).toBe('no-cache')
    const policy = answer.headers.get('content-security-policy')!
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/https?:|\*/)
  })

  it('is not sent again to a client that has it', async () => {
    const answer = await get('/', { 'if-none-match': '"page"' })
    expect([answer.status, await answer.text()]).toEqual([304, ''])
  })

  it('may be opened by a link on another site, but not be loaded by it', async () => {
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
    const opened = await get('/', { ...link, 'sec-fetch-dest': 'document' })
    expect(opened.status).toBe(200)
    const framed = await get('/', { ...link, 'sec-fetch-dest': 'iframe' })
    const loaded = await get('/', { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'script' })
    const data = await get('/v1/results', { ...link, 'sec-fetch-dest': 'document' })
    expect([framed.status, loaded.status, data.status]).toEqual([403, 403, 403])
  })
})

describe('a file of a page', () => {
  it('is kept for good if its name changes with its bytes', async () => {
    const answer = await get('/assets/app-0a1b2c3d.js')
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(await answer.text()).toBe('start()')
  })

  it.each([
    ['gzip, br', 'gzip'],
    ['br;q=1, GZIP;q=0.5', 'gzip'],
    ['*', 'gzip'],
    ['gzip;q=0', null],
    ['gzip;q=0.0', null],
    ['br', null],
  ])('is compressed for Accept-Encoding: %s as %s', async (accepted, coding) => {
    const answer = await get('/assets/app-0a1b2c3d.js', { 'accept-encoding': accepted })
    expect(answer.headers.get('content-encoding')).toBe(coding)
    expect(answer.headers.get('vary')).toBe('Accept-Encoding')
  })

  it.each(['/assets/none.js', '/docs', '/docs/none.js', '/assets/..%2f..%2f.built'])(
    'that is not there is a problem document: %s',
    async (path) => {
      const answer = await get(path)
      expect(answer.status).toBe(404)
      expect(((await answer.json()) as { code: string }).code).toBe('not_found')
    },
  )
})

describe('an answer that is no page', () => {
  it('may not be run or framed by a browser', async () => {
    const answer = await get('/livez')
    expect(answer.headers.get('content-security-policy')).toBe(
      "default-src 'none'; frame-ancestors 'none'",
    )
    expect(answer.headers.get('referrer-policy')).toBe('same-origin')
  })
})
