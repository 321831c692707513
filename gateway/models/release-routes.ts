// POST /v1/models/{name}/promote, rollback, challenge and shadow: change the roles of versions.
// Running consumers and gateways follow within seconds. Each request leaves an audit entry.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import { characters } from '../../schemas/characters.ts'
import type { ModelAnnouncement } from '../../schemas/model-announcement.ts'
import type { AuditLog } from '../../schemas/ports/audit-log.ts'
import { actorOf, audited } from '../audit/audited.ts'
import { noParameters, readQuery } from '../http/query-parameters.ts'
import { invalidBody } from '../bodies/event-body.ts'
import {
  addRoute,
  addSchemas,
  contentEncodingParameter,
  jsonContent,
  problems,
} from '../http/route.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'
import { readJson, type BodyLimit } from '../http/json-request.ts'
import type { ModelChange, ModelControl } from './model-control.ts'
import { modelNameParameter } from './model-routes.ts'

type Options = RouteOptions & { readonly models: ModelControl; readonly audit: AuditLog }

/** Adds the routes that change models. */
export function addReleaseRoutes(app: Gateway, options: Options): void {
  const { models } = options
  addSchemas(app, {
    PromoteRequest: promoteRequest,
    RollbackRequest: rollbackRequest,
    ShareRequest: shareRequest,
    ModelChange: changeJson,
  })
  const add = changeAdder(app, options)
  add(postPromote, promoteRequest, { verb: 'promote', run: (request) => models.promote(request) })
  add(postRollback, rollbackRequest, {
    verb: 'rollback',
    run: (request) => models.rollBack(request),
  })
  add(postChallenge, shareRequest, {
    verb: 'challenge',
    run: (request) => models.side({ role: 'challenger', ...request }),
  })
  add(postShadow, shareRequest, {
    verb: 'shadow',
    run: (request) => models.side({ role: 'shadow', ...request }),
  })
}

type ChangeBody = { readonly reason: string; readonly version?: string }

function changeAdder(app: Gateway, options: Options) {
  const middleware = [options.authorize('admin'), options.admit]
  return <Schema extends z.ZodType<ChangeBody>>(
    route: RouteConfig,
    schema: Schema,
    change: {
      readonly verb: string
      readonly run: (
        request: z.output<Schema> & { name: string; by: string; signal: AbortSignal },
      ) => Promise<ModelChange>
    },
  ): void => {
    const { verb, run } = change
    addRoute(app, { ...route, middleware }, async (c) => {
      readQuery(c.req.queries(), noParameters)
      const name = c.req.param('name')!
      const request = await readJson(c, schema, changeLimit)
      const { reason, version } = request
      const action = {
        ...{ audit: options.audit, clock: options.clock },
        action: `models.${verb}`,
        target: version === undefined ? name : `${name}@${version}`,
        reason,
      }
      const by = actorOf(c)
      const changed = await c
        .get('work')
        .run((signal) => audited(c, action, () => run({ ...request, name, by, signal })))
      return c.json(changeDocument(changed))
    })
  }
}

const changeLimit: BodyLimit = {
  entriesMax: 64,
  tooMany: () => invalidBody('The body holds more than the fields of this request'),
}

function changeDocument({ before, state }: ModelChange): z.output<typeof changeJson> {
  return { before: before === undefined ? null : stateJson(before), state: stateJson(state) }
}

/** A state without the places of files, which are nobody's business outside. */
function stateJson(state: ModelAnnouncement): z.output<typeof stateShape> {
  const { name, kind, version, champion, previous, challenger, shadow, by, reason } = state
  return {
    ...{ name, kind, version, champion, previous, challenger, shadow, by, reason },
    at: new Date(state.atMs).toISOString(),
  }
}

const why = characters(1, 500).regex(/\S/, 'must say why').describe('Why, for the record.')
const versionNumber = z
  .string()
  .regex(/^[1-9][0-9]{0,9}$/, 'must be the number of a version')
  .describe('The number of the version.')
const force = why
  .optional()
  .describe('The reason to overrule a gate that refuses the version; it is recorded.')

const promoteRequest = z
  .strictObject({ version: versionNumber, reason: why, force })
  .meta({ examples: [{ version: '2', reason: 'better on refunds' }] })
const rollbackRequest = z
  .strictObject({ reason: why })
  .meta({ examples: [{ reason: 'too many refunds' }] })
const shareRequest = z
  .strictObject({
    version: versionNumber,
    percent: z.number().min(0).max(100).describe('Share of the events; 0 ends the role.'),
    reason: why,
    force,
  })
  .meta({ examples: [{ version: '2', percent: 10, reason: 'try the new labels' }] })

const secondary = z.strictObject({ version: z.string(), percent: z.number() }).nullable()
const stateShape = z.strictObject({
  name: z.string(),
  kind: z.string().describe('published, promoted, rolled-back, challenged or shadowed.'),
  version: z.string().describe('The version that it happened to.'),
  champion: z.string().nullable(),
  previous: z.array(z.string()).describe('Earlier champions, the latest last.'),
  challenger: secondary,
  shadow: secondary,
  by: z.string(),
  reason: z.string(),
  at: z.iso.datetime(),
})
const changeJson = z
  .strictObject({ before: stateShape.nullable(), state: stateShape })
  .describe('The state of the model before the change and after it.')

const shared = {
  method: 'post' as const,
  tags: ['models'],
  security: [{ bearer: ['admin'] }],
  parameters: [modelNameParameter, contentEncodingParameter],
  responses: {
    200: { description: 'Announced to all consumers.', content: jsonContent('ModelChange') },
    ...problems([400, 401, 403, 404, 408, 409, 413, 415, 422, 500, 502, 503, 504], {
      409: 'The version cannot have this role now.',
      422: 'The gate refuses the version; `force` gives a reason to overrule it.',
    }),
  },
}

const postPromote: RouteConfig = {
  ...shared,
  path: '/v1/models/{name}/promote',
  summary: 'Make a version the champion',
  description:
    'Makes a version the champion, as `winnow models promote` does. The version must have passed the gate, ' +
    'or pass it now by its recorded metrics; `force` overrules a refusal.',
  request: { body: { required: true, content: jsonContent('PromoteRequest') } },
}
const postRollback: RouteConfig = {
  ...shared,
  path: '/v1/models/{name}/rollback',
  summary: 'Go back to the previous champion',
  description: 'Makes the previous champion the champion again.',
  request: { body: { required: true, content: jsonContent('RollbackRequest') } },
}
const postChallenge: RouteConfig = {
  ...shared,
  path: '/v1/models/{name}/challenge',
  summary: 'Let a version answer for a share of the events',
  description:
    'The version answers instead of the champion for a share of the events, drawn by their ids. It must pass ' +
    'the gate. 0 percent ends the role.',
  request: { body: { required: true, content: jsonContent('ShareRequest') } },
}
const postShadow: RouteConfig = {
  ...shared,
  path: '/v1/models/{name}/shadow',
  summary: 'Let a version classify a share of the events for comparison',
  description:
    'The version also classifies a share of the events, drawn by their ids, and answers for none. 0 percent ends ' +
    'the role.',
  request: { body: { required: true, content: jsonContent('ShareRequest') } },
}
