// The gateway as one Hono app: orders the middleware, adds the groups of routes, turns thrown
// errors into problem documents. It does not listen (server.ts) and builds no clients.
import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler } from 'hono'
import { every } from 'hono/combine'
import { cors } from 'hono/cors'
import type { Config } from '../configs/schema.ts'
import { WinnowError } from '../schemas/errors.ts'
import { createAdmission } from './http/admission.ts'
import { createAuthentication, type KeyRing, type TokenCheck } from './http/auth.ts'
import { createBrowserGuard } from './http/browser-guard.ts'
import { addCallerRoute } from './probes/caller.ts'
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
  OnlineExplainer,
  PageFiles,
  OnlineModels,
} from './http/dependencies.ts'
import type { DeadLetters } from '../schemas/ports/dead-letters.ts'
import type { StreamAnalytics } from '../schemas/ports/stream-analytics.ts'
import type { EventOutcomes } from '../schemas/ports/event-outcomes.ts'
import type { RequestJournal } from '../schemas/ports/request-journal.ts'
import type { ResultReader } from '../schemas/ports/result-reader.ts'
import { addPredictRoutes } from './protocols/predict.ts'
import { addModelRoutes } from './models/model-routes.ts'
import type { ModelControl } from './models/model-control.ts'
import { addLabellingRoutes } from './labelling/labelling-routes.ts'
import { addRunRoutes } from './runs/run-routes.ts'
import type { RunReader } from './runs/run-reader.ts'
import { addAuditRoute } from './audit/audit-route.ts'
import { addReleaseRoutes } from './models/release-routes.ts'
import type { AuditLog } from '../schemas/ports/audit-log.ts'
import type { LabellingReader } from '../schemas/ports/labelling-reader.ts'
import { addProbeRoutes } from './probes/probes.ts'
import { createRateLimit } from './http/rate-limit.ts'
import { isOwnRefusal, problemResponse, statusOf } from './http/problem.ts'
import { requestContext, singleHost } from './http/request-context.ts'
import type { GatewayEnv } from './http/request-context.ts'
import { addEmbeddingRoutes } from './protocols/embeddings.ts'
import { errorShapeAt } from './protocols/error-shapes.ts'
import { addInferenceRoutes } from './protocols/inference.ts'
import { addTokenizeRoutes } from './online/tokenize.ts'
import { addResultRoutes } from './results/results.ts'
import { addDeadLetterReplayRoute } from './dead-letters/dead-letter-replay.ts'
import { addDeadLetterRoutes } from './dead-letters/dead-letters.ts'
import { addAnalyticsRoutes } from './analytics/analytics.ts'
import type { LiveResults } from './stream/live-results.ts'
import { addStreamRoutes } from './stream/stream.ts'
import type { Gateway } from './http/route.ts'
import { createWorkQueue, type WorkQueue } from './http/work-queue.ts'

