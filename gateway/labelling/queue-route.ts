// GET /v1/labelling/queue: the events that a person should label next. pick-items.ts chooses among
// the candidates that the LabellingReader ranks.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import { characters } from '../../schemas/characters.ts'
import type { LabellingReader, LabellingReason } from '../../schemas/ports/labelling-reader.ts'
import { limitUpTo, readQuery, wrongParameter } from '../http/query-parameters.ts'
import { textViewOf } from '../http/text-view.ts'
import { addRoute, addSchemas, jsonContent, problems, queryParameters } from '../http/route.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'
import type { ModelControl } from '../models/model-control.ts'
import { itemJson, itemShape, itemExample } from './labelling-item.ts'
import { pickItems, reasonsOf, strategies } from './pick-items.ts'

/** The most candidates of each reason among which items are picked. */
const candidatesMax = 300

/** Adds GET /v1/labelling/queue. */
export function addQueueRoute(
  app: Gateway,
  options: RouteOptions & { readonly labelling: LabellingReader; readonly models: ModelControl },
): void {
  const { labelling, models } = options
  const middleware = [options.authorize('read'), options.admit]
  addSchemas(app, { LabellingQueue: queueJson })
  addRoute(app, { ...getQueue, middleware }, async (c) => {
    const query = readQuery(c.req.queries(), queueQuery)
    const { strategy = 'mixed', source, limit } = query
    const exclude = excludedIds(query.exclude)
    const work = c.get('work')
    const model = await work.run(() => models.describe(query.model))
    const { name, version, labels, thresholds } = model
    const filter = { model: name, version, source, exclude, thresholds, limit: candidatesMax }
    const reasons = reasonsOf(strategy)
    const asked = [...new Set(reasons.map(rankedBy))]
    const found = await work.run(() =>
      Promise.all(
        asked.map(async (reason) => [reason, await labelling.candidates(reason, filter)] as const),
      ),
    )
    const ranked = new Map(found)
    const groups = reasons.map((reason) => ({
      reason,
      candidates: ranked.get(rankedBy(reason)) ?? [],
    }))
    const items = await work.steps(pickItems(groups, Number(limit ?? 20)))
    const view = textViewOf(c)
    return c.json({
      model: version === undefined ? name : `${name}@${version}`,
      labels: [...labels],
      items: items.map(({ reason, candidate }) => ({ ...itemJson(candidate, view), reason })),
    } satisfies z.output<typeof queueJson>)
  })
}

/** A diverse choice is made among the most uncertain. */
function rankedBy(reason: LabellingReason): Exclude<LabellingReason, 'diverse'> {
  return reason === 'diverse' ? 'uncertain' : reason
}

const excludedMax = 200

function excludedIds(text: string | undefined): string[] {
  const ids = (text ?? '').split(',').filter((id) => id !== '')
  if (ids.length <= excludedMax) return ids
  throw wrongParameter('exclude', `must be at most ${excludedMax} event ids`)
}

const queueQuery = z.strictObject({
  model: characters(1, 80)
    .optional()
    .describe('NAME or NAME@VERSION; by default the model that the gateway serves.'),
  strategy: z
    .enum(strategies)
    .optional()
    .describe('Which events to choose; mixed, a few of each kind, by default.'),
  source: characters(1, 256).optional().describe('Only events from this source.'),
  limit: limitUpTo(100).optional().describe('Most items, 1 to 100; 20 by default.'),
  exclude: characters(0, 4_096)
    .optional()
    .describe(`Event ids to leave out, separated by commas; at most ${excludedMax}.`),
})

const queueJson = z
  .strictObject({
    model: z.string().describe('NAME or NAME@VERSION, as asked.'),
    labels: z.array(z.string()).describe('All labels of the model.'),
    items: z.array(
      itemShape.extend({
        reason: z
          .enum(['uncertain', 'diverse', 'out-of-scope', 'disagreement'])
          .describe('Why a label of this event is useful.'),
      }),
    ),
  })
  .meta({
    examples: [
      {
        model: 'mail',
        labels: ['ham', 'spam'],
        items: [{ ...itemExample, reason: 'uncertain' }],
      },
    ],
  })

const getQueue: RouteConfig = {
  method: 'get',
  path: '/v1/labelling/queue',
  summary: 'Events to label next',
  description:
    'Chooses among the newest events of a model those whose label is worth most. Events that a person has ' +
    'labelled are left out, and of texts that are almost the same one is given. POST /v1/labels takes the labels.',
  tags: ['labelling'],
  security: [{ bearer: ['read'] }],
  parameters: queryParameters(queueQuery),
  responses: {
    200: { description: 'The most useful first.', content: jsonContent('LabellingQueue') },
    ...problems([400, 401, 403, 404, 500, 502, 503, 504]),
  },
}
