// GET /v1/audit: what callers with the scope admin did or tried to do.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import type { AuditLog } from '../../schemas/ports/audit-log.ts'
import { instant, limitUpTo, readInstant, readQuery } from '../http/query-parameters.ts'
import { addRoute, addSchemas, jsonContent, problems, queryParameters } from '../http/route.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'

/** Adds GET /v1/audit. */
export function addAuditRoute(
  app: Gateway,
  options: RouteOptions & { readonly audit: AuditLog },
): void {
  addSchemas(app, { AuditEntries: auditJson })
  const middleware = [options.authorize('admin'), options.admit]
  addRoute(app, { ...getAudit, middleware }, async (c) => {
    const { since, until, limit } = readQuery(c.req.queries(), auditQuery)
    const sinceMs = readInstant('since', since)
    const untilMs = readInstant('until', until)
    const found = await c
      .get('work')
      .run(() => options.audit.list({ sinceMs, untilMs, limit: Number(limit ?? 100) }))
    const entries = found.map(({ atMs, ...entry }) => ({
      at: new Date(atMs).toISOString(),
      ...entry,
    }))
    return c.json({ entries } satisfies z.output<typeof auditJson>)
  })
}

const auditQuery = z.strictObject({
  since: instant.optional().describe('At or after this time: RFC 3339 or epoch milliseconds.'),
  until: instant.optional().describe('Before this time: RFC 3339 or epoch milliseconds.'),
  limit: limitUpTo(500).optional().describe('Most entries, 1 to 500; 100 by default.'),
})

const auditJson = z
  .strictObject({
    entries: z.array(
      z.strictObject({
        at: z.iso.datetime(),
        requestId: z.string().describe('The X-Request-Id of the request.'),
        by: z.string().describe('The name of the API key, or gateway where it has no keys.'),
        action: z.string().describe('For example models.promote.'),
        target: z.string().describe('What it was done to, for example mail@2.'),
        outcome: z
          .enum(['done', 'refused', 'failed'])
          .describe("refused by one of Winnow's rules, or failed for another reason."),
        reason: z.string().describe('Why, in the words of the caller.'),
        code: z.string().describe('The error code; empty if it was done.'),
        message: z.string().describe('The sentence of the refusal.'),
      }),
    ),
  })
  .meta({
    examples: [
      {
        entries: [
          {
            at: '2026-01-31T12:00:00.000Z',
            requestId: '0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1',
            by: 'operations',
            action: 'models.promote',
            target: 'mail@2',
            outcome: 'done',
            reason: 'better on refunds',
            code: '',
            message: '',
          },
        ],
      },
    ],
  })

const getAudit: RouteConfig = {
  method: 'get',
  path: '/v1/audit',
  summary: 'What administrators did',
  description:
    'One entry for each action of a caller with the scope admin, whether it was done, refused or failed.',
  tags: ['audit'],
  security: [{ bearer: ['admin'] }],
  parameters: queryParameters(auditQuery),
  responses: {
    200: { description: 'Newest first.', content: jsonContent('AuditEntries') },
    ...problems([400, 401, 403, 500, 502, 503, 504]),
  },
}
