// Decides who may call: API keys as Bearer tokens with scopes; without keys, only callers on this
// machine. Keys come from the configuration, and only their hashes are kept. browser-guard.ts
// decides what a browser may send to a gateway without keys.
import { createHash, timingSafeEqual } from 'node:crypto'
import { isIPv4 } from 'node:net'
import type { MiddlewareHandler } from 'hono'
import type { Config } from '../../configs/schema.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { GatewayEnv } from './request-context.ts'

/** What a key permits: sending events, reading results and classifying, or changing models. */
export type Scope = Config['gateway']['keys'][number]['scopes'][number]

/** Creates middleware that admits a request only with a key that has the scope. */
export type Authorize = (scope: Scope) => MiddlewareHandler<GatewayEnv>

/**
 * Builds the check from the configured keys. Without keys every caller may do everything, so the
 * gateway must listen on loopback. Throws `config_invalid` for a gateway without keys on another
 * address.
 */
export function createAuthorize(gateway: Pick<Config['gateway'], 'host' | 'keys'>): Authorize {
  if (gateway.keys.length === 0) {
    if (!isLoopback(gateway.host)) {
      throw new WinnowError(
        'config_invalid',
        `gateway.host is "${gateway.host}", but a gateway without API keys may listen on a ` +
          'loopback address only. Set gateway.keys, or set gateway.host to 127.0.0.1',
        { details: { path: 'gateway.keys' } },
      )
    }
    return () => anyone
  }
  const keys = gateway.keys.map(({ key, name, scopes }) => {
    const digest = sha256(key)
    return { digest, name: name ?? nameOf(digest), scopes: new Set<Scope>(scopes) }
  })
  return (scope) => async (c, next) => {
    const token = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
    if (token === undefined) {
      throw new WinnowError('unauthorized', 'Send the API key as "Authorization: Bearer KEY"')
    }
    const digest = sha256(token)
    // Compares every key, as digests of equal length, so that the time reveals nothing about any
    // key.
    const matching = keys.filter((key) => timingSafeEqual(key.digest, digest))
    if (matching.length === 0)
      throw new WinnowError('unauthorized', 'The API key is not one of gateway.keys')
    if (!matching.some((key) => key.scopes.has(scope))) {
      throw new WinnowError(
        'forbidden',
        `The API key lacks the scope "${scope}"; use a key that has it`,
        {
          details: { scope },
        },
      )
    }
    c.set('caller', digest.toString('hex'))
    c.set('callerName', matching[0]!.name)
    await next()
  }
}

const anyone: MiddlewareHandler<GatewayEnv> = async (c, next) => {
  c.set('caller', 'anonymous')
  await next()
}

/** The name of a key without a configured name: short, and it reveals nothing about the key. */
function nameOf(digest: Buffer): string {
  return `key-${digest.toString('hex').slice(0, 8)}`
}

/** Whether a host name or address is this machine's loopback; looks up no names. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase()
  return name === 'localhost' || name === '::1' || (isIPv4(name) && name.startsWith('127.'))
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
