// GET /v1/stream: results as they land, as server-sent events. It owns the parameters and the
// headers; live-results.ts feeds the readers.
import type { RouteConfig } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { z } from 'zod'
import {
  logCursorPattern,
  readLogCursor,
  type LogPosition,
} from '../../schemas/cursors/log-position.ts'
import { readQuery, wrongParameter } from '../http/query-parameters.ts'
import { incomingOf, type GatewayEnv } from '../http/request-context.ts'
import {
  addRoute,
  problems,
  queryParameters,
  type Gateway,
  type RouteOptions,
} from '../http/route.ts'
import { requireWholeTexts, textViewOf } from '../http/text-view.ts'
import { readReference, resultFilterQuery, searchNeeds } from '../results/result-filter.ts'
import type { LiveResults } from './live-results.ts'

/** Adds the route of live results. */
export function addStreamRoutes(
  app: Gateway,
  options: RouteOptions & { readonly live: LiveResults },
): void {
  const middleware = [options.authorize('read'), options.admit]
  addRoute(app, { ...streamResults, middleware }, async (c) => {
    const { label, source, model, q, lastEventId } = readQuery(c.req.queries(), streamQuery)
    if (q !== undefined) requireWholeTexts(c, searchNeeds)
    const { isMasked } = textViewOf(c)
    const selection = { label, source, ...readReference(model), text: q, isMasked }
    const from = readCursor(c, lastEventId)
    const headers = {
      'Content-Type': 'text/event-stream',
      // For nginx and others that would otherwise collect events before they pass them on.
      'X-Accel-Buffering': 'no',
    }
    if (c.req.method === 'HEAD') return c.body(null, 200, headers)
    // Readers have a limit of their own, so they take no slot of other requests while they wait.
    const signal = AbortSignal.any([c.get('work').signal, c.req.raw.signal])
    const cut = () => {
      incomingOf(c)?.socket.destroy()
    }
    const stream = await options.live.listen({
      ...{ selection, from, cut, signal },
      isAllowed: c.get('isStillAllowed'),
    })
    return c.body(stream, 200, headers)
  })
}

/** The header counts more, because browsers send it when they reconnect to the same address. */
function readCursor(c: Context<GatewayEnv>, query: string | undefined): LogPosition | undefined {
  const header = c.req.header('last-event-id')
  const cursor = header === undefined || header === '' ? query : header
  if (cursor === undefined) return undefined
  const from = readLogCursor(cursor)
  if (from !== undefined) return from
  throw wrongParameter('Last-Event-ID', 'must be the id of an earlier event of this stream')
}

const streamQuery = z.strictObject({
  ...resultFilterQuery,
  lastEventId: z
    .string()
    .regex(new RegExp(logCursorPattern), 'must be the id of an earlier event of this stream')
    .optional()
    .describe('As the header Last-Event-ID, for clients that cannot send it.'),
})

/** One event: OpenAPI 3.1 has no word for a sequence of them. */
const streamEvent = {
  type: 'object' as const,
  description: 'One of the events that the body consists of.',
  properties: {
    event: { type: 'string' as const, enum: ['ready', 'result', 'closed'] },
    id: { type: 'string' as const, description: 'What to resume with.' },
    data: { type: 'string' as const, description: 'JSON.' },
    retry: { type: 'integer' as const, description: 'Milliseconds before reconnecting.' },
  },
}

const streamResults: RouteConfig = {
  method: 'get',
  path: '/v1/stream',
  tags: ['results'],
  security: [{ bearer: ['read'] }],
  summary: 'Results as they land',
  description:
    'Server-sent events. `ready` comes first; each `result` has a Result as its data; `closed` says why ' +
    'the gateway ends the stream: slow_reader, shutdown, unavailable, or unauthorized for a key that was ' +
    'revoked or has expired. Comments keep the connection open.',
  parameters: [
    ...queryParameters(streamQuery),
    {
      name: 'Last-Event-ID',
      in: 'header',
      required: false,
      schema: { type: 'string', pattern: `^$|${logCursorPattern}` },
      description: 'The id of the last event that was read: the stream goes on after it.',
    },
  ],
  responses: {
    200: {
      description: 'Events until one side closes the connection.',
      content: { 'text/event-stream': { schema: streamEvent } },
    },
    ...problems([400, 401, 403, 410, 500, 501, 502, 503, 504]),
  },
}
