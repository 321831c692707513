// GET /v1/labelling/agreement and /v1/labelling/suspicious: how well people label. The first
// compares people with each other, the second with a model.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import { characters } from '../../schemas/characters.ts'
import type { LabellingReader } from '../../schemas/ports/labelling-reader.ts'
import { limitUpTo, noParameters, readQuery } from '../http/query-parameters.ts'
import { textViewOf } from '../http/text-view.ts'
import { addRoute, addSchemas, jsonContent, problems, queryParameters } from '../http/route.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'
import type { ModelControl } from '../models/model-control.ts'
import { cohenKappa } from './cohen-kappa.ts'

/** The least score of a model that contradicts a person. */
const scoreMinDefault = 0.8

/** Adds the routes of the quality of labels. */
export function addLabelQualityRoutes(
  app: Gateway,
  options: RouteOptions & { readonly labelling: LabellingReader; readonly models: ModelControl },
): void {
  const { labelling, models } = options
  const middleware = [options.authorize('read'), options.admit]
  addSchemas(app, { LabelAgreement: agreementJson, SuspiciousLabels: suspiciousJson })
  addRoute(app, { ...getAgreement, middleware }, async (c) => {
    readQuery(c.req.queries(), noParameters)
    const { people, pairs } = await c.get('work').run(() => labelling.agreement())
    return c.json({
      people: [...people],
      pairs: pairs.map(({ a, b, ...counts }) => ({
        ...{ a, b, events: counts.events, agreement: counts.agreeing / counts.events },
        kappa: cohenKappa(counts),
      })),
    } satisfies z.output<typeof agreementJson>)
  })
  addRoute(app, { ...getSuspicious, middleware }, async (c) => {
    const query = readQuery(c.req.queries(), suspiciousQuery)
    const work = c.get('work')
    const { name, version } = await work.run(() => models.describe(query.model))
    const scoreMin = query.scoreMin === undefined ? scoreMinDefault : Number(query.scoreMin)
    const limit = Number(query.limit ?? 50)
    const filter = { model: name, version, scoreMin, limit }
    const found = await work.run(() => labelling.suspicious(filter))
    const { show } = textViewOf(c)
    const items = found.map(({ eventId, text, model, version: by, ...rest }) => ({
      ...{ id: eventId, text: show(text), ...rest },
      model: `${model}@${by}`,
    }))
    return c.json({ items } satisfies z.output<typeof suspiciousJson>)
  })
}

const suspiciousQuery = z.strictObject({
  model: characters(1, 80)
    .optional()
    .describe('NAME or NAME@VERSION; by default the model that the gateway serves.'),
  limit: limitUpTo(200).optional().describe('Most labels, 1 to 200; 50 by default.'),
  scoreMin: z
    .string()
    .regex(/^(0(\.[0-9]{1,6})?|1(\.0{1,6})?)$/, 'must be a number from 0 to 1')
    .optional()
    .describe(`The least score of the model, 0 to 1; ${scoreMinDefault} by default.`),
})

const agreementJson = z
  .strictObject({
    people: z.array(z.strictObject({ by: z.string(), labels: z.int() })),
    pairs: z.array(
      z.strictObject({
        a: z.string(),
        b: z.string(),
        events: z.int().describe('Events that both labelled.'),
        agreement: z.number().describe('The share of them with the same label.'),
        kappa: z
          .number()
          .nullable()
          .describe("Cohen's kappa; null if both always gave the same single label."),
      }),
    ),
  })
  .meta({
    examples: [
      {
        people: [
          { by: 'ann', labels: 60 },
          { by: 'ben', labels: 50 },
        ],
        pairs: [{ a: 'ann', b: 'ben', events: 50, agreement: 0.7, kappa: 0.4 }],
      },
    ],
  })
const suspiciousJson = z
  .strictObject({
    items: z.array(
      z.strictObject({
        id: z.string().describe('The event id.'),
        text: z.string(),
        given: z.string().describe('What the person said.'),
        by: z.string(),
        predicted: z.string().describe('What the model says.'),
        score: z.number(),
        model: z.string().describe('NAME@VERSION.'),
      }),
    ),
  })
  .meta({
    examples: [
      {
        items: [
          {
            id: 'winnow.events/3/17',
            text: 'Cheap watches, click here',
            given: 'ham',
            by: 'ann',
            predicted: 'spam',
            score: 0.97,
            model: 'mail@1',
          },
        ],
      },
    ],
  })

const shared = {
  method: 'get' as const,
  tags: ['labelling'],
  security: [{ bearer: ['read'] }],
}
const getAgreement: RouteConfig = {
  ...shared,
  path: '/v1/labelling/agreement',
  summary: 'How far people agree',
  description:
    "People by their number of labels, and for each two the agreement and Cohen's kappa on the events that " +
    'both labelled. The latest label of a person counts.',
  responses: {
    200: {
      description: 'Those with the most labels first.',
      content: jsonContent('LabelAgreement'),
    },
    ...problems([400, 401, 403, 500, 502, 503, 504]),
  },
}
const getSuspicious: RouteConfig = {
  ...shared,
  path: '/v1/labelling/suspicious',
  summary: 'Labels of people that a model contradicts',
  description: 'The model is sure of a label that the person did not give; either may be wrong.',
  parameters: queryParameters(suspiciousQuery),
  responses: {
    200: { description: 'The surest first.', content: jsonContent('SuspiciousLabels') },
    ...problems([400, 401, 403, 404, 500, 502, 503, 504]),
  },
}
