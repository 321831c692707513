// POST /v1/dead-letters/replay: sends the events of open dead letters again. It owns the body and
// its limits; serving/letters/letter-replay.ts replays.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import type { Config } from '../../configs/schema.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { DeadLetters } from '../../schemas/ports/dead-letters.ts'
import { rfc3339Pattern } from '../../schemas/rfc3339.ts'
import { readInstant } from '../http/query-parameters.ts'
import {
  addRoute,
  addSchemas,
  contentEncodingParameter,
  jsonContent,
  problems,
} from '../http/route.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'
import { counted } from '../../schemas/counted.ts'
import type { AuditLog } from '../../schemas/ports/audit-log.ts'
import { audited } from '../audit/audited.ts'
import { readJson } from '../http/json-request.ts'
import { letterCodes } from './dead-letters.ts'

/** Most events of one request. */
export const replayEventsMax = 500

/** Adds the route that replays. */
export function addDeadLetterReplayRoute(
  app: Gateway,
  options: RouteOptions & {
    readonly deadLetters: DeadLetters
    readonly audit: AuditLog
    readonly config: Pick<Config, 'gateway'>
  },
): void {
  const { deadLetters, audit, clock, config } = options
  // Leaves time to answer with what was done.
  const replayMsMax = 0.8 * config.gateway.requestMsMax
  const middleware = [options.authorize('admin'), options.admit]
  addSchemas(app, { ReplayRequest: replayRequest, ReplayOutcome: replayOutcome })
  addRoute(app, { ...postReplay, middleware }, async (c) => {
    const work = c.get('work')
    const tooMany = () =>
      new WinnowError(
        'batch_too_large',
        `A request may name ${replayEventsMax} dead letters at most`,
      )
    // The list itself, and a few fields beside it.
    const limit = { entriesMax: replayEventsMax + 10, tooMany }
    const asked = await readJson(c, replayRequest, limit)
    const selection =
      'ids' in asked
        ? { ids: asked.ids }
        : {
            code: asked.code,
            sinceMs: readInstant('since', asked.since?.toString()),
            untilMs: readInstant('until', asked.until?.toString()),
          }
    const by = c.get('callerName') ?? 'anonymous'
    const target = 'ids' in asked ? counted(asked.ids.length, 'dead letter') : asked.code
    const action = { audit, clock, action: 'dead-letters.replay', target, reason: '' }
    const outcome = await work.run((signal) =>
      audited(c, action, () =>
        deadLetters.replay(selection, {
          eventsMax: replayEventsMax,
          by,
          signal: AbortSignal.any([signal, AbortSignal.timeout(replayMsMax)]),
        }),
      ),
    )
    return c.json(outcome)
  })
}

const time = z
  .union([
    z.string().regex(new RegExp(rfc3339Pattern), 'must be RFC 3339, such as 2025-01-31T12:00:00Z'),
    z.int().min(0).max(9_999_999_999_999),
  ])
  .describe('RFC 3339 or epoch milliseconds.')

const replayRequest = z
  .union([
    z.strictObject({
      ids: z
        .array(z.string().regex(/^.+\/[0-9]{1,10}\/[0-9]{1,19}$/, 'must be topic/partition/offset'))
        .min(1)
        .max(replayEventsMax)
        .describe('The dead letters, as GET /v1/dead-letters names them.'),
    }),
    z.strictObject({
      code: z.enum(letterCodes).describe('All open dead letters with this code.'),
      since: time.optional().describe('Rejected at or after this time.'),
      until: time.optional().describe('Rejected before this time.'),
    }),
  ])
  .meta({
    examples: [
      { ids: ['winnow.events/3/17'] },
      { code: 'schema_unknown', since: '2025-01-31T12:00:00Z' },
    ],
  })

const replayOutcome = z
  .strictObject({
    matched: z.int().describe('Open dead letters that were examined, at most 500.'),
    sent: z.int().describe('Events that were sent again.'),
    skipped: z.record(z.string(), z.int()).describe('How many were not sent, by reason.'),
    stopped: z
      .boolean()
      .describe('Whether time was up before all were sent; the same request sends the rest.'),
  })
  .meta({ examples: [{ matched: 3, sent: 2, skipped: { already_sent: 1 }, stopped: false }] })

const postReplay: RouteConfig = {
  method: 'post',
  path: '/v1/dead-letters/replay',
  tags: ['dead letters'],
  security: [{ bearer: ['admin'] }],
  summary: 'Send the events of dead letters again',
  description:
    'Sends each event once more to its topic, at most 500 per request. What was sent before and has no ' +
    'outcome yet is skipped, so a request may be repeated. Reasons: already_sent, expired (the record is no ' +
    'longer on the topic, and the dead letter holds only a part), unreadable, topic_remade, not_an_input, ' +
    'too_large.',
  parameters: [contentEncodingParameter],
  request: { body: { required: true, content: jsonContent('ReplayRequest') } },
  responses: {
    200: { description: 'What was done.', content: jsonContent('ReplayOutcome') },
    ...problems([400, 401, 403, 408, 413, 415, 500, 502, 503, 504]),
  },
}
