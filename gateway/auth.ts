// Who may call: API keys as Bearer tokens with scopes, and the rule that a gateway without keys is
// for this machine only. Keys come from the configuration; nothing is stored here but their hashes.
// What a browser may send to a gateway without keys is browser-guard.ts's.
import { createHash, timingSafeEqual } from 'node:crypto'
import { isIPv4 } from 'node:net'
import type { MiddlewareHandler } from 'hono'
import type { Config } from '../configs/schema.ts'
import { WinnowError } from '../schemas/errors.ts'
import type { GatewayEnv } from './request-context.ts'

/** What a key may do: put events, read results and classify, or change models. */
export type Scope = Config['gateway']['keys'][number]['scopes'][number]

/** The middleware that lets a request pass only with a key that has the scope. */
export type Authorize = (scope: Scope) => MiddlewareHandler<GatewayEnv>

/**
 * Builds the check from the configured keys. Without keys every caller may do everything, so then
 * the gateway must listen on loopback. Throws `config_invalid` for a gateway without keys on
 * another address.
 */
export function createAuthorize(gateway: Pick<Config['gateway'], 'host' | 'keys'>): Authorize {
  if (gateway.keys.length === 0) {
    if (!isLoopback(gateway.host)) {
      throw new WinnowError(
        'config_invalid',
        `gateway.host is "${gateway.host}": a gateway without API keys may listen on a ` +
          'loopback address only; set gateway.keys, or listen on 127.0.0.1',
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
    // Every key is compared, over digests of one length, so that time tells nothing about any key.
    const matching = keys.filter((key) => timingSafeEqual(key.digest, digest))
    if (matching.length === 0)
      throw new WinnowError('unauthorized', 'This API key is not one of gateway.keys')
    if (!matching.some((key) => key.scopes.has(scope))) {
      throw new WinnowError(
        'forbidden',
        `This API key lacks the scope "${scope}"; use a key that has it`,
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

/**
 * The name of a key that the configuration gives none: short, and it tells nothing about the key.
 */
function nameOf(digest: Buffer): string {
  return `key-${digest.toString('hex').slice(0, 8)}`
}

/** Whether a host name or address is this machine's loopback; no name is looked up. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase()
  return name === 'localhost' || name === '::1' || (isIPv4(name) && name.startsWith('127.'))
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
