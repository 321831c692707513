// GET /v1/me: what the caller may do, and what this gateway can. The dashboard asks it first.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import { scopeNames } from '../../configs/schema.ts'
import { packageVersion } from '../../configs/package-version.ts'
import type { OnlineExplainer, OnlineModels } from '../http/dependencies.ts'
import { textViewOf } from '../http/text-view.ts'
import { addRoute, addSchemas, jsonContent, problems } from '../http/route.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'

/** Adds GET /v1/me. */
export function addCallerRoute(
  app: Gateway,
  options: RouteOptions & {
    readonly isOpen: () => boolean
    readonly models: OnlineModels | undefined
    readonly explainer: OnlineExplainer | undefined
  },
): void {
  const { isOpen, models, explainer } = options
  const version = packageVersion()
  addSchemas(app, { Me: meJson })
  addRoute(app, { ...getMe, middleware: [options.authorize('any')] }, (c) =>
    c.json({
      caller: c.get('callerName') ?? null,
      scopes: c.get('scopes'),
      textsMasked: textViewOf(c).isMasked,
      keysRequired: !isOpen(),
      model: models?.serving ?? null,
      explain: explainer !== undefined,
      version,
    } satisfies z.output<typeof meJson>),
  )
}

const meJson = z
  .strictObject({
    caller: z.string().nullable().describe('The name of the API key; null without one.'),
    scopes: z.array(z.enum(scopeNames)).readonly(),
    textsMasked: z
      .boolean()
      .describe(
        'Whether stored texts come without mail addresses, phone, card and account numbers.',
      ),
    keysRequired: z.boolean().describe('Whether this gateway has API keys.'),
    model: z.string().nullable().describe('The model that classifies now, NAME@VERSION.'),
    explain: z.boolean().describe('Whether POST /v1/explain can answer.'),
    version: z.string().describe("The gateway's release."),
  })
  .meta({
    examples: [
      {
        caller: 'dashboard',
        scopes: ['read'],
        textsMasked: false,
        keysRequired: true,
        model: 'mail@3',
        explain: true,
        version: '0.1.0',
      },
    ],
  })

const getMe: RouteConfig = {
  method: 'get',
  path: '/v1/me',
  summary: 'What the caller may do',
  description: 'The scopes of the API key, and what this gateway offers. Any valid key will do.',
  tags: ['probes'],
  security: [{ bearer: [] }],
  responses: {
    200: { description: 'The caller.', content: jsonContent('Me') },
    ...problems([400, 401, 403, 500]),
  },
}
