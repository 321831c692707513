// The body of a request as a stream of Node.
import { Readable } from 'node:stream'
import type { Context } from 'hono'
import { incomingOf, type GatewayEnv } from './request-context.ts'

/**
 * On a socket, Node's own stream, which joins small chunks as they are read. In a web stream each
 * chunk, even of one byte, would cost several objects.
 */
export function bodyStream(c: Context<GatewayEnv>): Readable {
  const incoming = incomingOf(c)
  // Even asking for the web stream would begin to read Node's.
  if (incoming !== undefined) return incoming
  const { body } = c.req.raw
  return body === null ? Readable.from([]) : Readable.fromWeb(body as never)
}
