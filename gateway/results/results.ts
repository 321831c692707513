// GET /v1/results and /v1/results/{id}: stored results as JSON. It owns the query parameters;
// result-json.ts owns the JSON of a result; the ResultReader finds the results.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import { WinnowError } from '../../schemas/errors.ts'
import { resultCursorPattern } from '../../schemas/cursors/result-cursor.ts'
import type { ResultFilter, ResultReader } from '../../schemas/ports/result-reader.ts'
import { exactJson } from '../http/json-answer.ts'
import { instant, readInstant, readQuery } from '../http/query-parameters.ts'
import { addRoute, addSchemas, jsonContent, problems, queryParameters } from '../http/route.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'
import { requireWholeTexts, textViewOf } from '../http/text-view.ts'
import { readReference, resultFilterQuery, searchNeeds } from './result-filter.ts'
import { resultJson, resultOnTheWire } from './result-json.ts'

/** Adds the routes of stored results. */
export function addResultRoutes(
  app: Gateway,
  options: RouteOptions & { readonly results: ResultReader },
): void {
  const { results } = options
  const middleware = [options.authorize('read'), options.admit]
  addSchemas(app, { Result: resultJson, ResultsOfEvent: resultsOfEvent, ResultPage: resultPage })
  addRoute(app, { ...getResult, middleware }, async (c) => {
    const id = c.req.param('id')!
    const found = await c.get('work').run(() => results.byId(id))
    if (found.length === 0) {
      throw new WinnowError(
        'not_found',
        'There is no result for this event id; it may still be on its way',
      )
    }
    return exactJson(c, { id, results: found.map((one) => resultOnTheWire(one, textViewOf(c))) })
  })
  addRoute(app, { ...listResults, middleware }, async (c) => {
    const filter = readFilter(c.req.queries())
    if (filter.text !== undefined) requireWholeTexts(c, searchNeeds)
    const page = await c.get('work').run(() => results.list(filter))
    return exactJson(c, {
      results: page.results.map((one) => resultOnTheWire(one, textViewOf(c))),
      ...(page.cursor !== undefined && { cursor: page.cursor }),
    })
  })
}

/**
 * Parses the filter of a query string. Throws `parameter_invalid` for invalid, unknown or repeated
 * parameters.
 */
function readFilter(query: Record<string, string[]>): ResultFilter {
  const { label, source, model, q, scoreBelow, since, until, limit, cursor } = readQuery(
    query,
    resultQuery,
  )
  return {
    label,
    source,
    ...readReference(model),
    text: q,
    scoreBelow: scoreBelow === undefined ? undefined : Number(scoreBelow),
    sinceMs: readInstant('since', since),
    untilMs: readInstant('until', until),
    limit: Number(limit ?? 100),
    cursor,
  }
}

const resultQuery = z.strictObject({
  ...resultFilterQuery,
  scoreBelow: z
    .string()
    .regex(/^(0(\.[0-9]{1,9})?|1(\.0{1,9})?)$/, 'must be a number from 0 to 1')
    .optional()
    .describe('Only results whose score is lower, from 0 to 1.'),
  since: instant
    .optional()
    .describe('Classified at or after this time: RFC 3339 or epoch milliseconds.'),
  until: instant
    .optional()
    .describe(
      'Classified before this time, which must be after since for any results: RFC 3339 or epoch milliseconds.',
    ),
  limit: z
    .string()
    .regex(/^([1-9][0-9]{0,2}|1000)$/, 'must be a whole number from 1 to 1000')
    .optional()
    .describe('Most results of one page, 1 to 1000; 100 by default.'),
  cursor: z
    .string()
    .regex(new RegExp(resultCursorPattern), 'must be the cursor of an earlier page of results')
    .optional()
    .describe('The cursor of the previous page.'),
})

const resultsOfEvent = z
  .strictObject({ id: z.string(), results: z.array(resultJson) })
  .describe('The results of one event, one per model version, newest first.')
const resultPage = z
  .strictObject({ results: z.array(resultJson), cursor: z.string().optional() })
  .describe('Newest first. The last page has no cursor.')

const shared = {
  method: 'get' as const,
  tags: ['results'],
  security: [{ bearer: ['read'] }],
}

const getResult: RouteConfig = {
  ...shared,
  path: '/v1/results/{id}',
  summary: 'Results of one event',
  parameters: [
    {
      name: 'id',
      in: 'path',
      required: true,
      schema: { type: 'string', minLength: 1, not: { enum: ['.', '..'] } },
      description:
        'The event id, percent-encoded; slashes may also be left as they are. Every possible event id ' +
        'can be read this way.',
    },
  ],
  responses: {
    200: { description: 'At least one result.', content: jsonContent('ResultsOfEvent') },
    ...problems([400, 401, 403, 404, 500, 502, 503, 504]),
  },
}

const listResults: RouteConfig = {
  ...shared,
  path: '/v1/results',
  summary: 'Stored results, newest first',
  parameters: queryParameters(resultQuery),
  responses: {
    200: { description: 'One page.', content: jsonContent('ResultPage') },
    ...problems([400, 401, 403, 500, 502, 503, 504]),
  },
}
