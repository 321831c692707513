// The secrets of an embedded stack. The engine and the registry refuse requests without them, so
// that web pages in the user's browser and other users of the machine get nothing.
import { createSign, generateKeyPairSync, randomBytes } from 'node:crypto'

import * as z from 'zod'

export const stackSecretsSchema = z.object({
  /** Password of the embedded engine. */
  analyticsPassword: z.string().min(32),
  /**
   * Bearer token of the registry: a JSON Web Token signed with the private half of the key below.
   */
  registryToken: z.string().min(32),
  /** The key with which the registry verifies tokens: an RSA public key, DER in base64. */
  registryPublicKey: z.string().min(32),
})

export type StackSecrets = z.infer<typeof stackSecretsSchema>

/**
 * Creates new secrets. A signed token (RFC 7519) is the only credential that the registry can
 * verify by itself. So one is signed here and the private key is discarded: nobody can sign another
 * one.
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
