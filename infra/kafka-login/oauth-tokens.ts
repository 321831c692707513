// Fetches access tokens by client credentials (RFC 6749, section 4.4) from the provider that
// kafka.oauth names.
import type { Config } from '../../configs/schema.ts'
import { connectionProblem } from '../../configs/connection-problem.ts'
import { tlsProblem } from '../../configs/tls-problem.ts'
import { WinnowError, errorMessage } from '../../schemas/errors.ts'
import { followSecret } from '../followed-files.ts'
import { boundedText, isTransient } from '../http-server.ts'
import { followClientTls } from '../tls-client.ts'
import { tlsFetch } from '../tls-fetch.ts'
import type { Token } from './token-source.ts'

/** The settings of the client at the provider. */
export type OauthSettings = Omit<NonNullable<Config['kafka']['oauth']>, 'extensions'>

/** Largest answer of a token endpoint. */
const answerBytesMax = 262_144
/** How long a token is used if neither the answer nor the token says when it expires. */
const unknownLifeMs = 60_000

/**
 * Returns the function that fetches a token. It throws identity_unavailable (retryable) if the
 * provider does not answer, and broker_refused if it refuses the client.
 */
export function oauthTokens(
  settings: OauthSettings,
  onProblem: (line: string) => void,
): () => Promise<Token> {
  const { tokenUrl, clientId, scope, audience, caFile, requestMsMax } = settings
  const secret = followSecret(
    {
      value: settings.clientSecret,
      file: settings.clientSecretFile,
      setting: 'kafka.oauth.clientSecretFile',
    },
    onProblem,
  )
  const send = tokenUrl.startsWith('https:')
    ? tlsFetch(followClientTls('kafka.oauth', { caFile }, onProblem))
    : fetch
  const form = new URLSearchParams({ grant_type: 'client_credentials' })
  if (scope !== undefined) form.set('scope', scope)
  if (audience !== undefined) {
    form.set('audience', audience)
    form.set('resource', audience)
  }
  return async () => {
    const request = () =>
      send(tokenUrl, {
        method: 'POST',
        body: form.toString(),
        headers: {
          accept: 'application/json',
          'content-type': 'application/x-www-form-urlencoded',
          authorization: basicOf(clientId, secret() ?? ''),
        },
        redirect: 'error',
        signal: AbortSignal.timeout(requestMsMax),
      })
    return tokenIn(await ask(request, tokenUrl), { tokenUrl, clientId })
  }
}

type Answer = { readonly status: number; readonly text: string; readonly clockMs: number }

async function ask(send: () => Promise<Response>, tokenUrl: string): Promise<Answer> {
  try {
    const response = await send()
    const text = await boundedText(response, answerBytesMax)
    if (text === undefined) throw new TypeError('its answer is too large for a token')
    return { status: response.status, text, clockMs: Date.now() }
  } catch (cause) {
    const failure = rootOf(cause)
    const remedies = { section: 'kafka.oauth', withoutTls: 'correct kafka.oauth.tokenUrl' }
    const problem = tlsProblem(failure, remedies)
    if (problem !== undefined) {
      const message = `the token endpoint ${tokenUrl}: ${problem.what}; ${problem.fix}`
      throw new WinnowError('broker_refused', message)
    }
    throw unavailable(tokenUrl, connectionProblem(cause))
  }
}

/**
 * The provider may be away for a moment. The error has no cause, because kafkajs decides by the
 * innermost error whether to try again.
 */
function unavailable(tokenUrl: string, why: string): WinnowError {
  const message =
    `the token endpoint ${tokenUrl} (kafka.oauth.tokenUrl) gives no token: ${why}; ` +
    'check that the provider is up and reachable from here'
  return new WinnowError('identity_unavailable', message)
}

function tokenIn(
  { status, text, clockMs }: Answer,
  { tokenUrl, clientId }: { tokenUrl: string; clientId: string },
): Token {
  const fields = objectIn(text)
  if (isTransient(status)) throw unavailable(tokenUrl, `it answered with status ${status}`)
  const { access_token: value, expires_in: lifeS, error, error_description: detail } = fields
  if (status >= 200 && status < 300 && typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)) {
    const lifeMs = Number(lifeS) > 0 ? Number(lifeS) * 1_000 : undefined
    const expiresMs = lifeMs === undefined ? expiryIn(value) : clockMs + lifeMs
    return { value, expiresMs: expiresMs ?? clockMs + unknownLifeMs }
  }
  const said = [error, detail].filter((one) => typeof one === 'string').join(': ')
  const reason = said.replace(/\s+/g, ' ').slice(0, 300)
  const message =
    `the token endpoint ${tokenUrl} refuses the client ${clientId} with status ${status}` +
    `${reason === '' ? '' : ` (${reason})`}; check clientId, clientSecret, scope and ` +
    'audience under kafka.oauth'
  throw new WinnowError('broker_refused', message)
}

/** Credentials as RFC 6749, section 2.3.1 has them: each part form-encoded first. */
function basicOf(clientId: string, secret: string): string {
  const encoded = (text: string) => new URLSearchParams({ '': text }).toString().slice(1)
  return `Basic ${Buffer.from(`${encoded(clientId)}:${encoded(secret)}`).toString('base64')}`
}

/** When a JSON Web Token expires, by its claim `exp`; undefined for other tokens. */
function expiryIn(token: string): number | undefined {
  const payload = token.split('.')[1] ?? ''
  const { exp } = objectIn(Buffer.from(payload, 'base64url').toString())
  return typeof exp === 'number' ? exp * 1_000 : undefined
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {} // An error page of a proxy, or an opaque token.
  }
}

function rootOf(cause: unknown): Error & { code?: unknown } {
  const error = cause instanceof Error ? cause : new Error(errorMessage(cause))
  return error.cause instanceof Error ? rootOf(error.cause) : error
}
