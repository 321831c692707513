// GET /v1/labelling/similar/{id}: events with texts like that of one event, so that a person can
// label them together.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import { WinnowError } from '../../schemas/errors.ts'
import type { LabellingReader } from '../../schemas/ports/labelling-reader.ts'
import { limitUpTo, readQuery } from '../http/query-parameters.ts'
import { textViewOf } from '../http/text-view.ts'
import { addRoute, addSchemas, jsonContent, problems, queryParameters } from '../http/route.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'
import { itemExample, itemJson, itemShape } from './labelling-item.ts'

/** Adds GET /v1/labelling/similar/{id}. */
export function addSimilarRoute(
  app: Gateway,
  options: RouteOptions & { readonly labelling: LabellingReader },
): void {
  addSchemas(app, { SimilarEvents: similarJson })
  const middleware = [options.authorize('read'), options.admit]
  addRoute(app, { ...getSimilar, middleware }, async (c) => {
    const limit = Number(readQuery(c.req.queries(), similarQuery).limit ?? 10)
    const id = c.req.param('id')!
    const found = await c.get('work').run(() => options.labelling.similar(id, limit))
    if (found === undefined) {
      throw new WinnowError('not_found', 'There is no result for this event id')
    }
    const view = textViewOf(c)
    const items = found.map(({ similarity, ...one }) => ({ ...itemJson(one, view), similarity }))
    return c.json({ items } satisfies z.output<typeof similarJson>)
  })
}

const similarQuery = z.strictObject({
  limit: limitUpTo(50).optional().describe('Most events, 1 to 50; 10 by default.'),
})

const similarJson = z
  .strictObject({
    items: z.array(
      itemShape.extend({
        similarity: z.number().describe('The share of runs of characters in common, 0 to 1.'),
      }),
    ),
  })
  .meta({ examples: [{ items: [{ ...itemExample, similarity: 0.8 }] }] })

const getSimilar: RouteConfig = {
  method: 'get',
  path: '/v1/labelling/similar/{id}',
  summary: 'Events with similar texts',
  description:
    'The events of the same model that nobody has labelled yet, with the most similar texts, among the newest.',
  tags: ['labelling'],
  security: [{ bearer: ['read'] }],
  parameters: [
    {
      name: 'id',
      in: 'path',
      required: true,
      schema: { type: 'string' },
      description: 'The event id, percent-encoded; slashes may also be left as they are.',
    },
    ...queryParameters(similarQuery),
  ],
  responses: {
    200: { description: 'The most similar first.', content: jsonContent('SimilarEvents') },
    ...problems([400, 401, 403, 404, 500, 502, 503, 504]),
  },
}
