// Adds routes: handler and OpenAPI description in one call, so that neither exists without the
// other. zod turns schemas into JSON Schema, which OpenAPI 3.1 uses.
import type { OpenAPIHono, RouteConfig } from '@hono/zod-openapi'
import type { Handler, MiddlewareHandler } from 'hono'
import { z } from 'zod'
import type { Authorize } from './auth.ts'
import { contentCodings } from '../bodies/content-coding.ts'
import { operationErrors, type OperationErrorCode } from '../../schemas/errors.ts'
import type { ProblemStatus } from './problem.ts'
import type { GatewayEnv } from './request-context.ts'

/** The Hono app of the gateway. */
export type Gateway = OpenAPIHono<GatewayEnv>

/** What every group of routes gets. */
export type RouteOptions = {
  readonly authorize: Authorize
  /** Limits the requests that do work; probes bypass it. */
  readonly admit: MiddlewareHandler<GatewayEnv>
  /** Epoch milliseconds. */
  readonly clock: () => number
}

/**
 * Adds a route with its description. A parameter at the end of the path may hold slashes and line
 * breaks, because event ids do: `/v1/results/winnow.events/3/17`.
 */
export function addRoute(
  app: Gateway,
  route: RouteConfig & { readonly middleware: readonly MiddlewareHandler<GatewayEnv>[] },
  handler: Handler<GatewayEnv>,
): void {
  const { middleware, ...description } = route
  app.openAPIRegistry.registerPath({ ...description, ...completed(description) })
  const path = route.path.replace(/\{(\w+)\}$/, ':$1{[\\s\\S]+}').replace(/\{(\w+)\}\//g, ':$1/')
  const named: MiddlewareHandler<GatewayEnv> = async (c, next) => {
    c.set('route', route.path)
    await next()
  }
  app.on(route.method.toUpperCase(), path, named, ...middleware, handler)
}

/**
 * What every operation has: an `operationId`, which names it in generated clients, a description,
 * `security`, and the refusal of a head that is too large. A bearer scheme has no scopes, so the
 * description and `x-scope` name them.
 */
function completed(route: RouteConfig): Partial<RouteConfig> {
  const scopes = route.security?.find((each) => 'bearer' in each)?.['bearer']
  const scope = scopes?.[0]
  const described = route.description ?? `${route.summary}.`
  return {
    operationId: route.operationId ?? operationIdOf(route),
    description:
      scope === undefined ? described : `${described}\n\nNeeds a key with the scope \`${scope}\`.`,
    security: scopes === undefined ? [] : [{ bearer: [] }],
    ...(scope !== undefined && { 'x-scope': scope }),
    responses: { ...route.responses, 431: headTooLarge },
  }
}

/** Node refuses such a request before any route sees it, so the answer has no body. */
const headTooLarge = {
  description: 'The request line and the headers are together larger than 16 KiB.',
}

/** `getResultsById` for GET /v1/results/{id}. */
function operationIdOf({ method, path }: RouteConfig): string {
  const parts = path
    .replace(/^\/v1\//, '/')
    .split('/')
    .filter((part) => part !== '')
    .map((part) => part.replace(/^\{(\w+)\}$/, 'by-$1'))
    .flatMap((part) => part.split(/[^A-Za-z0-9]+/))
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
  return method + (parts.length === 0 ? 'Root' : parts.join(''))
}

/**
 * Adds named schemas to the description. Where one of them contains another one, it refers to it.
 */
export function addSchemas(app: Gateway, schemas: Readonly<Record<string, z.ZodType>>): void {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id })
  const described = z.toJSONSchema(registry, {
    io: 'input',
    uri: (id) => schemaRef(id).$ref,
    // zod leaves out the examples of schemas that preprocess their input.
    override: ({ zodSchema, jsonSchema }) => {
      const examples = z.globalRegistry.get(zodSchema)?.['examples'] as unknown[] | undefined
      if (examples !== undefined) jsonSchema.examples = examples
    },
  })
  for (const [name, schema] of Object.entries(described.schemas)) {
    const json: Record<string, unknown> = { ...schema }
    // OpenAPI 3.1 names the dialect once for the whole document, and schemas by their place.
    delete json['$schema']
    delete json['$id']
    app.openAPIRegistry.registerComponent('schemas', name, json)
  }
}

