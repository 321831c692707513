// Tokens of a real OpenID Connect provider (oidc-provider) at the gateway: accepted with the scopes
// of their roles, refused when anything is wrong, and what happens while the provider is away.
import { generateKeyPairSync } from 'node:crypto'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configWith, gatewayUnderTest } from '../../tests/support/gateway-under-test.ts'
import { startTokenProvider, type TokenProvider } from '../../tests/support/token-provider.ts'
import { createTokenCheck } from './token-check.ts'

const audience = 'urn:winnow:gateway'
let provider: TokenProvider
let issuer: string

beforeAll(async () => {
  provider = await startTokenProvider({
    clients: ['operator', 'reader', 'guest'],
    claims: (client) => ({
      realm_access: { roles: [client] },
      email: `${client}@example.org`,
    }),
  })
  issuer = provider.issuer
})
afterAll(() => provider.close())

/** A token that the provider gives to a client. */
async function tokenOf(client: string, resource = audience): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${client}:${client}-secret`).toString('base64')}`,
    },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource }),
  })
  const { access_token } = (await response.json()) as { access_token: string }
  return access_token
}

function underTest(at = issuer) {
  const oidc = {
    issuer: at,
    audience,
    roleClaim: 'realm_access.roles',
    roles: { operator: ['ingest' as const, 'admin' as const], reader: ['read' as const] },
    requestMsMax: 2_000,
  }
  const config = configWith({ host: '0.0.0.0', oidc })
  const gateway = gatewayUnderTest({ config, tokens: createTokenCheck(oidc) })
  const ask = async (token: string, path = '/v1/me') =>
    gateway.get(path, { authorization: `Bearer ${token}` })
  return { gateway, ask }
}

/** A token with claims of our choice, signed with the provider's key unless another is given. */
function signed(claims: Record<string, unknown>, key = provider.privateKey): Promise<string> {
  const nowS = Math.floor(Date.now() / 1_000)
  const usual = { iss: issuer, aud: audience, sub: 'a', exp: nowS + 60 }
  return new SignJWT({ ...usual, ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'one' })
    .sign(key)
}

describe('a token of the provider', () => {
  it('names the caller and gives the scopes of its roles', async () => {
    const { ask, gateway } = underTest()
    const operator = await tokenOf('operator')
    const me = await ask(operator)
    expect(me.json).toMatchObject({ caller: 'operator@example.org', keysRequired: true })
    expect(me.json['scopes']).toEqual(['ingest', 'admin'])
    expect((await ask(operator, '/v1/results')).status).toBe(403)
    expect((await ask(await tokenOf('reader'), '/v1/results')).status).toBe(200)
    const headers = { authorization: `Bearer ${operator}` }
    await gateway.post('/v1/labels', { id: 'a', label: 'b', newLabel: true }, headers)
    expect(gateway.labels[0]?.by).toBe('operator@example.org')
  })

  it('without a role that the gateway knows may do nothing', async () => {
    const { ask } = underTest()
    const guest = await tokenOf('guest')
    expect((await ask(guest)).json['scopes']).toEqual([])
    expect((await ask(guest, '/v1/results')).status).toBe(403)
  })

  it('for another audience is refused', async () => {
    const { ask } = underTest()
    const answer = await ask(await tokenOf('reader', 'urn:other'))
    expect([answer.status, answer.json['detail']]).toEqual([
      401,
      'The token is not valid: its claim aud is missing or wrong',
    ])
  })
})

describe('a token that the provider did not give', () => {
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey

  it.each([
    ['is refused with another key', () => signed({}, other), /signature or form/],
    ['is refused when it has expired', () => signed({ exp: 1 }), /has expired/],
    ['is refused without an expiry', () => signed({ exp: undefined }), /claim exp/],
    ['is refused without a subject', () => signed({ sub: undefined }), /claim sub/],
    ['is refused from another issuer', () => signed({ iss: 'http://other' }), /claim iss/],
    ['is refused before its time', () => signed({ nbf: 9_999_999_999 }), /claim nbf/],
  ])('%s', async (_, make, why) => {
    const { ask } = underTest()
    const answer = await ask(await make())
    expect([answer.status, answer.json['detail']]).toEqual([401, expect.stringMatching(why)])
  })

  it('is refused without a signature, or signed with the public key as a secret', async () => {
    const { ask } = underTest()
    const [, claims] = (await signed({})).split('.')
    const header = Buffer.from('{"alg":"none"}').toString('base64url')
    expect((await ask(`${header}.${claims}.x`)).status).toBe(401)
    const { n } = provider.privateKey.export({ format: 'jwk' })
    const secret = new TextEncoder().encode(JSON.stringify(n))
    const confused = await new SignJWT({ iss: issuer, aud: audience, sub: 'a', exp: 9_999_999_999 })
      .setProtectedHeader({ alg: 'HS256', kid: 'one' })
      .sign(secret)
    expect((await ask(confused)).status).toBe(401)
  })
})

it('is refused for now while the provider is away, and API keys work on', async () => {
  const away = underTest('http://127.0.0.1:9')
  const answer = await away.ask(await signed({}))
  expect([answer.status, answer.json['code']]).toEqual([503, 'identity_unavailable'])
  expect(answer.headers.get('retry-after')).toBe('5')
  expect((await away.ask('no-token-at-all')).status).toBe(401)
})
