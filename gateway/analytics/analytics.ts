// GET /v1/analytics/…: what the stream did in a window of time, how far consumers are behind,
// whether every record of a topic has an outcome. It owns the parameters and the JSON;
// StreamAnalytics reads.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import type { StreamAnalytics, SummaryWindow } from '../../schemas/ports/stream-analytics.ts'
import { exactJson } from '../http/json-answer.ts'
import {
  instant,
  limitUpTo,
  noParameters,
  readInstant,
  readQuery,
  wrongParameter,
} from '../http/query-parameters.ts'
import { addRoute, addSchemas, jsonContent, problems, queryParameters } from '../http/route.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'
import { readReference, resultFilterQuery } from '../results/result-filter.ts'
import { balanceJson, lagJson, summaryJson } from './analytics-json.ts'

/** The window when none is given, and the longest one. */
const windowMsDefault = 3_600_000
const windowMsMax = 31 * 86_400_000

/** Adds the routes of figures. */
export function addAnalyticsRoutes(
  app: Gateway,
  options: RouteOptions & { readonly analytics: StreamAnalytics },
): void {
  const { analytics, clock } = options
  const middleware = [options.authorize('read'), options.admit]
  addSchemas(app, { StreamSummary: summaryJson, ConsumerLag: lagJson, TopicBalance: balanceJson })
  addRoute(app, { ...getLag, middleware }, async (c) => {
    readQuery(c.req.queries(), noParameters)
    const consumers = await c.get('work').run(() => analytics.lag())
    return exactJson(c, { consumers })
  })
  addRoute(app, { ...getBalance, middleware }, async (c) => {
    readQuery(c.req.queries(), noParameters)
    const topics = await c.get('work').run(() => analytics.balance())
    return exactJson(c, { topics })
  })
  addRoute(app, { ...getSummary, middleware }, async (c) => {
    const window = readWindow(c.req.queries(), clock())
    const { series, ...summary } = await c.get('work').run(() => analytics.summary(window))
    const { sinceMs, untilMs, bucketMs } = window
    return exactJson(c, {
      since: new Date(sinceMs).toISOString(),
      until: new Date(untilMs).toISOString(),
      bucketSeconds: bucketMs / 1_000,
      eventsPerSecond: summary.events / ((untilMs - sinceMs) / 1_000),
      ...summary,
      series: series.map(({ timeMs, ...bucket }) => ({
        time: new Date(timeMs).toISOString(),
        ...bucket,
      })),
    })
  })
}

/**
 * The window of a query, extended to whole buckets. The length of a bucket is a round number, so
 * that buckets of one minute and more are whole minutes.
 */
function readWindow(query: Record<string, string[]>, nowMs: number): SummaryWindow {
  const { since, until, buckets, source, model, label } = readQuery(query, summaryQuery)
  const untilMs = readInstant('until', until) ?? nowMs
  const sinceMs = readInstant('since', since) ?? untilMs - windowMsDefault
  if (untilMs <= sinceMs) throw wrongParameter('until', 'must be after since')
  if (untilMs - sinceMs > windowMsMax) {
    throw wrongParameter('since', 'must be at most 31 days before until')
  }
  const bucketMs = roundBucketMs((untilMs - sinceMs) / Number(buckets ?? 60))
  return {
    sinceMs: Math.floor(sinceMs / bucketMs) * bucketMs,
    untilMs: Math.ceil(untilMs / bucketMs) * bucketMs,
    bucketMs,
    source,
    label,
    ...readReference(model),
  }
}

const roundSeconds = [
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200],
  ...[86_400, 172_800, 345_600, 604_800, 1_209_600, 2_678_400],
]

/** The shortest round length that is not shorter. */
function roundBucketMs(ms: number): number {
  return (roundSeconds.find((seconds) => seconds * 1_000 >= ms) ?? roundSeconds.at(-1)!) * 1_000
}

const summaryQuery = z.strictObject({
  since: instant
    .optional()
    .describe('Start of the window, an hour before until by default; at most 31 days before it.'),
  until: instant.optional().describe('End of the window, now by default.'),
  buckets: limitUpTo(500)
    .optional()
    .describe('Most buckets of the series, 60 by default. Their length is rounded up.'),
  source: resultFilterQuery.source,
  model: resultFilterQuery.model,
  label: resultFilterQuery.label,
})

const shared = {
  method: 'get' as const,
  tags: ['analytics'],
  security: [{ bearer: ['read'] }],
}

const getSummary: RouteConfig = {
  ...shared,
  path: '/v1/analytics/summary',
  summary: 'What the stream did in a window of time',
  parameters: queryParameters(summaryQuery),
  responses: {
    200: {
      description: 'Counts, latencies, batches and dead letters, also by time.',
      content: jsonContent('StreamSummary'),
    },
    ...problems([400, 401, 403, 500, 502, 503, 504]),
  },
}

const getLag: RouteConfig = {
  ...shared,
  path: '/v1/analytics/lag',
  summary: 'How far consumers are behind',
  responses: {
    200: { description: 'One entry per group and topic.', content: jsonContent('ConsumerLag') },
    ...problems([400, 401, 403, 500, 502, 503, 504]),
  },
}

const getBalance: RouteConfig = {
  ...shared,
  path: '/v1/analytics/balance',
  summary: 'Whether every record of a topic has an outcome',
  responses: {
    200: {
      description:
        'One entry per input topic: records = rows + openDeadLetters + filtered + waiting + difference.',
      content: jsonContent('TopicBalance'),
    },
    ...problems([400, 401, 403, 500, 502, 503, 504]),
  },
}
