// Verifies bearer tokens of an OpenID Connect provider: signature, issuer, audience and time, by
// jose. It fetches the provider's description and keys, and knows nothing of routes and scopes.
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from 'jose'
import { z } from 'zod'
import { errorMessage, WinnowError } from '../../schemas/errors.ts'
import { boundedText } from '../http-server.ts'

/** A provider, and the audience that its tokens must be for. */
export type TokenIssuer = {
  /** The issuer's address, as `iss` of its tokens has it. */
  readonly issuer: string
  readonly audience: string
  readonly requestMsMax: number
}

/** What a verified token says. */
export type VerifiedToken = JWTPayload & { readonly sub: string; readonly exp: number }

/** Algorithms with a public key. With a shared secret, a public key could pass for the secret. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'EdDSA']

/** Clocks may differ by so much. */
const clockToleranceS = 30

const answerBytesMax = 262_144

/**
 * Creates the verifier. It fetches the provider's description (OpenID Connect Discovery 1.0) for
 * the first token, and its keys when a token names an unknown one, at most twice a minute. It
 * throws `unauthorized` for a token that is not valid (RFC 9068, 4), and `identity_unavailable` if
 * the provider does not answer.
 */
export function createTokenVerifier(
  provider: TokenIssuer,
): (token: string) => Promise<VerifiedToken> {
  let keys: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined
  return async (token) => {
    keys ??= discoverKeys(provider)
    const known = await keys.catch((error: unknown) => {
      // The provider may answer later.
      keys = undefined
      throw error
    })
    try {
      const { payload } = await jwtVerify(token, known, {
        issuer: provider.issuer,
        audience: provider.audience,
        algorithms,
        clockTolerance: clockToleranceS,
        requiredClaims: ['exp', 'sub'],
      })
      return payload as VerifiedToken
    } catch (error) {
      throw isOfToken(error) ? refused(error) : unavailable(provider, error)
    }
  }
}

const described = z.looseObject({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) })

async function discoverKeys(provider: TokenIssuer): Promise<ReturnType<typeof createRemoteJWKSet>> {
  const { issuer, requestMsMax } = provider
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  try {
    const response = await fetch(address, {
      redirect: 'error',
      signal: AbortSignal.timeout(requestMsMax),
    })
    if (!response.ok) throw new Error(`it answered ${response.status}`)
    const text = await boundedText(response, answerBytesMax)
    const answer = described.parse(JSON.parse(text ?? ''))
    if (answer.issuer !== issuer) {
      throw new Error(`it calls itself ${answer.issuer}, so gateway.oidc.issuer must be that`)
    }
    return createRemoteJWKSet(new URL(answer.jwks_uri), {
      timeoutDuration: requestMsMax,
      cooldownDuration: 30_000,
      cacheMaxAge: 600_000,
    })
  } catch (cause) {
    throw unavailable(provider, cause)
  }
}

/** Whether the token is wrong, and not the provider out of reach. */
function isOfToken(error: unknown): error is errors.JOSEError {
  return error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout)
}

function refused(cause: errors.JOSEError): WinnowError {
  const why =
    cause instanceof errors.JWTExpired
      ? 'it has expired'
      : cause instanceof errors.JWTClaimValidationFailed
        ? `its claim ${cause.claim} is missing or wrong`
        : 'its signature or form is wrong'
  return new WinnowError('unauthorized', `The token is not valid: ${why}`, { cause })
}

function unavailable({ issuer }: TokenIssuer, cause: unknown): WinnowError {
  return new WinnowError(
    'identity_unavailable',
    `The identity provider ${issuer} does not answer as it should: ${errorMessage(cause)}`,
    { cause },
  )
}
