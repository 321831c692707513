// The state of each request: its id, the caller's trace and identity, its admission slot. Includes
// the middleware that sets the id and the trace.
import { randomUUID } from 'node:crypto'
import type { HttpBindings } from '@hono/node-server'
import type { Context, MiddlewareHandler } from 'hono'
import type { Work } from '../../models/runtime/sliced-work.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { scopeNames } from '../../configs/schema.ts'

/**
 * The work of one request: it holds the admission slot, and is the only way to read the body or to
 * wait.
 */
export type RequestWork = {
  /** Aborts with a WinnowError: `deadline_exceeded`, or `cancelled` if the caller left. */
  readonly signal: AbortSignal
  /**
   * Reads the body, at most `bodyBytesMax` bytes whatever Content-Length says; else throws
   * `body_too_large`. The request holds its slot from then on.
   */
  body(): Promise<Uint8Array>
  /** Runs work of this thread in turns with other requests, until the signal aborts. */
  steps<T>(steps: Work<T>): Promise<T>
  /**
   * Waits for work until the signal aborts. Work that cannot be stopped keeps its slot until it
   * ends, so that abandoned work is limited too.
   */
  run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>
  /**
   * Gives the slot and the memory of the body back: from here on, the request only waits for what
   * others do. The route limits how many do.
   */
  leaveSlot(): void
}

/** Hono's environment of this gateway: the variables of a request. */
export type GatewayEnv = {
  Bindings: HttpBindings
  Variables: {
    /** From X-Request-Id if that is usable, else new; sent back in the same header. */
    requestId: string
    /** The caller's W3C trace context if it is well-formed. */
    traceparent: string | undefined
    /** The pattern of the matched route, for example `/v1/results/{id}`. */
    route: string | undefined
    /** SHA-256 of the API key in hex, or `anonymous`; set by auth.ts. */
    caller: string
    /** The name of the API key; absent in a gateway without keys. Set by auth.ts. */
    callerName: string | undefined
    /** What the caller may do. Set by auth.ts. */
    scopes: readonly (typeof scopeNames)[number][]
    /** Whether the caller would be admitted now: its key may be revoked since. Set by auth.ts. */
    isStillAllowed: () => boolean
    /**
     * Counts texts towards the caller's minute. Throws `rate_limited`. Set by rate-limit.ts.
     */
    takeTexts: (texts: number) => void
    /** Set by admission.ts. */
    work: RequestWork
  }
}

/** Node's own request; undefined if the app is called without a socket, as in tests. */
export function incomingOf(c: Context<GatewayEnv>): HttpBindings['incoming'] | undefined {
  return (c.env as HttpBindings | undefined)?.incoming
}

/** Middleware that gives each request an id and reads its trace context. */
export function requestContext(): MiddlewareHandler<GatewayEnv> {
  return async (c, next) => {
    const given = c.req.header('x-request-id')
    const requestId = given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID()
    c.set('requestId', requestId)
    c.set('traceparent', wellFormedTraceparent(c.req.header('traceparent')))
    await next()
    c.res.headers.set('X-Request-Id', requestId)
    c.res.headers.set('X-Content-Type-Options', 'nosniff')
    // With `no-referrer`, browsers may send the Origin `null` from the gateway's own pages.
    c.res.headers.set('Referrer-Policy', 'same-origin')
    setIfAbsent(c.res.headers, 'Cache-Control', 'no-store')
    // An answer for programs is nothing that a browser should run or frame.
    setIfAbsent(c.res.headers, 'Content-Security-Policy', answerPolicy)
  }
}

const answerPolicy = "default-src 'none'; frame-ancestors 'none'"

function setIfAbsent(headers: Headers, name: string, value: string): void {
  if (!headers.has(name)) headers.set(name, value)
}

/**
 * Refuses a request with two Host headers, as RFC 9112, 3.2 requires: a proxy in front may have
 * used the other one. Node silently keeps the first.
 */
export function singleHost(): MiddlewareHandler<GatewayEnv> {
  return async (c, next) => {
    const names = incomingOf(c)?.rawHeaders.filter((_, index) => index % 2 === 0) ?? []
    if (names.filter((name) => name.toLowerCase() === 'host').length > 1) {
      throw new WinnowError('parameter_invalid', 'The header Host is given more than once', {
        details: { parameter: 'Host' },
      })
    }
    await next()
  }
}

/**
 * The traceparent if it follows the W3C Trace Context recommendation, version 00. Anything else is
 * dropped, as the recommendation requires.
 */
export function wellFormedTraceparent(header: string | undefined): string | undefined {
  const match = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(header?.trim() ?? '')
  if (match === null || /^0+$/.test(match[1]!) || /^0+$/.test(match[2]!)) return undefined
  return match[0]
}
