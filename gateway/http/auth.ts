// Decides who may call: API keys, or tokens of an identity provider, as Bearer tokens with scopes;
// without both, only callers on this machine. Only hashes of keys are kept. What a browser may send
// to a gateway without keys is browser-guard.ts, how much a caller may do rate-limit.ts.
import { createHash, timingSafeEqual } from 'node:crypto'
import { isIPv4 } from 'node:net'
import type { MiddlewareHandler } from 'hono'
import type { Config } from '../../configs/schema.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { GatewayEnv } from './request-context.ts'

/**
 * What a key permits: sending events, reading results and classifying, the same with stored texts
 * masked, or changing models.
 */
export type Scope = Config['gateway']['keys'][number]['scopes'][number]

/** All scopes, which a gateway without keys gives to everyone. */
export const everyScope: readonly Scope[] = ['ingest', 'read', 'admin']

/** A key that may be used. */
export type ValidKey = {
  readonly name: string
  readonly scopes: readonly Scope[]
  /** SHA-256 of the key. Keys are random and long, so no slower hash is needed. */
  readonly digest: Buffer
  /** Epoch milliseconds from which it is refused; undefined if it does not expire. */
  readonly expiresMs?: number | undefined
}

/**
 * Keys that can change while the gateway runs. serving/gateway/key-file.ts reads them from a file.
 */
export type KeyRing = {
  /** The keys that are not revoked, the expired ones included. */
  keys(): readonly ValidKey[]
  /** Whether there is, or ever was, a key: then callers without one are refused. */
  isUsed(): boolean
  /** Called for each request with one of its keys. */
  onUse(key: ValidKey, atMs: number): void
}

/**
 * Verifies a token of an identity provider and says who its holder is. Rejects with `unauthorized`,
 * or `identity_unavailable`.
 */
export type TokenCheck = (
  token: string,
) => Promise<Caller & { readonly subject: string; readonly expiresMs: number }>

/** Who is calling, for routes that say so. */
export type Caller = { readonly name: string | null; readonly scopes: readonly Scope[] }

/** Creates middleware that admits a request only with a key that has the scope. */
export type Authorize = (scope: Scope | 'any') => MiddlewareHandler<GatewayEnv>

/** The check of keys. */
export type Authentication = {
  readonly authorize: Authorize
  /** Whether everyone may call: no key is configured, and none was made. */
  readonly isOpen: () => boolean
}

/**
 * Builds the check from the keys of the configuration and of the ring. Without keys every caller
 * may do everything, so the gateway must listen on loopback. Throws `config_invalid` for a gateway
 * without keys on another address.
 */
export function createAuthentication(
  gateway: Pick<Config['gateway'], 'host' | 'keys'>,
  {
    ring = noKeys,
    tokens,
    clock = Date.now,
  }: { ring?: KeyRing; tokens?: TokenCheck | undefined; clock?: () => number } = {},
): Authentication {
  const configured = gateway.keys.map(({ key, name, scopes }): ValidKey => {
    const digest = sha256(key)
    return { digest, name: name ?? nameOf(digest), scopes }
  })
  const isOpen = (): boolean => configured.length === 0 && !ring.isUsed() && tokens === undefined
  if (isOpen() && !isLoopback(gateway.host)) {
    throw new WinnowError(
      'config_invalid',
      `gateway.host is "${gateway.host}", but a gateway without API keys may listen on a ` +
        'loopback address only. Make a key with `winnow keys create`, set gateway.keys or ' +
        'gateway.oidc, or set gateway.host to 127.0.0.1',
      { details: { path: 'gateway.keys' } },
    )
  }
  const authorize: Authorize = (scope) => async (c, next) => {
    if (isOpen()) {
      c.set('caller', 'anonymous')
      c.set('scopes', everyScope)
      c.set('isStillAllowed', isOpen)
    } else {
      const bearer = bearerOf(c.req.header('authorization'))
      const holder =
        tokens !== undefined && jwtPattern.test(bearer)
          ? await tokenHolder(bearer, tokens, clock)
          : keyHolder(bearer, { configured, ring, clock })
      requireScope(holder.scopes, scope)
      c.set('caller', holder.id)
      c.set('callerName', holder.name)
      c.set('scopes', holder.scopes)
      c.set('isStillAllowed', holder.isStillAllowed)
    }
    await next()
  }
  return { authorize, isOpen }
}

const noKeys: KeyRing = { keys: () => [], isUsed: () => false, onUse: () => undefined }

/** JSON Web Signature in its compact form (RFC 7515, 7.1); no API key has dots. */
const jwtPattern = /^[\w-]+\.[\w-]+\.[\w-]+$/

/** Who sent a request: an id for limits, and a name for people. */
type Holder = {
  readonly id: string
  readonly name: string | undefined
  readonly scopes: readonly Scope[]
  /** Whether the same request would be admitted now. */
  readonly isStillAllowed: () => boolean
}

function bearerOf(header: string | undefined): string {
  const token = /^Bearer +(\S+)$/i.exec(header ?? '')?.[1]
  if (token !== undefined) return token
  throw new WinnowError('unauthorized', 'Send the API key as "Authorization: Bearer KEY"')
}

async function tokenHolder(token: string, check: TokenCheck, clock: () => number): Promise<Holder> {
  const { subject, name, scopes, expiresMs } = await check(token)
  const id = sha256(`subject ${subject}`).toString('hex')
  const isStillAllowed = () => clock() < expiresMs
  return { id, name: name ?? undefined, scopes, isStillAllowed }
}

function keyHolder(
  token: string,
  known: { configured: readonly ValidKey[]; ring: KeyRing; clock: () => number },
): Holder {
  const { configured, ring, clock } = known
  const made = ring.keys()
  const nowMs = clock()
  const key = keyOf(token, [...configured, ...made], nowMs)
  if (made.includes(key)) ring.onUse(key, nowMs)
  const { digest, name, scopes } = key
  const isStillAllowed = () =>
    [...configured, ...ring.keys()].some(
      (one) => one.digest.equals(digest) && isValid(one, clock()),
    )
  return { id: digest.toString('hex'), name, scopes, isStillAllowed }
}

/** The key with this text. Throws `unauthorized`. */
function keyOf(token: string, keys: readonly ValidKey[], nowMs: number): ValidKey {
  const digest = sha256(token)
  // Compares every key, as digests of equal length, so that the time reveals nothing about any key.
  const [key] = keys.filter((each) => timingSafeEqual(each.digest, digest))
  if (key === undefined) {
    throw new WinnowError('unauthorized', 'The API key is not known, or was revoked')
  }
  if (!isValid(key, nowMs)) {
    const when = new Date(key.expiresMs!).toISOString()
    throw new WinnowError('unauthorized', `The API key expired at ${when}; ask for a new one`)
  }
  return key
}

function isValid({ expiresMs }: ValidKey, nowMs: number): boolean {
  return expiresMs === undefined || nowMs < expiresMs
}

function requireScope(scopes: readonly Scope[], scope: Scope | 'any'): void {
  const isMaskedRead = scope === 'read' && scopes.includes('read-masked')
  if (scope === 'any' || scopes.includes(scope) || isMaskedRead) return
  throw new WinnowError(
    'forbidden',
    `The API key lacks the scope "${scope}"; use a key that has it`,
    { details: { scope } },
  )
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
