// What a token endpoint can answer. A real provider is asked by tests/integration/secure-kafka.test.ts.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { oauthTokens } from './oauth-tokens.ts'

let server: Server | undefined

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

/** An endpoint that answers as given, and the requests that it got. */
async function endpoint(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const bodies: string[] = []
  const headers: IncomingMessage['headers'][] = []
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => (body += part.toString()))
    request.on('end', () => {
      bodies.push(body)
      headers.push(request.headers)
      answer(request, response)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const tokenUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`
  const settings = { tokenUrl, clientId: 'a:b c', clientSecret: 'sesame&%', requestMsMax: 500 }
  return { settings, bodies, headers }
}

const json = (status: number, value: unknown) => (_: IncomingMessage, response: ServerResponse) =>
  response.writeHead(status).end(JSON.stringify(value))
const ignore = () => undefined
const tokenOf = (settings: Parameters<typeof oauthTokens>[0]) => oauthTokens(settings, ignore)()

describe('oauthTokens', () => {
  it('asks by client credentials, encoded as RFC 6749 says', async () => {
    const { settings, bodies, headers } = await endpoint(
      json(200, { access_token: 'abc', expires_in: 60 }),
    )
    const nowMs = Date.now()
    const token = await tokenOf({ ...settings, scope: 'kafka read', audience: 'urn:kafka' })
    expect(token.value).toBe('abc')
    expect(token.expiresMs - nowMs).toBeGreaterThanOrEqual(60_000)
    expect(token.expiresMs - nowMs).toBeLessThan(65_000)
    expect(Object.fromEntries(new URLSearchParams(bodies[0]))).toEqual({
      grant_type: 'client_credentials',
      scope: 'kafka read',
      audience: 'urn:kafka',
      resource: 'urn:kafka',
    })
    const sent = Buffer.from(headers[0]!.authorization!.replace('Basic ', ''), 'base64').toString()
    expect(sent).toBe('a%3Ab+c:sesame%26%25')
  })

  it('takes the expiry from a JSON Web Token if the answer has none', async () => {
    const exp = Math.floor(Date.now() / 1_000) + 120
    const payload = Buffer.from(JSON.stringify({ exp })).toString('base64url')
    const { settings } = await endpoint(json(200, { access_token: `h.${payload}.s` }))
    expect((await tokenOf(settings)).expiresMs).toBe(exp * 1_000)
  })

  it.each<[string, Parameters<typeof endpoint>[0], string, RegExp]>([
    [
      'a refusal',
      json(400, { error: 'invalid_scope', error_description: 'no such scope' }),
      'broker_refused',
      /refuses the client a:b c with status 400 \(invalid_scope: no such scope\); check/,
    ],
    ['no token', json(200, { token: 'abc' }), 'broker_refused', /with status 200; check/],
    [
      'a token that cannot be a header',
      json(200, { access_token: 'a\nb' }),
      'broker_refused',
      /with status 200/,
    ],
    ['a page', (_, response) => response.writeHead(200).end('<html>'), 'broker_refused', /check/],
    ['503', json(503, {}), 'identity_unavailable', /gives no token: it answered with status 503/],
    [
      'a redirect to another server',
      (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
      'identity_unavailable',
      /gives no token/,
    ],
    ['silence', ignore, 'identity_unavailable', /did not answer in time/],
    [
      'an endless answer',
      (_, response) => response.writeHead(200).end('x'.repeat(300_000)),
      'identity_unavailable',
      /too large for a token/,
    ],
  ])('says what is wrong with %s, and no secret', async (_name, answer, code, told) => {
    const { settings } = await endpoint(answer)
    const failure = await tokenOf(settings).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code, message: expect.stringMatching(told) as string })
    expect((failure as Error).message).not.toContain('sesame')
    // kafkajs decides by the innermost error whether to try again.
    expect((failure as Error).cause).toBeUndefined()
  })
})
