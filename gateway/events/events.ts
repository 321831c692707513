// POST /v1/events: events in any of the formats, published to the stream. What happens to them is
// event-acceptance.ts; this file owns the route, its formats and its description.
import type { RouteConfig } from '@hono/zod-openapi'
import type { Config } from '../../configs/schema.ts'
import { eventJson } from '../../schemas/event.ts'
import { cutCsv } from '../bodies/csv-body.ts'
import { cutBody, eventFormat } from '../bodies/event-body.ts'
import {
  acceptedEvents,
  awaitedEvents,
  idempotencyKeyPattern,
  waitSecondsMax,
  type AcceptEvents,
} from './event-acceptance.ts'
import { itemLimits } from './item-checks.ts'
import {
  addRoute,
  addSchemas,
  contentEncodingParameter,
  jsonContent,
  problems,
  schemaRef,
} from '../http/route.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'
import { resultJson } from '../results/result-json.ts'

/** Adds POST /v1/events. */
export function addEventRoutes(
  app: Gateway,
  options: RouteOptions & {
    readonly config: Pick<Config, 'gateway' | 'limits'>
    readonly accept: AcceptEvents
  },
): void {
  const { config, accept } = options
  addSchemas(app, {
    Event: eventExample,
    AcceptedEvents: acceptedEvents,
    AwaitedEvents: awaitedEvents,
    Result: resultJson,
  })
  const middleware = [options.authorize('ingest'), options.admit]
  addRoute(app, { ...postEvents(config.gateway), middleware }, (c) => {
    const format = eventFormat(c.req)
    const limits = itemLimits(config)
    if (format !== 'csv') return accept(c, { cut: (body) => cutBody(body, { format, ...limits }) })
    return accept(c, { cut: (body) => cutCsv(body, { ...limits, ...config.limits }) })
  })
}

const eventExample = eventJson.meta({
  examples: [{ text: 'My invoice is wrong', source: 'support-mail', attributes: { lang: 'en' } }],
})
const event = schemaRef('Event')
const postEvents = (gateway: Config['gateway']): RouteConfig => ({
  method: 'post',
  path: '/v1/events',
  summary: 'Send events to the stream',
  description:
    'One event, an array, NDJSON, or CSV, with at most gateway.batchEventsMax events. All events are checked first; if one is invalid, nothing is published. ' +
    'The response is 202 once the broker has acknowledged all events. After 503 or 504 some may have been ' +
    'published: repeat the same body with the same Idempotency-Key, and repeated events are dropped.',
  tags: ['events'],
  security: [{ bearer: ['ingest'] }],
  parameters: [
    waitParameter(gateway),
    contentEncodingParameter,
    {
      name: 'Idempotency-Key',
      in: 'header',
      schema: { type: 'string', pattern: idempotencyKeyPattern },
      description:
        'Makes a retry safe: the same key and body are published once, and ids that the gateway ' +
        'assigns are the same on every gateway. Remembered for an hour.',
    },
    {
      name: 'traceparent',
      in: 'header',
      schema: { type: 'string' },
      description: 'W3C trace context; travels in the record header.',
    },
  ],
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: {
            oneOf: [event, { type: 'array', minItems: 1, items: event }],
          },
          examples: {
            one: { value: { text: 'My invoice is wrong', source: 'support-mail' } },
            array: { value: [{ id: 'a-1', text: 'Hello' }, { text: 'Cheap watches, click here' }] },
          },
        },
        'application/x-ndjson': {
          // No example: tools that cannot write lines would take it for a JSON string.
          schema: {
            type: 'string',
            description: 'One JSON event per line, such as {"text":"Hello"}.',
          },
        },
        'text/csv': {
          schema: {
            type: 'string',
            description:
              'A header, then one event per row (RFC 4180). The columns text, id, source, time and label ' +
              'are fields of the event; other columns become attributes.',
          },
        },
      },
    },
  },
  responses: {
    200: {
      description: 'With wait: every event has a result or a dead letter.',
      content: jsonContent('AwaitedEvents'),
    },
    202: {
      description:
        'The broker has acknowledged all events. Ids are in the order of the request. With wait: some ' +
        'events have no outcome yet, and `pending` names them.',
      content: {
        'application/json': {
          schema: { oneOf: [schemaRef('AcceptedEvents'), schemaRef('AwaitedEvents')] },
        },
      },
    },
    ...problems([400, 401, 403, 408, 409, 413, 415, 422, 500, 502, 503, 504]),
  },
})

/** The parameter `wait` of routes that accept events. */
export const waitParameter = (gateway: Config['gateway']) => ({
  name: 'wait',
  in: 'query' as const,
  schema: { type: 'integer' as const, minimum: 1, maximum: waitSecondsMax(gateway) },
  description:
    'Seconds to wait until every event has a result or a dead letter. Needs the scope `read` too, and ' +
    `takes at most ${gateway.waitEventsMax} events.`,
})
