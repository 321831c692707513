// POST /v1/hooks/{name}: webhooks of other systems, whose JSON a mapping in the configuration turns
// into events. It owns the route and the check of signatures; hook-mapping.ts reads the bodies.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { RouteConfig } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler } from 'hono'
import type { Config } from '../../configs/schema.ts'
import type { Work } from '../../models/runtime/sliced-work.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { bodyFormat, invalidBody, readBody, tooMany, type CutItems } from '../bodies/event-body.ts'
import type { GatewayEnv } from '../http/request-context.ts'
import {
  addRoute,
  contentEncodingParameter,
  jsonContent,
  problems,
  schemaRef,
  type Gateway,
  type RouteOptions,
} from '../http/route.ts'
import type { AcceptEvents } from './event-acceptance.ts'
import { waitParameter } from './events.ts'
import { eventOfHook, hookSources, itemsOfBody, type Hook } from './hook-mapping.ts'

/** Most objects and arrays entries of a body, which also limits its nesting. */
const entriesMax = 100_000

/** Adds POST /v1/hooks/{name}. */
export function addHookRoutes(
  app: Gateway,
  options: RouteOptions & {
    readonly config: Pick<Config, 'gateway'>
    readonly accept: AcceptEvents
  },
): void {
  const { config, accept } = options
  const { hooks } = config.gateway
  const sourcesOf = new Map(Object.entries(hooks).map(([name, hook]) => [name, hookSources(hook)]))
  // Many systems sign what they send but cannot send a key, so a signature is enough.
  const authorize: MiddlewareHandler<GatewayEnv> = (c, next) => {
    const name = c.req.param('name') ?? ''
    const isSigned = Object.hasOwn(hooks, name) && hooks[name]!.secret !== undefined
    if (!isSigned) return options.authorize('ingest')(c, next)
    c.set('caller', `hook ${name}`)
    c.set('callerName', name)
    c.set('scopes', ['ingest'])
    return next()
  }
  const middleware = [authorize, options.admit]
  addRoute(
    app,
    { ...postHook(config.gateway), middleware },
    async (c: Context<GatewayEnv, string>) => {
      const name = c.req.param('name')
      const hook = Object.hasOwn(hooks, name!) ? hooks[name!] : undefined
      if (hook === undefined) {
        throw new WinnowError('not_found', 'There is no hook of this name in gateway.hooks')
      }
      if (bodyFormat(c.req) !== 'json') {
        throw new WinnowError('media_type_unsupported', 'Send Content-Type: application/json')
      }
      const given = hook.secret === undefined ? undefined : c.req.header(hook.signatureHeader)
      return accept(c, {
        cut: (body) => cutHookBody(body, { hook, given, itemsMax: config.gateway.batchEventsMax }),
        eventOf: (item) => eventOfHook(item, sourcesOf.get(name!)!),
        besides: name!,
      })
    },
  )
}

/** The items of the body. Throws `unauthorized` before the body is parsed, and `body_invalid`. */
function* cutHookBody(
  body: Uint8Array,
  options: { readonly hook: Hook; readonly given: string | undefined; readonly itemsMax: number },
): Work<CutItems> {
  const { hook, given, itemsMax } = options
  if (hook.secret !== undefined && !isSigned(body, { secret: hook.secret, given })) {
    throw new WinnowError(
      'unauthorized',
      `The header ${hook.signatureHeader} is not the signature of this body with the secret of the hook`,
    )
  }
  yield
  const read = yield* readBody(body, entriesMax)
  if (read.kind === 'unreadable') throw invalidBody(`The body: ${read.error.message}`)
  const items = itemsOfBody(read.value, hook)
  if (items.kind === 'rejected') throw invalidBody(`In this hook, ${items.defects[0]!.message}`)
  if (items.item.length === 0) throw invalidBody('The body holds no event')
  if (items.item.length > itemsMax) throw tooMany(itemsMax)
  return {
    count: items.item.length,
    read: (index) => ({ kind: 'value', value: items.item[index] }),
  }
}

/** HMAC-SHA256 in hex, alone or as `sha256=HEX`, which is GitHub's form. Takes constant time. */
function isSigned(
  body: Uint8Array,
  { secret, given }: { secret: string; given: string | undefined },
): boolean {
  const hex = /^(?:sha256=)?([0-9a-f]{64})$/i.exec(given?.trim() ?? '')?.[1]
  if (hex === undefined) return false
  const own = createHmac('sha256', secret).update(body).digest()
  return timingSafeEqual(own, Buffer.from(hex, 'hex'))
}

const postHook = (gateway: Config['gateway']): RouteConfig => ({
  method: 'post',
  path: '/v1/hooks/{name}',
  summary: 'Take a webhook of another system',
  description:
    'The mapping of this name in gateway.hooks says where in the JSON body the fields of the events are. ' +
    'If the hook has a secret, the body must be signed with HMAC-SHA256, and no key is needed.',
  tags: ['events'],
  security: [{ bearer: ['ingest'] }],
  parameters: [
    {
      name: 'name',
      in: 'path',
      required: true,
      schema: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' },
      description: 'The name of the hook in gateway.hooks.',
    },
    waitParameter(gateway),
    contentEncodingParameter,
  ],
  request: {
    body: { required: true, content: { 'application/json': { schema: {} } } },
  },
  responses: {
    202: {
      description: 'The broker has acknowledged all events. With wait: `pending` names some.',
      content: {
        'application/json': {
          schema: { oneOf: [schemaRef('AcceptedEvents'), schemaRef('AwaitedEvents')] },
        },
      },
    },
    200: {
      description: 'With wait: every event has a result or a dead letter.',
      content: jsonContent('AwaitedEvents'),
    },
    ...problems([400, 401, 403, 404, 408, 409, 413, 415, 422, 500, 502, 503, 504]),
  },
})
