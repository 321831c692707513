// GET /v1/results and /v1/results/{id}: stored results as JSON. It owns the query parameters;
// result-json.ts is the JSON of a result, and the ResultReader finds the results.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import { WinnowError } from '../../schemas/errors.ts'
import { characters } from '../../schemas/characters.ts'
import { issueRule } from '../../schemas/issue-text.ts'
import { resultCursorPattern } from '../../schemas/result-cursor.ts'
import { parseRfc3339, rfc3339Pattern } from '../../schemas/rfc3339.ts'
import type { ResultFilter, ResultReader } from '../../schemas/ports/result-reader.ts'
import { addRoute, addSchemas, jsonContent, problems, queryParameters } from '../http/route.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'
import { exactJson, onTheWire, resultJson } from './result-json.ts'

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
    return exactJson(c, { id, results: found.map(onTheWire) })
  })
  addRoute(app, { ...listResults, middleware }, async (c) => {
    const filter = readFilter(c.req.queries())
    const page = await c.get('work').run(() => results.list(filter))
    return exactJson(c, {
      results: page.results.map(onTheWire),
      ...(page.cursor !== undefined && { cursor: page.cursor }),
    })
  })
}

/**
 * Parses the filter of a query string. Throws `parameter_invalid` for invalid, unknown or repeated
 * parameters.
 */
function readFilter(query: Record<string, string[]>): ResultFilter {
  for (const [name, values] of Object.entries(query)) {
    if (values.length > 1) throw wrongParameter(name, 'is given more than once')
  }
  const single = Object.fromEntries(
    Object.entries(query).map(([name, values]) => [name, values[0]]),
  )
  const parsed = resultQuery.safeParse(single)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    throw issue.code === 'unrecognized_keys'
      ? wrongParameter(issue.keys[0]!, 'is not a parameter of this route')
      : wrongParameter(issue.path.join('.'), issueRule(issue, single))
  }
  const { label, source, model, since, until, limit, cursor } = parsed.data
  const [name, version] = splitReference(model)
  const sinceMs = readInstant('since', since)
  const untilMs = readInstant('until', until)
  return {
    label,
    source,
    model: name,
    version,
    sinceMs,
    untilMs,
    limit: Number(limit ?? 100),
    cursor,
  }
}

function splitReference(model: string | undefined): [string | undefined, string | undefined] {
  const at = model?.indexOf('@') ?? -1
  return at < 0 ? [model, undefined] : [model!.slice(0, at), model!.slice(at + 1)]
}

function readInstant(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const epochMs = epochMsPattern.test(text) ? Number(text) : parseRfc3339(text)
  if (epochMs !== undefined) return epochMs
  throw wrongParameter(
    name,
    'must be RFC 3339, such as 2025-01-31T12:00:00Z, or epoch milliseconds',
  )
}

function wrongParameter(name: string, rule: string): WinnowError {
  return new WinnowError('parameter_invalid', `${name.slice(0, 64)} ${rule}`, {
    details: { parameter: name.slice(0, 64) },
  })
}

const word = characters(1, 256)
const epochMsPattern = /^[0-9]{1,13}$/
const instant = z.string().meta({ pattern: `${epochMsPattern.source}|${rfc3339Pattern}` })
const resultQuery = z.strictObject({
  label: word.optional().describe('Only this predicted label.'),
  source: word.optional().describe('Only events from this source.'),
  model: word
    .regex(/^[^@]+(@[^@]+)?$/, 'must be NAME or NAME@VERSION')
    .optional()
    .describe('Only results of this model: NAME or NAME@VERSION.'),
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
