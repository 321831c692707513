// Keeps web pages away from a gateway without keys. It runs before every route, and before unknown
// addresses. A gateway with keys needs no such rule: pages have no key, and a browser sends an
// Authorization header to another origin only after a preflight, which the gateway allows to
// `gateway.corsOrigins` only.
import type { Context, MiddlewareHandler } from 'hono'
import { WinnowError } from '../../schemas/errors.ts'
import { isLoopback } from './auth.ts'
import type { GatewayEnv } from './request-context.ts'

/**
 * Middleware that refuses with `forbidden` what only a browser could send for another site:
 * - a Host that is no loopback name, as after DNS rebinding;
 * - an Origin that is not the gateway's own (RFC 6454, 7), as from a form or a script of another
 *   page that `gateway.corsOrigins` does not name;
 * - a Sec-Fetch-Site that says so, because an image or a link to the gateway has no Origin. `none`
 *   means that a person typed the address.
 *
 * Other clients send neither of the last two. A link on another site may open `openPages`, which
 * show nothing by themselves and refuse to be framed.
 */
export function createBrowserGuard(
  /** Whether the gateway works without keys. */
  isOpen: () => boolean,
  {
    openPages,
    origins,
  }: {
    readonly openPages: readonly string[]
    /** Other origins whose pages may call the gateway. */
    readonly origins: readonly string[]
  },
): MiddlewareHandler<GatewayEnv> {
  return async (c, next) => {
    const reason = isOpen() ? foreignReason(c, openPages, origins) : undefined
    if (reason !== undefined) {
      throw new WinnowError('forbidden', `A gateway without API keys ${reason}`)
    }
    await next()
  }
}

function foreignReason(
  c: Context<GatewayEnv>,
  openPages: readonly string[],
  origins: readonly string[],
): string | undefined {
  const url = new URL(c.req.url)
  const host = c.req.header('host') ?? url.host
  // An absolute URL in the request line overrides Host (RFC 9112, 3.2.2), so both must be this
  // machine's.
  if (!isLoopback(url.hostname) || !isLoopback(hostnameOf(host))) {
    return 'answers only at localhost or a loopback address'
  }
  const origin = c.req.header('origin')
  if (origin !== undefined && origins.includes(origin)) return undefined
  if (origin !== undefined && origin !== url.origin) return 'refuses pages of another origin'
  const site = c.req.header('sec-fetch-site')
  if (isNavigation(c) && openPages.includes(url.pathname)) return undefined
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return 'refuses requests made by another site'
  }
  return undefined
}

/** Whether the browser shows the answer as a page of its own (Fetch Metadata, 2.1 and 2.2). */
function isNavigation(c: Context<GatewayEnv>): boolean {
  const isDocument = c.req.header('sec-fetch-dest') === 'document'
  return c.req.method === 'GET' && isDocument && c.req.header('sec-fetch-mode') === 'navigate'
}

/** The name in a Host header, without its port. */
function hostnameOf(host: string): string {
  return host.replace(/:\d*$/, '')
}
