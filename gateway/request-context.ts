// What every request carries through the gateway: its id, the caller's trace, who calls, and the
// work that holds its place among the others. Also the middleware that sets the first two.
import { randomUUID } from 'node:crypto'
import type { HttpBindings } from '@hono/node-server'
import type { Context, MiddlewareHandler } from 'hono'
import type { Work } from '../models/runtime/sliced-work.ts'
import { WinnowError } from '../schemas/errors.ts'

/** The place that one request holds, and the only way to read its body or to wait for work. */
export type RequestWork = {
  /**
   * Fires with a WinnowError as its reason: `deadline_exceeded`, or `cancelled` when the caller
   * left.
   */
  readonly signal: AbortSignal
  /**
   * The body, at most `bodyBytesMax` bytes whatever Content-Length says; else `body_too_large`. The
   * request has its place from then on.
   */
  body(): Promise<Uint8Array>
  /** Runs work of this thread in turns with that of other requests, until the signal fires. */
  steps<T>(steps: Work<T>): Promise<T>
  /**
   * Waits for work until the signal fires. Work that cannot be stopped goes on and keeps the place
   * until it settles, so that abandoned work is bounded as well.
   */
  run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>
}

/** Hono's environment of this gateway: the variables of a request. */
export type GatewayEnv = {
  Bindings: HttpBindings
  Variables: {
    /** From X-Request-Id when that is sensible, else new; sent back in the same header. */
    requestId: string
    /** W3C trace context as the caller gave it, when well-formed. */
    traceparent: string | undefined
    /** The pattern of the route that matched, such as `/v1/results/{id}`. */
    route: string | undefined
    /** SHA-256 of the API key in hex, or `anonymous`; set by auth.ts. */
    caller: string
    /** The name of the API key; absent in a gateway without keys. Set by auth.ts. */
    callerName: string | undefined
    /** Set by admission.ts. */
    work: RequestWork
  }
}

/** Node's own request; undefined where the app is called without a socket, as in tests. */
export function incomingOf(c: Context<GatewayEnv>): HttpBindings['incoming'] | undefined {
  return (c.env as HttpBindings | undefined)?.incoming
}

/** Gives each request an id and reads its trace context. */
export function requestContext(): MiddlewareHandler<GatewayEnv> {
  return async (c, next) => {
    const given = c.req.header('x-request-id')
    const requestId = given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID()
    c.set('requestId', requestId)
    c.set('traceparent', wellFormedTraceparent(c.req.header('traceparent')))
    await next()
    c.res.headers.set('X-Request-Id', requestId)
    c.res.headers.set('X-Content-Type-Options', 'nosniff')
    if (!c.res.headers.has('Cache-Control')) c.res.headers.set('Cache-Control', 'no-store')
  }
}

/**
 * Refuses a request with two Host headers, as RFC 9112, 3.2 asks for: a proxy in front may have
 * read the other one. Node keeps the first and says nothing.
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
 * A traceparent that follows the W3C Trace Context recommendation, version 00; anything else is
 * dropped, which is what the recommendation asks for.
 */
export function wellFormedTraceparent(header: string | undefined): string | undefined {
  const match = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(header?.trim() ?? '')
  if (match === null || /^0+$/.test(match[1]!) || /^0+$/.test(match[2]!)) return undefined
  return match[0]
}
