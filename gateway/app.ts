// The gateway as one Hono app: orders the middleware, adds the groups of routes, turns thrown
// errors into problem documents. It does not listen (server.ts) and builds no clients.
import { OpenAPIHono } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import type { Config } from '../configs/schema.ts'
import { WinnowError } from '../schemas/errors.ts'
import { createAdmission } from './http/admission.ts'
import { createAuthorize } from './http/auth.ts'
import { createBrowserGuard } from './http/browser-guard.ts'
import { addClassifyRoutes } from './online/classify.ts'
import { createAcceptance } from './events/event-acceptance.ts'
import { addEventRoutes } from './events/events.ts'
import { addExplainRoutes } from './online/explain.ts'
import { addHookRoutes } from './events/hooks.ts'
import { addLabelRoutes } from './events/labels.ts'
import { addOpenapiRoute } from './probes/openapi.ts'
import { addPageRoutes, openPages } from './pages/pages.ts'
import type {
  EventPublisher,
  GatewayFailure,
  GatewayMetrics,
  HealthCheck,
  KnownLabels,
  LabelPublisher,
  MetricsSource,
  OnlineClassifier,
  OnlineExplainer,
  PageFiles,
} from './http/dependencies.ts'
import type { EventOutcomes } from '../schemas/ports/event-outcomes.ts'
import type { RequestJournal } from '../schemas/ports/request-journal.ts'
import type { ResultReader } from '../schemas/ports/result-reader.ts'
import { addProbeRoutes } from './probes/probes.ts'
import { isOwnRefusal, problemResponse } from './http/problem.ts'
import { requestContext, singleHost } from './http/request-context.ts'
import type { GatewayEnv } from './http/request-context.ts'
import { addResultRoutes } from './results/results.ts'
import type { Gateway } from './http/route.ts'
import { createWorkQueue, type WorkQueue } from './http/work-queue.ts'

/** What the gateway is built from. The caller owns the clients and closes them. */
export type GatewayOptions = {
  readonly config: Pick<Config, 'gateway' | 'limits' | 'cleaning'>
  readonly publisher: EventPublisher
  readonly labels: LabelPublisher
  readonly knownLabels: KnownLabels
  readonly results: ResultReader
  readonly outcomes: EventOutcomes
  /** Absent: requests with an Idempotency-Key are forgotten when the gateway ends. */
  readonly journal?: RequestJournal
  /** Absent if `gateway.models` is off or no model could be loaded. */
  readonly classifier?: OnlineClassifier
  /** Absent if there is no classifier. */
  readonly explainer?: OnlineExplainer
  readonly pages: PageFiles
  readonly health: readonly HealthCheck[]
  readonly metrics: GatewayMetrics
  readonly metricsText: MetricsSource
  /** Called for each response of 500 and above, except deliberate refusals. */
  readonly onFailure: (failure: GatewayFailure) => void
  /** Epoch milliseconds. */
  readonly clock?: () => number
  /** Shared with other work on this thread; by default the gateway has its own. */
  readonly queue?: WorkQueue
}

/**
 * Builds the gateway.
 * Throws `config_invalid` if it would listen beyond loopback without API keys.
 *
 * @example
 * const app = createGateway({ config, publisher, results, classifier, ...others })
 * const server = await listen(app, config.gateway)
 */
export function createGateway(options: GatewayOptions): Gateway {
  const { config, publisher, labels, knownLabels, results, classifier, health, metricsText } =
    options
  const clock = options.clock ?? Date.now
  const app: Gateway = new OpenAPIHono<GatewayEnv>()
  app.use(observeRequests(options.metrics))
  app.use(requestContext())
  app.use(singleHost())
  app.use(createBrowserGuard(config.gateway, openPages))
  const authorize = createAuthorize(config.gateway)
  const admit = createAdmission(config.gateway, options.queue ?? createWorkQueue())
  const context = { authorize, admit, clock, config }
  const accept = createAcceptance({ ...options, ...context })
  addEventRoutes(app, { ...context, accept, publisher })
  addHookRoutes(app, { ...context, accept })
  addLabelRoutes(app, { ...context, labels, knownLabels })
  addClassifyRoutes(app, { ...context, classifier })
  addExplainRoutes(app, { ...context, explainer: options.explainer })
  addResultRoutes(app, { ...context, results })
  addProbeRoutes(app, { ...context, health, metricsText })
  addPageRoutes(app, options)
  addOpenapiRoute(app, config.gateway)
  app.notFound((c) => {
    const allowed = allowedMethods(app, c.req.path)
    if (allowed.length === 0) {
      const error = new WinnowError(
        'not_found',
        `There is no route at this address; see /openapi.json`,
      )
      return problemResponse(c, error, c.get('requestId'))
    }
    c.header('Allow', allowed.join(', '))
    const error = new WinnowError(
      'method_not_allowed',
      `This address supports ${allowed.join(' or ')} only`,
    )
    return problemResponse(c, error, c.get('requestId'))
  })
  app.onError((error, c) => {
    const response = problemResponse(c, error, c.get('requestId'))
    if (response.status >= 500 && !isOwnRefusal(error)) {
      options.onFailure({
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

/** Times every request. Unknown routes share one name, so that they cannot fill the metrics. */
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

/** The methods of all routes at a path; Hono answers HEAD on every GET route. */
function allowedMethods(app: Gateway, path: string): string[] {
  const matching = methods.filter((method) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method === method),
  )
  return matching.includes('GET') ? ['GET', 'HEAD', ...matching.slice(1)] : matching
}

/**
 * A failure as text for the log, with the stack of a defect. It includes what the caller sent,
 * unchanged.
 */
export function failureText({ error, requestId, method, path }: GatewayFailure): string {
  const code = error instanceof WinnowError ? error.code : 'internal'
  const text = error instanceof Error ? (code === 'internal' ? error.stack : error.message) : error
  return `${method} ${path} ${requestId} ${code}: ${String(text)}`
}
