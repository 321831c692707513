// GET /v1/models and what can be read of one model: its releases, the comparison of two versions,
// the report of one. release-routes.ts changes roles.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import { WinnowError } from '../../schemas/errors.ts'
import { limitUpTo, noParameters, readQuery } from '../http/query-parameters.ts'
import { reportNeeds, reportResponse, storedReport } from '../http/stored-report.ts'
import { addRoute, addSchemas, jsonContent, problems, queryParameters } from '../http/route.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'
import { requireWholeTexts } from '../http/text-view.ts'
import type { ModelControl } from './model-control.ts'

type Listed = Awaited<ReturnType<ModelControl['list']>>[number]

/** Adds the routes that read models. */
export function addModelRoutes(
  app: Gateway,
  options: RouteOptions & { readonly models: ModelControl },
): void {
  const { models } = options
  const middleware = [options.authorize('read'), options.admit]
  addSchemas(app, {
    ModelList: modelList,
    ModelReleases: modelReleases,
    ModelComparison: modelComparison,
  })
  addRoute(app, { ...getModels, middleware }, async (c) => {
    readQuery(c.req.queries(), noParameters)
    const versions = await c.get('work').run(() => models.list())
    const byName = Map.groupBy(versions, ({ name }) => name)
    return c.json({
      serving: models.serving() ?? null,
      models: [...byName].map(([name, ones]) => ({ name, versions: ones.map(versionJson) })),
    } satisfies z.output<typeof modelList>)
  })
  addRoute(app, { ...getReleases, middleware }, async (c) => {
    const { limit } = readQuery(c.req.queries(), releaseQuery)
    const name = c.req.param('name')!
    const found = await c.get('work').run(() => models.releases(name, Number(limit ?? 100)))
    const releases = found.map(({ atMs, ...one }) => ({ at: new Date(atMs).toISOString(), ...one }))
    return c.json({ releases } satisfies z.output<typeof modelReleases>)
  })
  addRoute(app, { ...getComparison, middleware }, async (c) => {
    const pair = readQuery(c.req.queries(), comparisonQuery)
    const compared = await c.get('work').run(() => models.compare(c.req.param('name')!, pair))
    return c.json(compared satisfies z.output<typeof modelComparison>)
  })
  addRoute(app, { ...getReport, middleware }, async (c) => {
    readQuery(c.req.queries(), noParameters)
    requireWholeTexts(c, reportNeeds)
    const { name, version } = c.req.param() as { name: string; version: string }
    const report = await c.get('work').run(() => models.report(name, version))
    if (report !== undefined) return storedReport(c, report)
    throw new WinnowError('not_found', `${name}@${version} has no report`)
  })
}

function versionJson(one: Listed): z.output<typeof versionShape> {
  const { name, version, created, bytes, state, roles, accuracy } = one
  const place = { version, model: `${name}@${version}`, created, bytes, state, roles: [...roles] }
  if (one.state === 'damaged') {
    const none = { method: null, base: null, labels: [], precision: null, metrics: {}, run: null }
    return { ...place, ...none, accuracy, reason: one.reason, hasReport: one.hasReport }
  }
  const { method, base, labels, precision, metrics, trainingRun } = one.manifest
  return {
    ...place,
    ...{ method, base, labels, precision, accuracy, metrics: figuresIn(metrics) },
    run: trainingRun,
    hasReport: one.hasReport,
  }
}

/** The metrics that are one number or one word; tables such as the confusion matrix are long. */
function figuresIn(metrics: Readonly<Record<string, unknown>>): Record<string, number | string> {
  const short = Object.entries(metrics).filter(
    (entry): entry is [string, number | string] =>
      typeof entry[1] === 'number' || typeof entry[1] === 'string',
  )
  return Object.fromEntries(short)
}

/** The path parameter NAME of a model. */
export const modelNameParameter = {
  name: 'name',
  in: 'path' as const,
  required: true,
  schema: { type: 'string' as const },
  description: 'The name of the model.',
}

const versionParameter = {
  name: 'version',
  in: 'path' as const,
  required: true,
  schema: { type: 'string' as const },
  description: 'The number of the version.',
}

const releaseQuery = z.strictObject({
  limit: limitUpTo(500).optional().describe('Most releases, 1 to 500; 100 by default.'),
})
const versionWord = z
  .string()
  .regex(/^([1-9][0-9]{0,9}|champion)$/, 'must be the number of a version, or champion')
const comparisonQuery = z.strictObject({
  a: versionWord.describe('The first version: its number, or champion.'),
  b: versionWord.describe('The second version: its number, or champion.'),
})