/** What the gateway is built from. The caller owns the clients and closes them. */
export type GatewayOptions = {
  readonly config: Pick<Config, 'gateway' | 'limits' | 'cleaning'>
  readonly publisher: EventPublisher
  readonly labels: LabelPublisher
  readonly knownLabels: KnownLabels
  readonly results: ResultReader
  /** Absent if `gateway.models` is off. */
  readonly models?: OnlineModels
  /** Feeds /v1/stream; closed before the server, so that streams end at once. */
  readonly live: LiveResults
  readonly analytics: StreamAnalytics
  readonly deadLetters: DeadLetters
  readonly outcomes: EventOutcomes
  /** Absent: requests with an Idempotency-Key are forgotten when the gateway ends. */
  readonly journal?: RequestJournal
  /** Absent if no model serves. */
  readonly explainer?: OnlineExplainer
  readonly pages: PageFiles
  /** Keys besides those of the configuration. */
  readonly keys?: KeyRing
  /** Verifies tokens of gateway.oidc. */
  readonly tokens?: TokenCheck | undefined
  /** The versions in the store and their roles. */
  readonly registry: ModelControl
  readonly runs: RunReader
  readonly labelling: LabellingReader
  /** Where every action of a caller with the scope admin is recorded. */
  readonly audit: AuditLog
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
 * const app = createGateway({ config, publisher, results, models, ...others })
 * const server = await listen(app, config.gateway)
 */
export function createGateway(options: GatewayOptions): Gateway {
  const { config, publisher, labels, knownLabels, results, models, health, metricsText } = options
  const clock = options.clock ?? Date.now
  const app: Gateway = new OpenAPIHono<GatewayEnv>()
  app.use(observeRequests(options.metrics))
  app.use(requestContext())
  app.use(singleHost())
  const { authorize, isOpen } = createAuthentication(config.gateway, {
    ring: options.keys,
    tokens: options.tokens,
    clock,
  })
  const { corsOrigins: origins } = config.gateway
  app.use(createBrowserGuard(isOpen, { openPages, origins }))
  if (origins.length > 0) app.use(sharingWith(origins))
  const admission = createAdmission(config.gateway, options.queue ?? createWorkQueue())
  const limit = createRateLimit(config.gateway, clock)
  const admit: MiddlewareHandler<GatewayEnv> = every(limit, admission)
  const context = { authorize, admit, clock, config }
  const accept = createAcceptance({ ...options, ...context })
  addEventRoutes(app, { ...context, accept, publisher })
  addHookRoutes(app, { ...context, accept })
  addLabelRoutes(app, { ...context, labels, knownLabels })
  addClassifyRoutes(app, { ...context, models })
  addTokenizeRoutes(app, { ...context, models })
  addInferenceRoutes(app, { ...context, models })
  addPredictRoutes(app, { ...context, models })
  addEmbeddingRoutes(app, { ...context, models })
  addExplainRoutes(app, { ...context, explainer: options.explainer })
  addResultRoutes(app, { ...context, results })
  addAnalyticsRoutes(app, { ...context, analytics: options.analytics })
  addDeadLetterRoutes(app, { ...context, deadLetters: options.deadLetters })
  addDeadLetterReplayRoute(app, {
    ...context,
    deadLetters: options.deadLetters,
    audit: options.audit,
  })
  addStreamRoutes(app, { ...context, live: options.live })
  addModelRoutes(app, { ...context, models: options.registry })
  addReleaseRoutes(app, { ...context, models: options.registry, audit: options.audit })
  addAuditRoute(app, { ...context, audit: options.audit })
  addRunRoutes(app, { ...context, runs: options.runs })
  addLabellingRoutes(app, { ...context, labelling: options.labelling, models: options.registry })
  addProbeRoutes(app, { ...context, health, metricsText })
  addPageRoutes(app, options)
  addCallerRoute(app, { ...context, isOpen, models, explainer: options.explainer })
  addOpenapiRoute(app, isOpen)
  const refuse = (c: Context<GatewayEnv>, error: unknown): Response => {
    return problemResponse(c, error, {
      requestId: c.get('requestId'),
      shape: errorShapeAt(c.req.path),
    })
  }
  app.notFound((c) => {
    const allowed = allowedMethods(app, c.req.path)
    if (allowed.length === 0) {
      const message = 'There is no route at this address; see /openapi.json'
      return refuse(c, new WinnowError('not_found', message))
    }
    c.header('Allow', allowed.join(', '))
    const message = `This address supports ${allowed.join(' or ')} only`
    return refuse(c, new WinnowError('method_not_allowed', message))
  })
  app.onError((error, c) => {
    if (statusOf(error) >= 500 && !isOwnRefusal(error)) {
      options.onFailure({
        error,
        requestId: c.get('requestId'),
        method: c.req.method,
        path: c.req.path,
      })
    }
    return refuse(c, error)
  })
  return app
}

/** Lets web pages of some origins call the gateway (WHATWG Fetch, 3.3: the CORS protocol). */
function sharingWith(origins: readonly string[]): MiddlewareHandler<GatewayEnv> {
  return cors({
    origin: [...origins],
    allowHeaders: [
      'Authorization',
      'Content-Type',
      'Idempotency-Key',
      'Last-Event-ID',
      'X-Request-Id',
    ],
    exposeHeaders: ['X-Request-Id', 'Retry-After', 'RateLimit', 'RateLimit-Policy'],
    maxAge: 600,
  })
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
