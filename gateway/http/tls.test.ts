// TLS of the gateway with real certificates, which openssl makes: who is served, what is refused,
// and that a renewed certificate is taken.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { hasOpenssl, makeAuthority } from '../../tests/support/certificates.ts'
import { configWith, gatewayUnderTest } from '../../tests/support/gateway-under-test.ts'
import { listen } from './server.ts'
import { readTls } from './tls.ts'

let dir: string
const at = (name: string) => join(dir, name)
const pem = (name: string) => readFileSync(at(name), 'utf8')

/** GET /livez: the status and the name in the server's certificate, or the code of the failure. */
function probe(
  url: string,
  client: { cert?: string; key?: string } = {},
): Promise<[number | string, string]> {
  return new Promise((resolve) => {
    const sent = request(`${url}/livez`, { ca: pem('authority.pem'), agent: false, ...client })
    sent.on('response', (response) => {
      const { subject } = (response.socket as TLSSocket).getPeerCertificate()
      response.resume().on('end', () => resolve([response.statusCode!, String(subject.CN)]))
    })
    sent.on('error', (error: NodeJS.ErrnoException) => resolve([error.code ?? error.message, '']))
    sent.end()
  })
}

describe.skipIf(!hasOpenssl)('a gateway with TLS (skipped without openssl)', () => {
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'winnow-tls-'))
    const authority = makeAuthority(dir, 'authority')
    authority.sign('server', { subject: 'first' })
    authority.sign('renewed', { subject: 'second' })
    authority.sign('client')
    makeAuthority(dir, 'stranger')
  })
  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  const start = (tls: { clientCaFile?: string } = {}, onProblem?: (line: string) => void) => {
    const config = configWith({
      port: 0,
      tls: { certFile: at('server.pem'), keyFile: at('server.key'), ...tls },
    })
    return listen(gatewayUnderTest({ config }).app, config.gateway, onProblem)
  }

  it('answers over https only', async () => {
    const server = await start()
    expect(server.url).toMatch(/^https:/)
    expect(await probe(server.url)).toEqual([200, 'first'])
    await expect(fetch(server.url.replace('https', 'http') + '/livez')).rejects.toThrow()
    await server.close()
  })

  it('asks clients for a certificate of its authorities', async () => {
    const server = await start({ clientCaFile: at('authority.pem') })
    expect(await probe(server.url, { cert: pem('client.pem'), key: pem('client.key') })).toEqual([
      200,
      'first',
    ])
    for (const client of [{}, { cert: pem('stranger.pem'), key: pem('stranger.key') }]) {
      expect((await probe(server.url, client))[0]).not.toBe(200)
    }
    await server.close()
  })

  it('takes a renewed certificate, and keeps the old one if the new one is damaged', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const problems: string[] = []
    const server = await start({}, (line) => problems.push(line))
    const change = (name: string, text: string, seconds: number) => {
      writeFileSync(at(name), text)
      utimesSync(at(name), seconds, seconds)
      vi.advanceTimersByTime(10_000)
    }
    try {
      writeFileSync(at('server.key'), pem('renewed.key'))
      change('server.pem', pem('renewed.pem'), 1_000)
      expect(await probe(server.url)).toEqual([200, 'second'])
      change('server.pem', 'no certificate', 2_000)
      expect(problems[0]).toContain('goes on with the certificate that it has')
      expect(await probe(server.url)).toEqual([200, 'second'])
    } finally {
      vi.useRealTimers()
      copyFileSync(at('renewed.pem'), at('server.pem'))
      await server.close()
    }
  })

  it('does not start with files that are missing or do not fit', () => {
    const files = { certFile: at('server.pem'), keyFile: at('server.key') }
    expect(() => readTls({ ...files, keyFile: at('none.key') })).toThrow(/keyFile: .* is not there/)
    expect(() => readTls({ ...files, keyFile: at('client.key') })).toThrow(
      /cannot be used together/,
    )
  })
})