const roleShape = z.strictObject({
  kind: z.enum(['champion', 'challenger', 'shadow', 'previous', 'pinned']),
  percent: z.number().optional().describe('Share of the events of a challenger or shadow.'),
})
const versionShape = z.strictObject({
  version: z.string(),
  model: z.string().describe('NAME@VERSION.'),
  created: z.iso.datetime().nullable(),
  method: z.string().nullable(),
  base: z.string().nullable(),
  labels: z.array(z.string()),
  precision: z.string().nullable(),
  bytes: z.int().describe('Size of all files.'),
  state: z.enum(['readable', 'damaged']),
  reason: z.string().optional().describe('Why a damaged version cannot be read.'),
  roles: z.array(roleShape),
  accuracy: z.number().nullable(),
  metrics: z.record(z.string(), z.union([z.number(), z.string()])),
  run: z.string().nullable().describe('The run that trained it.'),
  hasReport: z.boolean(),
})
const modelList = z
  .strictObject({
    serving: z.string().nullable().describe('The version that this gateway answers with.'),
    models: z.array(z.strictObject({ name: z.string(), versions: z.array(versionShape) })),
  })
  .meta({
    examples: [
      {
        serving: 'mail@1',
        models: [
          {
            name: 'mail',
            versions: [
              {
                version: '1',
                model: 'mail@1',
                created: '2026-01-31T12:05:01.000Z',
                method: 'head',
                base: 'minilm-l6',
                labels: ['ham', 'spam'],
                precision: 'fp32',
                bytes: 90_000_000,
                state: 'readable',
                roles: [{ kind: 'champion' }],
                accuracy: 0.98,
                metrics: { accuracy: 0.98, macroF1: 0.97 },
                run: '20260131T120501-mail-1f9c2e',
                hasReport: true,
              },
            ],
          },
        ],
      },
    ],
  })
const modelReleases = z
  .strictObject({
    releases: z.array(
      z.strictObject({
        at: z.iso.datetime(),
        kind: z
          .string()
          .describe('publish, promote, rollback, challenge, shadow, refusal or swap.'),
        version: z.string(),
        by: z.string(),
        reason: z.string(),
      }),
    ),
  })
  .meta({
    examples: [
      {
        releases: [
          {
            at: '2026-01-31T12:00:00.000Z',
            kind: 'promote',
            version: '2',
            by: 'dashboard',
            reason: 'better on refunds',
          },
        ],
      },
    ],
  })
const judgedShape = z.strictObject({
  labelled: z.int(),
  accuracyA: z.number(),
  accuracyB: z.number(),
  onlyARight: z.int(),
  onlyBRight: z.int(),
  pValue: z.number().describe("McNemar's test, two-sided."),
})
const modelComparison = z
  .strictObject({
    a: z.string(),
    b: z.string(),
    events: z.int().describe('Events that both classified, one of them as a shadow.'),
    agreement: z.number().nullable().describe('Share of them with the same answer.'),
    flips: z
      .array(z.strictObject({ a: z.string(), b: z.string(), events: z.int() }))
      .readonly()
      .describe('The most frequent changes of the answer.'),
    judged: judgedShape.nullable().describe('On events whose label is known.'),
    alone: z
      .array(
        z.strictObject({
          version: z.string(),
          role: z.string(),
          labelled: z.int(),
          accuracy: z.number(),
        }),
      )
      .readonly()
      .describe('Each version on all its own events whose label is known.'),
  })
  .meta({
    examples: [
      {
        a: 'mail@1',
        b: 'mail@2',
        events: 100,
        agreement: 0.97,
        flips: [{ a: 'ham', b: 'spam', events: 3 }],
        judged: null,
        alone: [],
      },
    ],
  })

const shared = {
  method: 'get' as const,
  tags: ['models'],
  security: [{ bearer: ['read'] }],
}

const getModels: RouteConfig = {
  ...shared,
  path: '/v1/models',
  summary: 'All models and their versions',
  description: 'What the model store of the gateway holds. Kept for two seconds.',
  responses: {
    200: { description: 'By name; versions oldest first.', content: jsonContent('ModelList') },
    ...problems([400, 401, 403, 500, 503, 504]),
  },
}
const getReleases: RouteConfig = {
  ...shared,
  path: '/v1/models/{name}/releases',
  summary: 'What happened to a model',
  parameters: [modelNameParameter, ...queryParameters(releaseQuery)],
  responses: {
    200: { description: 'Newest first.', content: jsonContent('ModelReleases') },
    ...problems([400, 401, 403, 404, 500, 502, 503, 504]),
  },
}
const getComparison: RouteConfig = {
  ...shared,
  path: '/v1/models/{name}/compare',
  summary: 'Two versions side by side',
  description: 'Compares two versions on the events that both classified, one of them as a shadow.',
  parameters: [modelNameParameter, ...queryParameters(comparisonQuery)],
  responses: {
    200: { description: 'The comparison.', content: jsonContent('ModelComparison') },
    ...problems([400, 401, 403, 404, 500, 502, 503, 504]),
  },
}
const getReport: RouteConfig = {
  ...shared,
  path: '/v1/models/{name}/versions/{version}/report',
  summary: 'The report of a version',
  parameters: [modelNameParameter, versionParameter],
  responses: { 200: reportResponse, ...problems([400, 401, 403, 404, 500, 503, 504]) },
}
