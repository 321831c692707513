// The secrets of an embedded stack: without them neither the engine nor the registry answers, so
// that a web page in the user's browser, or another user of the machine, gets nothing from their
// ports.
import { createSign, generateKeyPairSync, randomBytes } from 'node:crypto'

import * as z from 'zod'

export const stackSecretsSchema = z.object({
  /** Password of the embedded engine. */
  analyticsPassword: z.string().min(32),
  /** Bearer token of the registry: a JSON Web Token signed by the private half of the key below. */
  registryToken: z.string().min(32),
  /** What the registry checks tokens with: an RSA public key, DER in base64. */
  registryPublicKey: z.string().min(32),
})

export type StackSecrets = z.infer<typeof stackSecretsSchema>

/**
 * Makes fresh secrets. The registry accepts no other credential that it can check by itself than a
 * signed token (RFC 7519), so one is signed here, and the private key is forgotten: no second one
 * can be made.
 */
export function newStackSecrets(): StackSecrets {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const issuedAt = Math.floor(Date.now() / 1_000)
  const expiresAt = issuedAt + 100 * 365 * 86_400
  const claims = { iss: 'winnow', sub: 'winnow', upn: 'winnow', iat: issuedAt, exp: expiresAt }
  const signed = `${base64Json({ alg: 'RS256', typ: 'JWT' })}.${base64Json(claims)}`
  const signature = createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')
  return {
    analyticsPassword: randomBytes(32).toString('base64url'),
    registryToken: `${signed}.${signature}`,
    registryPublicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  }
}

function base64Json(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