/** A reference to a schema that `addSchemas` added. */
export function schemaRef(name: string): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` }
}

/** The description of a JSON body with a named schema. */
export function jsonContent(name: string) {
  return { 'application/json': { schema: schemaRef(name) } }
}

/** Describes the query parameters of a route from the schema that also validates them. */
export function queryParameters(schema: z.ZodObject) {
  const json = z.toJSONSchema(schema, { io: 'input' })
  const required = new Set(json.required)
  return Object.entries(json.properties ?? {}).map(([name, property]) => {
    const { description, ...rest } = property as { description?: string }
    return { name, in: 'query' as const, required: required.has(name), description, schema: rest }
  })
}

/** What each error status means, and the codes that routes answer with. */
export const problemMeanings = {
  400: {
    text: 'The body, a header or a parameter is malformed.',
    codes: ['parameter_invalid', 'body_invalid'],
  },
  401: { text: 'A valid API key is needed.', codes: ['unauthorized'] },
  403: {
    text: 'The API key lacks the scope; or, in a gateway without keys, the request came from another site.',
    codes: ['forbidden'],
  },
  404: {
    text: 'There is no such thing.',
    codes: ['not_found', 'model_not_found'],
  },
  408: { text: 'The body did not arrive in time.', codes: ['body_timeout'] },
  409: {
    text: 'It contradicts what is there: the Idempotency-Key was used for another body, or a version is in use.',
    codes: ['idempotency_conflict', 'version_conflict', 'version_in_use', 'run_in_use'],
  },
  410: { text: 'The cursor is too old.', codes: ['cursor_expired'] },
  413: {
    text: 'The body is too large, compressed or decompressed, or holds too many items.',
    codes: ['body_too_large', 'batch_too_large'],
  },
  415: {
    text: 'The content type, or the Content-Encoding, is not supported.',
    codes: ['media_type_unsupported'],
  },
  422: {
    text: 'The request is well-formed, but cannot be done; `errors` names invalid items by their index.',
    codes: ['items_invalid', 'model_incompatible', 'publish_refused'],
  },
  429: {
    text: 'The caller sent too much within a minute; see Retry-After.',
    codes: ['rate_limited'],
  },
  500: { text: 'A defect in Winnow.', codes: ['internal'] },
  501: {
    text: 'The tables in ClickHouse are spread over servers in a way that does not allow this.',
    codes: ['analytics_unsupported'],
  },
  502: {
    text: 'The broker, the database or the artifact store refused for good.',
    codes: ['broker_refused', 'analytics_refused', 'store_refused'],
  },
  503: {
    text: 'Overloaded, or a dependency of the gateway does not answer; see Retry-After.',
    codes: ['queue_full', 'broker_unavailable', 'analytics_unavailable', 'model_unavailable'],
  },
  504: { text: 'The request was not answered in time.', codes: ['deadline_exceeded'] },
} as const satisfies Partial<
  Record<ProblemStatus, { readonly text: string; readonly codes: readonly OperationErrorCode[] }>
>

/**
 * The error responses of a route, for its description: what each means, its codes, an example.
 * Routes that can refuse because of load also limit each caller (429). `meanings` replaces what a
 * status usually means.
 */
export function problems(
  statuses: readonly (keyof typeof problemMeanings)[],
  meanings: Partial<Record<keyof typeof problemMeanings, string>> = {},
) {
  const isLimited = statuses.includes(401) && statuses.includes(503)
  return Object.fromEntries(
    [...statuses, ...(isLimited ? ([429] as const) : [])].map((status) => {
      const { text, codes } = problemMeanings[status]
      const description = `${meanings[status] ?? text} Codes: ${codes.map((code) => `\`${code}\``).join(', ')}.`
      const example = exampleProblem(codes[0], status)
      return [
        status,
        {
          description,
          content: { 'application/problem+json': { schema: schemaRef('Problem'), example } },
          ...((status === 503 || status === 429) && { headers: { 'Retry-After': retryAfter } }),
        },
      ]
    }),
  )
}

/** A problem document as routes send it. */
function exampleProblem(code: OperationErrorCode, status: ProblemStatus) {
  const { meaning } = operationErrors[code]
  return {
    type: `urn:winnow:error:${code}`,
    title: meaning,
    status,
    detail: meaning,
    code,
    instance: 'urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1',
  }
}

/** The Content-Encoding header of routes with a body, for their description. */
export const contentEncodingParameter = {
  name: 'Content-Encoding',
  in: 'header' as const,
  schema: { type: 'string' as const, enum: ['', 'identity', ...contentCodings] },
  description:
    'How the body is compressed. gateway.bodyBytesMax limits the compressed and the decompressed body.',
}

const retryAfter = { description: 'Seconds to wait.', schema: { type: 'integer' as const } }
