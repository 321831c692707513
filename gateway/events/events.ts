// POST /v1/events: events in any of the formats, published to the stream. What happens to them is
// event-acceptance.ts; this file owns the route, its formats and its description.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import type { Context, HonoRequest } from 'hono'
import type { Config } from '../../configs/schema.ts'
import { characters } from '../../schemas/characters.ts'
import { eventJson } from '../../schemas/event.ts'
import { cutCsv } from '../bodies/csv-body.ts'
import { cutBody, eventFormat } from '../bodies/event-body.ts'
import { binaryCloudEvent, cutBinaryCloudEvent, eventOfCloudEvent } from './cloud-events.ts'
import {
  acceptedEvents,
  awaitedEvents,
  idempotencyKey,
  idempotencyKeyPattern,
  waitSecondsMax,
  type AcceptEvents,
  type EventReading,
} from './event-acceptance.ts'
import { LineStreams, wantsLines } from './line-stream.ts'
import type { EventPublisher } from '../http/dependencies.ts'
import { itemLimits } from './item-checks.ts'
import {
  addRoute,
  addSchemas,
  contentEncodingParameter,
  jsonContent,
  problems,
  schemaRef,
} from '../http/route.ts'
import { wrongParameter } from '../http/query-parameters.ts'
import type { GatewayEnv } from '../http/request-context.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'
import { resultJson } from '../results/result-json.ts'

/** Adds POST /v1/events. */
export function addEventRoutes(
  app: Gateway,
  options: RouteOptions & {
    readonly config: Pick<Config, 'gateway' | 'limits'>
    readonly accept: AcceptEvents
    readonly publisher: EventPublisher
  },
): void {
  const { config, accept } = options
  const streams = new LineStreams(options)
  addSchemas(app, {
    Event: eventExample,
    CloudEvent: cloudEventJson,
    AcceptedEvents: acceptedEvents,
    AwaitedEvents: awaitedEvents,
    Result: resultJson,
  })
  const middleware = [options.authorize('ingest'), options.admit]
  const route = { ...postEvents(config.gateway), middleware }
  addRoute(app, route, (c: Context<GatewayEnv, string>) => {
    const reading = readingOf(c.req, config)
    if (!isLineStream(c.req)) return accept(c, reading)
    const [parameter] = Object.keys(c.req.query())
    if (parameter === undefined) return streams.answer(c, idempotencyKey(c.req.header(keyHeader)))
    throw wrongParameter(parameter, 'is not for a stream of lines')
  })
}

const keyHeader = 'idempotency-key'

function isLineStream(request: HonoRequest): boolean {
  return wantsLines(request.header('accept')) && eventFormat(request) === 'ndjson'
}

/** How the headers of a request say that its body is to be read. */
function readingOf(request: HonoRequest, config: Pick<Config, 'gateway' | 'limits'>): EventReading {
  const limits = itemLimits(config)
  const binary = binaryCloudEvent(request.header())
  if (binary !== undefined) {
    const cut = (body: Uint8Array) => cutBinaryCloudEvent(body, binary, limits.entriesMax)
    return { cut, eventOf: eventOfCloudEvent, besides: JSON.stringify(binary) }
  }
  const format = eventFormat(request)
  switch (format) {
    case 'csv':
      return { cut: (body) => cutCsv(body, { ...limits, ...config.limits }) }
    case 'cloudevent':
    case 'cloudevents': {
      const form = format === 'cloudevents' ? 'array' : 'one'
      const cut = (body: Uint8Array) => cutBody(body, { format: 'json', form, ...limits })
      return { cut, eventOf: eventOfCloudEvent }
    }
    default:
      return { cut: (body) => cutBody(body, { format, ...limits }) }
  }
}

const eventExample = eventJson.meta({
  examples: [{ text: 'My invoice is wrong', source: 'support-mail', attributes: { lang: 'en' } }],
})
const cloudEventJson = z
  .looseObject({
    specversion: z.literal('1.0'),
    id: characters(1, 256),
    source: characters(1, 256),
    type: characters(1, 4_096),
    data: z
      .union([z.string(), z.looseObject({ text: z.string() })])
      .describe('The text, or an object with text and perhaps label and attributes.'),
  })
  .meta({
    description: 'A CloudEvent 1.0 in JSON. Extensions become attributes of the event.',
    examples: [
      {
        specversion: '1.0',
        id: 'a-1',
        source: '/shop/mail',
        type: 'com.example.mail.received',
        time: '2025-01-31T12:00:00Z',
        data: { text: 'My invoice is wrong' },
      },
    ],
  })
const event = schemaRef('Event')
const postEvents = (gateway: Config['gateway']): RouteConfig => ({
  method: 'post',
  path: '/v1/events',
  summary: 'Send events to the stream',
  description:
    'One event, an array, NDJSON, CSV, or CloudEvents 1.0 (structured, batched, or in binary mode with ce- headers), with at most gateway.batchEventsMax events. All events are checked first; if one is invalid, nothing is published. ' +
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
        'application/cloudevents+json': { schema: schemaRef('CloudEvent') },
        'application/cloudevents-batch+json': {
          schema: { type: 'array', minItems: 1, items: schemaRef('CloudEvent') },
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
      content: {
        ...jsonContent('AwaitedEvents'),
        'application/x-ndjson': {
          schema: {
            type: 'string',
            description:
              'For NDJSON with Accept: application/x-ndjson: one result per line, with index and id or error.',
          },
        },
      },
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
