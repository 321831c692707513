// /livez, /readyz and /metrics, for orchestrators and Prometheus. Probes need no key and bypass
// admission, so that an overloaded gateway looks slow, not dead.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import { WinnowError } from '../../schemas/errors.ts'
import type { HealthCheck, MetricsSource } from '../http/dependencies.ts'
import { addRoute, addSchemas, jsonContent, problems } from '../http/route.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'

/** Longest time of one check; the timeout of a probe is usually longer. */
const checkMsMax = 2_000
/** How long a response is cached: anyone may call, and calls must not load the dependencies. */
const keptMsMax = 1_000

/** Adds the probes and /metrics. */
export function addProbeRoutes(
  app: Gateway,
  options: RouteOptions & {
    readonly health: readonly HealthCheck[]
    readonly metricsText: MetricsSource
  },
): void {
  const readiness = createReadiness(options.health, options.clock)
  addSchemas(app, { Readiness: readinessJson })
  addRoute(app, { ...getLivez, middleware: [] }, (c) => c.json({ live: true }))
  addRoute(app, { ...getReadyz, middleware: [] }, async (c) => {
    const answer = await readiness()
    return c.json(answer, answer.ready ? 200 : 503)
  })
  const middleware = [options.authorize('read')]
  addRoute(app, { ...getMetrics, middleware }, async (c) => {
    const text = await options.metricsText()
    return c.body(text, 200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' })
  })
}

type Readiness = z.output<typeof readinessJson>

/** Runs all checks in parallel, at most once per second. */
function createReadiness(
  health: readonly HealthCheck[],
  clock: () => number,
): () => Promise<Readiness> {
  let latest: { atMs: number; answer: Promise<Readiness> } | undefined
  return () => {
    if (latest === undefined || clock() - latest.atMs >= keptMsMax) {
      latest = { atMs: clock(), answer: runChecks(health, clock) }
    }
    return latest.answer
  }
}

async function runChecks(health: readonly HealthCheck[], clock: () => number): Promise<Readiness> {
  const checks = await Promise.all(health.map((check) => runCheck(check, clock)))
  return { ready: checks.every((check) => check.state === 'ok'), checks }
}

async function runCheck(
  health: HealthCheck,
  clock: () => number,
): Promise<Readiness['checks'][number]> {
  const { name } = health
  const startMs = clock()
  const stop = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      stop.abort()
      reject(new WinnowError('deadline_exceeded', `${name} did not answer in ${checkMsMax} ms`))
    }, checkMsMax)
  })
  try {
    await Promise.race([health.check(stop.signal), tooLate])
    return { name, state: 'ok', ms: clock() - startMs }
  } catch (error) {
    // Only the code: messages name hosts, and this response needs no key.
    const code = error instanceof WinnowError ? error.code : 'internal'
    return { name, state: 'failed', ms: clock() - startMs, code }
  } finally {
    clearTimeout(timer)
  }
}

const readinessJson = z
  .strictObject({
    ready: z.boolean(),
    checks: z.array(
      z.strictObject({
        name: z.string(),
        state: z.enum(['ok', 'failed']),
        ms: z.number().describe('How long the check took, in milliseconds.'),
        code: z.string().optional().describe('Why it failed.'),
      }),
    ),
  })
  .meta({
    examples: [
      {
        ready: false,
        checks: [
          { name: 'kafka', state: 'ok', ms: 3 },
          { name: 'analytics', state: 'failed', ms: 2_000, code: 'analytics_unavailable' },
        ],
      },
    ],
  })

const getLivez: RouteConfig = {
  method: 'get',
  path: '/livez',
  summary: 'Check that the process is running',
  tags: ['probes'],
  responses: {
    200: {
      description: 'The process is running.',
      content: {
        'application/json': {
          schema: { type: 'object', properties: { live: { type: 'boolean' } } },
          example: { live: true },
        },
      },
    },
    ...problems([400, 403]),
  },
}

const getReadyz: RouteConfig = {
  method: 'get',
  path: '/readyz',
  summary: "Check the gateway's dependencies",
  description: `Each check has ${checkMsMax} ms; a response is cached for ${keptMsMax} ms.`,
  tags: ['probes'],
  responses: {
    200: { description: 'Ready.', content: jsonContent('Readiness') },
    503: { description: 'At least one check failed.', content: jsonContent('Readiness') },
    ...problems([400, 403]),
  },
}

const getMetrics: RouteConfig = {
  method: 'get',
  path: '/metrics',
  summary: 'Metrics in Prometheus text format',
  tags: ['probes'],
  security: [{ bearer: ['read'] }],
  responses: {
    200: {
      description: 'Text format 0.0.4.',
      content: { 'text/plain': { schema: { type: 'string' } } },
    },
    ...problems([400, 401, 403, 500]),
  },
}
