// GET /v1/dead-letters and /v1/dead-letters/{id}: events that could not be classified, and why. It
// owns the parameters; dead-letter-json.ts owns the JSON, DeadLetters finds the dead letters.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import { eventErrors, WinnowError, type EventErrorCode } from '../../schemas/errors.ts'
import { letterCursorPattern } from '../../schemas/cursors/letter-cursor.ts'
import type { DeadLetterQuery, DeadLetters } from '../../schemas/ports/dead-letters.ts'
import { parseEventPlace } from '../../schemas/record.ts'
import { exactJson } from '../http/json-answer.ts'
import { instant, limitUpTo, readInstant, readQuery } from '../http/query-parameters.ts'
import { textViewOf } from '../http/text-view.ts'
import { addRoute, addSchemas, jsonContent, problems, queryParameters } from '../http/route.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'
import {
  deadLetterPage,
  letterOnTheWire,
  oneDeadLetter,
  wholeOnTheWire,
} from './dead-letter-json.ts'

/** Largest number of a partition in ClickHouse. */
const partitionMax = 4_294_967_295

/** Adds the routes that read dead letters. */
export function addDeadLetterRoutes(
  app: Gateway,
  options: RouteOptions & { readonly deadLetters: DeadLetters },
): void {
  const { deadLetters } = options
  const middleware = [options.authorize('read'), options.admit]
  addSchemas(app, { DeadLetterPage: deadLetterPage, DeadLetter: oneDeadLetter })
  addRoute(app, { ...listDeadLetters, middleware }, async (c) => {
    const query = readLetterQuery(c.req.queries())
    const { letters, codes, cursor } = await c.get('work').run(() => deadLetters.list(query))
    return exactJson(c, {
      deadLetters: letters.map((letter) => letterOnTheWire(letter, textViewOf(c))),
      codes,
      ...(cursor !== undefined && { cursor }),
    })
  })
  addRoute(app, { ...getDeadLetter, middleware }, async (c) => {
    const place = parseEventPlace(c.req.param('id')!)
    const isPossible = place !== undefined && place.partition <= partitionMax
    const found = isPossible ? await c.get('work').run(() => deadLetters.at(place)) : undefined
    if (found === undefined) {
      throw new WinnowError('not_found', 'There is no dead letter with this id')
    }
    return exactJson(c, wholeOnTheWire(found, textViewOf(c)))
  })
}

function readLetterQuery(query: Record<string, string[]>): DeadLetterQuery {
  const { state, code, since, until, limit, cursor } = readQuery(query, letterQuery)
  return {
    state: state ?? 'open',
    code,
    sinceMs: readInstant('since', since),
    untilMs: readInstant('until', until),
    limit: Number(limit ?? 50),
    cursor,
  }
}

/** The codes that a dead letter can have. */
export const letterCodes = Object.keys(eventErrors) as [EventErrorCode, ...EventErrorCode[]]

const letterQuery = z.strictObject({
  state: z
    .enum(['open', 'all'])
    .optional()
    .describe('open, the default: without a later row or dead letter of the event.'),
  code: z.enum(letterCodes).optional().describe('Only this error code.'),
  since: instant
    .optional()
    .describe('Rejected at or after this time: RFC 3339 or epoch milliseconds.'),
  until: instant.optional().describe('Rejected before this time: RFC 3339 or epoch milliseconds.'),
  limit: limitUpTo(200)
    .optional()
    .describe('Most dead letters of one page, 1 to 200; 50 by default.'),
  cursor: z
    .string()
    .regex(new RegExp(letterCursorPattern), 'must be the cursor of an earlier page of dead letters')
    .optional()
    .describe('The cursor of the previous page.'),
})

const shared = {
  method: 'get' as const,
  tags: ['dead letters'],
  security: [{ bearer: ['read'] }],
}

const listDeadLetters: RouteConfig = {
  ...shared,
  path: '/v1/dead-letters',
  summary: 'Dead letters, newest first',
  parameters: queryParameters(letterQuery),
  responses: {
    200: {
      description: 'One page, and how many dead letters of each code the window has.',
      content: jsonContent('DeadLetterPage'),
    },
    ...problems([400, 401, 403, 500, 502, 503, 504]),
  },
}

const getDeadLetter: RouteConfig = {
  ...shared,
  path: '/v1/dead-letters/{id}',
  summary: 'The latest dead letter of one event, with its payload',
  parameters: [
    {
      name: 'id',
      in: 'path',
      required: true,
      schema: { type: 'string', minLength: 1, not: { enum: ['.', '..'] } },
      description: 'topic/partition/offset of the event; slashes may be left as they are.',
    },
  ],
  responses: {
    200: { description: 'It, and the attempts before it.', content: jsonContent('DeadLetter') },
    ...problems([400, 401, 403, 404, 500, 502, 503, 504]),
  },
}
