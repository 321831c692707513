// Checks tokens of the provider of gateway.oidc for the gateway: verifies them, then turns their
// roles into scopes.
import type { Config } from '../../configs/schema.ts'
import type { TokenCheck } from '../../gateway/http/auth.ts'
import { callerOf } from '../../gateway/http/token-scopes.ts'
import { createTokenVerifier } from '../../infra/identity/token-verifier.ts'

/** The check of the configured provider; undefined if there is none. */
export function createTokenCheck(oidc: Config['gateway']['oidc']): TokenCheck | undefined {
  if (oidc === undefined) return undefined
  const verify = createTokenVerifier(oidc)
  return async (token) => {
    const claims = await verify(token)
    return { ...callerOf(claims, oidc), subject: claims.sub, expiresMs: claims.exp * 1_000 }
  }
}
