// A real OpenID Connect provider (oidc-provider) on loopback, which gives access tokens to clients
// by their secrets (client credentials).
import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'

export type TokenProvider = {
  readonly issuer: string
  /** The key that signs the tokens; its id is `one`. */
  readonly privateKey: KeyObject
  /** How many tokens it has given. */
  tokens(): number
  /** Answers every request for a token with this status; undefined ends that. */
  failWith(status: number | undefined): void
  close(): void
}

/** Starts a provider; the secret of a client is its id and `-secret`. The caller closes it. */
export async function startTokenProvider(options: {
  clients: readonly string[]
  /** How long a token is valid. Seconds. */
  lifeS?: number
  /** Claims that the tokens of a client have beside the usual ones. */
  claims?: (client: string) => Record<string, unknown>
}): Promise<TokenProvider> {
  const { lifeS = 600, claims = () => ({}) } = options
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = { ...privateKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' }
  const provider = new Provider(issuer, {
    clients: options.clients.map((id) => ({
      client_id: id,
      client_secret: `${id}-secret`,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    })),
    jwks: { keys: [key] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    ttl: { ClientCredentials: lifeS },
    extraTokenClaims: (_context, token) => claims(token.clientId ?? ''),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, indicator) => ({
          audience: indicator,
          scope: 'kafka',
          accessTokenFormat: 'jwt',
          accessTokenTTL: lifeS,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  })
  let given = 0
  let status: number | undefined
  const answer = provider.callback()
  server.on('request', (request, response) => {
    const isToken = request.url?.startsWith('/token') === true
    if (isToken && status !== undefined) {
      response.writeHead(status).end('the provider is away')
      return
    }
    if (isToken) given += 1
    void answer(request, response)
  })
  return {
    issuer,
    privateKey,
    tokens: () => given,
    failWith(next) {
      status = next
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
