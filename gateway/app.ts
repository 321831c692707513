// The gateway as one Hono app: it puts the middleware in order, adds the groups of routes, and
// turns whatever is thrown into a problem document. It listens nowhere (server.ts) and builds no
// client.
import { OpenAPIHono } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import type { Config } from '../configs/schema.ts'
import { WinnowError } from '../schemas/errors.ts'
import { createAdmission } from './admission.ts'
import { createAuthorize } from './auth.ts'
import { createBrowserGuard } from './browser-guard.ts'
import { addClassifyRoutes } from './classify.ts'
import { addEventRoutes } from './events.ts'
import { addLabelRoutes } from './labels.ts'
import { addOpenapiRoute } from './openapi.ts'
import type {
  EventPublisher,
  GatewayFailure,
  GatewayMetrics,
  HealthCheck,
  KnownLabels,
  LabelPublisher,
  MetricsSource,
  OnlineClassifier,
} from './ports.ts'
import type { ResultReader } from '../schemas/ports/result-reader.ts'
import { addProbeRoutes } from './probes.ts'
import { isOwnRefusal, problemResponse } from './problem.ts'
import { requestContext, singleHost } from './request-context.ts'
import type { GatewayEnv } from './request-context.ts'
import { addResultRoutes } from './results.ts'
import type { Gateway } from './route.ts'
import { createWorkQueue, type WorkQueue } from './work-queue.ts'

/** What a gateway is made of. The caller keeps and closes the clients. */
export type GatewayParts = {
  readonly config: Pick<Config, 'gateway' | 'limits' | 'cleaning'>
  readonly publisher: EventPublisher
  readonly labels: LabelPublisher
  readonly knownLabels: KnownLabels
  readonly results: ResultReader
  /** Absent when `gateway.models` is off or no model could be loaded. */
  readonly classifier?: OnlineClassifier
  readonly health: readonly HealthCheck[]
  readonly metrics: GatewayMetrics
  readonly metricsText: MetricsSource
  /** Called for each answer of 500 and above but deliberate refusals. */
  readonly onFailure: (failure: GatewayFailure) => void
  /** Epoch milliseconds. */
  readonly clock?: () => number
  /** Shared with what the ports do on this thread; one of its own by default. */
  readonly queue?: WorkQueue
}

/**
 * Builds the gateway.
 * Throws `config_invalid` when it would listen beyond loopback without API keys.
 *
 * @example
 * const app = createGateway({ config, publisher, results, classifier, ...others })
 * const server = await listen(app, config.gateway)
 */
export function createGateway(parts: GatewayParts): Gateway {
  const { config, publisher, labels, knownLabels, results, classifier, health, metricsText } = parts
  const clock = parts.clock ?? Date.now
  const app: Gateway = new OpenAPIHono<GatewayEnv>()
  app.use(observeRequests(parts.metrics))
  app.use(requestContext())
  app.use(singleHost())
  app.use(createBrowserGuard(config.gateway))
  const authorize = createAuthorize(config.gateway)
  const admit = createAdmission(config.gateway, parts.queue ?? createWorkQueue())
  const context = { authorize, admit, clock, config }
  addEventRoutes(app, { ...context, publisher })
  addLabelRoutes(app, { ...context, labels, knownLabels })
  addClassifyRoutes(app, { ...context, classifier })
  addResultRoutes(app, { ...context, results })
  addProbeRoutes(app, { ...context, health, metricsText })
  addOpenapiRoute(app, config.gateway)
  app.notFound((c) => {
    const allowed = allowedMethods(app, c.req.path)
    if (allowed.length === 0) {
      const error = new WinnowError(
        'not_found',
        `There is nothing at this address; see /openapi.json`,
      )
      return problemResponse(c, error, c.get('requestId'))
    }
    c.header('Allow', allowed.join(', '))
    const error = new WinnowError(
      'method_not_allowed',
      `This address takes ${allowed.join(' or ')} only`,
    )
    return problemResponse(c, error, c.get('requestId'))
  })
  app.onError((error, c) => {
    const response = problemResponse(c, error, c.get('requestId'))
    if (response.status >= 500 && !isOwnRefusal(error)) {
      parts.onFailure({
        error,
        requestId: c.get('requestId'),
        method: c.req.method,
        path: c.req.path,
      })
    }
    return response
  })
  return app
}

/**
 * Times every request; routes that do not exist share one name, so that they cannot fill the
 * metrics.
 */
function observeRequests(metrics: GatewayMetrics): MiddlewareHandler<GatewayEnv> {
  return async (c, next) => {
    const start = performance.now()
    await next()
    const method = methods.includes(c.req.method) ? c.req.method : 'other'
    const seconds = (performance.now() - start) / 1_000
    metrics.observe(c.get('route') ?? 'unmatched', method, c.res.status, seconds)
  }
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** The methods that some route has at a path; Hono answers HEAD wherever there is GET. */
function allowedMethods(app: Gateway, path: string): string[] {
  const matching = methods.filter((method) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method === method),
  )
  return matching.includes('GET') ? ['GET', 'HEAD', ...matching.slice(1)] : matching
}

/**
 * A failure as text for the log, the stack of a defect included. It holds what callers sent, as
 * they sent it.
 */
export function failureText({ error, requestId, method, path }: GatewayFailure): string {
  const code = error instanceof WinnowError ? error.code : 'internal'
  const text = error instanceof Error ? (code === 'internal' ? error.stack : error.message) : error
  return `${method} ${path} ${requestId} ${code}: ${String(text)}`
}
