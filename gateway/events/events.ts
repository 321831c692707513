// POST /v1/events: checks all events of a request, publishes them, returns their ids. Parsing,
// checks, ids and idempotency have files of their own.
import { createHash } from 'node:crypto'
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import type { Config } from '../../configs/schema.ts'
import type { Work } from '../../models/runtime/sliced-work.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { eventJson } from '../../schemas/event.ts'
import { bodyFormat, type BodyFormat } from '../bodies/event-body.ts'
import { checkEvent } from './event-check.ts'
import { repeatableId, timeOrderedId, type RequestIdentity } from './event-ids.ts'
import { IdempotencyMemory } from './idempotency.ts'
import { checkItems, type ItemCheck } from './item-checks.ts'
import type { EventPublisher, PublishedEvent } from '../http/dependencies.ts'
import {
  addRoute,
  addSchemas,
  contentEncodingParameter,
  jsonContent,
  problems,
  schemaRef,
} from '../http/route.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'

/** Adds POST /v1/events. */
export function addEventRoutes(
  app: Gateway,
  options: RouteOptions & {
    readonly config: Pick<Config, 'gateway' | 'limits'>
    publisher: EventPublisher
  },
): void {
  const { config, publisher, clock } = options
  const memory = new IdempotencyMemory()
  addSchemas(app, { Event: eventExample, AcceptedEvents: acceptedEvents })
  const middleware = [options.authorize('ingest'), options.admit]
  const route = { ...postEvents, middleware }
  addRoute(app, route, async (c) => {
    const work = c.get('work')
    const format = bodyFormat(c.req)
    const key = idempotencyKey(c.req.header('idempotency-key'))
    const body = await work.body()
    const nowMs = clock()
    const identity = key === undefined ? undefined : { caller: c.get('caller'), key }
    const { events, bodySha256 } = await work.steps(
      checkedEvents(body, { config, format, nowMs, identity }),
    )
    c.get('takeTexts')(events.length)
    const publish = () => publisher.publish(events, { traceparent: c.get('traceparent') })
    if (identity === undefined) await work.run(publish)
    else {
      const request = { key: `${identity.caller} ${identity.key}`, bodySha256, nowMs }
      await work.run(() => memory.once(request, publish))
    }
    return c.json({ ids: events.map((event) => event.id) }, 202)
  })
}

/** Every event of the request with its id. Throws `items_invalid` if any event is invalid. */
function* checkedEvents(
  body: Uint8Array,
  options: {
    readonly config: Pick<Config, 'gateway' | 'limits'>
    readonly format: BodyFormat
    readonly nowMs: number
    readonly identity: Pick<RequestIdentity, 'caller' | 'key'> | undefined
  },
): Work<{ events: PublishedEvent[]; bodySha256: string }> {
  const { config, format, nowMs, identity } = options
  const bodySha256 = identity === undefined ? '' : createHash('sha256').update(body).digest('hex')
  yield
  const idAt = (index: number) =>
    identity === undefined ? timeOrderedId(nowMs) : repeatableId({ ...identity, bodySha256 }, index)
  const indexById = new Map<string, number>()
  const check = (value: unknown, index: number): ItemCheck<PublishedEvent> => {
    const checked = checkEvent(value, { limits: config.limits, nowMs })
    if (checked.kind === 'rejected') return checked
    const { id } = checked.event
    const first = id === undefined ? undefined : indexById.get(id)
    if (id !== undefined) indexById.set(id, first ?? index)
    if (first === undefined || config.limits.duplicateWindow === 0) {
      return { kind: 'ok', item: { ...checked.event, id: id ?? idAt(index) } }
    }
    const message = `the event at index ${first} has the same id`
    return { kind: 'rejected', defects: [{ code: 'duplicate_id', field: 'id', message }] }
  }
  const events = yield* checkItems(body, { format, config, noun: 'events', check })
  return { events, bodySha256 }
}

/** Visible ASCII. */
const idempotencyKeyPattern = '^[!-~]{1,255}$'

function idempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined || new RegExp(idempotencyKeyPattern).test(header)) return header
  throw new WinnowError(
    'parameter_invalid',
    'Idempotency-Key must be 1 to 255 visible ASCII characters',
    { details: { parameter: 'Idempotency-Key' } },
  )
}

const eventExample = eventJson.meta({
  examples: [{ text: 'My invoice is wrong', source: 'support-mail', attributes: { lang: 'en' } }],
})
const acceptedEvents = z.strictObject({ ids: z.array(z.string()) }).meta({
  examples: [{ ids: ['0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1'] }],
})
const event = schemaRef('Event')
const postEvents: RouteConfig = {
  method: 'post',
  path: '/v1/events',
  summary: 'Send events to the stream',
  description:
    'One event, an array, or NDJSON, with at most gateway.batchEventsMax events. All events are checked first; if one is invalid, nothing is published. ' +
    'The response is 202 once the broker has acknowledged all events. After 503 or 504 some may have been ' +
    'published: repeat the same body with the same Idempotency-Key, and repeated events are dropped.',
  tags: ['events'],
  security: [{ bearer: ['ingest'] }],
  parameters: [
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
      },
    },
  },
  responses: {
    202: {
      description: 'The broker has acknowledged all events. Ids are in the order of the request.',
      content: jsonContent('AcceptedEvents'),
    },
    ...problems([400, 401, 403, 408, 409, 413, 415, 422, 500, 502, 503, 504]),
  },
}
