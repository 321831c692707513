// Adds routes: handler and OpenAPI description in one call, so that neither exists without the
// other. zod turns schemas into JSON Schema, which OpenAPI 3.1 uses.
import type { OpenAPIHono, RouteConfig } from '@hono/zod-openapi'
import type { Handler, MiddlewareHandler } from 'hono'
import { z } from 'zod'
import type { Authorize } from './auth.ts'
import { contentCodings } from '../bodies/content-coding.ts'
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
  app.openAPIRegistry.registerPath(description)
  const path = route.path.replace(/\{(\w+)\}$/, ':$1{[\\s\\S]+}').replace(/\{(\w+)\}\//g, ':$1/')
  const named: MiddlewareHandler<GatewayEnv> = async (c, next) => {
    c.set('route', route.path)
    await next()
  }
  app.on(route.method.toUpperCase(), path, named, ...middleware, handler)
}

/** Adds named schemas to the description. */
export function addSchemas(app: Gateway, schemas: Readonly<Record<string, z.ZodType>>): void {
  for (const [name, schema] of Object.entries(schemas)) {
    const json: Record<string, unknown> = {
      ...z.toJSONSchema(schema, {
        io: 'input',
        // zod leaves out the examples of schemas that preprocess their input.
        override: ({ zodSchema, jsonSchema }) => {
          const examples = z.globalRegistry.get(zodSchema)?.['examples'] as unknown[] | undefined
          if (examples !== undefined) jsonSchema.examples = examples
        },
      }),
    }
    // OpenAPI 3.1 names the dialect once for the whole document.
    delete json['$schema']
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

const problemMeanings = {
  400: 'The body, a header or a parameter is malformed.',
  401: 'A valid API key is needed.',
  403: 'The API key lacks the scope; or, in a gateway without keys, the request came from another site.',
  404: 'Not found.',
  408: 'The body did not arrive in time.',
  409: 'The Idempotency-Key was used for another body.',
  413: 'The body is too large, compressed or decompressed, or holds too many items.',
  415: 'The content type, or the Content-Encoding, is not supported.',
  422: 'At least one item is invalid; `errors` names each by its index.',
  500: 'A defect in Winnow.',
  502: 'The broker or the database refused for good.',
  503: 'Overloaded, or a dependency of the gateway does not answer; see Retry-After.',
  504: 'The request was not answered in time.',
} as const

/**
 * The error responses of a route, for its description. `meanings` replaces what a status usually
 * means.
 */
export function problems(
  statuses: readonly (keyof typeof problemMeanings)[],
  meanings: Partial<Record<keyof typeof problemMeanings, string>> = {},
) {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: meanings[status] ?? problemMeanings[status],
        content: { 'application/problem+json': { schema: schemaRef('Problem') } },
        ...(status === 503 && { headers: { 'Retry-After': retryAfter } }),
      },
    ]),
  )
}

/** The Content-Encoding header of routes with a body, for their description. */
export const contentEncodingParameter = {
  name: 'Content-Encoding',
  in: 'header' as const,
  schema: { type: 'string' as const, enum: ['identity', ...contentCodings] },
  description:
    'How the body is compressed. gateway.bodyBytesMax limits the compressed and the decompressed body.',
}

const retryAfter = { description: 'Seconds to wait.', schema: { type: 'integer' as const } }
