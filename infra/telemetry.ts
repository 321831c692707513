// The Prometheus metrics of a process, with the small HTTP listener for metrics and probes. Label
// values come from closed lists only: never a text, an id or words of a caller.
import { createServer, type Server } from 'node:http'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { listenError } from '../configs/listen-problem.ts'
import { errorMessage } from '../schemas/errors.ts'
import type { ExecutionProvider } from '../configs/execution-provider.ts'
import type { RunnerMetrics } from '../schemas/ports/runner-metrics.ts'

export type Telemetry = {
  readonly registry: Registry
  /** The metrics of one more runner; those of all runners of the process add up. */
  runner(): RunnerMetrics
  batch(batch: BatchFigures): void
  /** How a text was answered: from the cache (hit), by the run of an equal one (shared), or run. */
  lookedUp(lookup: 'hit' | 'shared' | 'miss'): void
  /** The version of a model that has a role from this moment on; undefined for none. */
  serving(model: string, role: string, version: string | undefined): void
  refused(reason: string): void
  /** A guard rolled a version back. */
  guarded(guard: string): void
  /** Events of the challenger's share: answered by the challenger, or passed on to the champion. */
  challenged(outcome: string, events: number): void
  /** Events of the shadow's share. */
  shadowed(outcome: string, events: number): void
  /** A text of a cascade, by the model that answered it. */
  answered(answeredBy: string): void
  /** The share of the texts that the small model of a cascade answers: lately, and when built. */
  smallShares(shares: { readonly recent: number; readonly built: number }): void
  /** A trial that this worker had: how it ended, and after how long. */
  worked(outcome: string, seconds: number): void
  observe(route: string, method: string, status: number, seconds: number): void
}

export type BatchFigures = {
  size: number
  tokens: number
  paddedTokens: number
  waitMs: number
  runMs: number
  /** What computed it. */
  provider: ExecutionProvider
}

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Creates the metrics of one process, including Node's own. */
export function createTelemetry(): Telemetry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const events = new Counter({
    name: 'winnow_events_total',
    help: 'Events processed, by stage and outcome code.',
    labelNames: ['stage', 'code'],
    registers,
  })
  const chain = new Histogram({
    name: 'winnow_slice_seconds',
    help: 'Time of one chunk through the stages, including the wait for a batch.',
    buckets: secondsBuckets,
    registers,
  })
  const write = new Histogram({
    name: 'winnow_sink_write_seconds',
    help: 'Time to write one block durably, including retries.',
    buckets: secondsBuckets,
    registers,
  })
  const rows = new Counter({
    name: 'winnow_sink_rows_total',
    help: 'Rows written durably.',
    registers,
  })
  const retries = new Counter({
    name: 'winnow_retries_total',
    help: 'Operations retried, by error code.',
    labelNames: ['operation', 'code'],
    registers,
  })
  const flightEvents = new Gauge({
    name: 'winnow_in_flight_events',
    help: 'Events between poll and commit.',
    registers,
  })
  const flightBytes = new Gauge({
    name: 'winnow_in_flight_bytes',
    help: 'Value bytes between poll and commit.',
    registers,
  })
  const lag = new Gauge({
    name: 'winnow_consumer_lag_records',
    help: 'Records behind the end of the partition at the last commit.',
    labelNames: ['topic', 'partition'],
    registers,
  })
  const batches = batchMetrics(registers)
  const lookups = new Counter({
    name: 'winnow_cache_texts_total',
    help: 'Texts by how they were answered: hit, shared with an equal text under way, or miss.',
    labelNames: ['lookup'],
    registers,
  })
  const requests = new Histogram({
    name: 'winnow_http_request_seconds',
    help: 'Time of HTTP requests, by route and status.',
    labelNames: ['route', 'method', 'status'],
    buckets: secondsBuckets,
    registers,
  })
  return {
    registry,
    runner() {
      const before = { events: 0, bytes: 0 }
      return {
        outcomes: (stage, code, count) => events.inc({ stage, code }, count),
        chainSeconds: (seconds) => chain.observe(seconds),
        blockWritten(count, seconds) {
          rows.inc(count)
          write.observe(seconds)
        },
        retried: (operation, code) => retries.inc({ operation, code }),
        inFlight(count, bytes) {
          flightEvents.inc(count - before.events)
          flightBytes.inc(bytes - before.bytes)
          Object.assign(before, { events: count, bytes })
        },
        lag: (topic, partition, records) => lag.set({ topic, partition }, records),
      }
    },
    batch: batches,
    lookedUp: (lookup) => lookups.inc({ lookup }),
    ...modelMetrics(registers),
    ...cascadeMetrics(registers),
    worked: workMetrics(registers),
    observe: (route, method, status, seconds) =>
      requests.observe({ route, method, status }, seconds),
  }
}

function modelMetrics(registers: Registry[]) {
  const serving = new Gauge({
    name: 'winnow_model_info',
    help: 'The model versions in use: 1, labelled with name, number and role.',
    labelNames: ['model', 'version', 'role'],
    registers,
  })
  const swaps = new Counter({
    name: 'winnow_model_swaps_total',
    help: 'Versions that became champion here, including the first one.',
    registers,
  })
  const refusals = new Counter({
    name: 'winnow_model_refusals_total',
    help: 'Announced versions that were not adopted, by reason.',
    labelNames: ['reason'],
    registers,
  })
  const challenged = new Counter({
    name: 'winnow_challenger_events_total',
    help: "Events of the challenger's share: answered, or passed_on to the champion.",
    labelNames: ['outcome'],
    registers,
  })
  const shadowed = new Counter({
    name: 'winnow_shadow_events_total',
    help: "Events of the shadow's share: stored, shed, rejected or failed.",
    labelNames: ['outcome'],
    registers,
  })
  const guarded = new Counter({
    name: 'winnow_guard_rollbacks_total',
    help: 'Versions that this process rolled back, by guard.',
    labelNames: ['guard'],
    registers,
  })
  const played = new Map<string, { model: string; version: string; role: string }>()
  return {
    serving(model: string, role: string, version: string | undefined) {
      const part = `${model} ${role}`
      const before = played.get(part)
      if (before !== undefined) serving.remove(before)
      played.delete(part)
      if (version === undefined) return
      const now = { model, version, role }
      played.set(part, now)
      serving.set(now, 1)
      if (role === 'champion') swaps.inc()
    },
    refused: (reason: string) => refusals.inc({ reason }),
    guarded: (guard: string) => guarded.inc({ guard }),
    challenged: (outcome: string, count: number) => challenged.inc({ outcome }, count),
    shadowed: (outcome: string, count: number) => shadowed.inc({ outcome }, count),
  }
}

function cascadeMetrics(registers: Registry[]): Pick<Telemetry, 'answered' | 'smallShares'> {
  const texts = new Counter({
    name: 'winnow_cascade_texts_total',
    help: 'Texts of a cascade, by the model that answered: small or full.',
    labelNames: ['answered_by'],
    registers,
  })
  const share = new Gauge({
    name: 'winnow_cascade_small_share',
    help: 'The share of the last 5,000 texts that the small model of the cascade answered.',
    registers,
  })
  const built = new Gauge({
    name: 'winnow_cascade_small_share_built',
    help: 'The share that it answered of the held-out texts when the cascade was built.',
    registers,
  })
  return {
    answered: (answeredBy) => texts.inc({ answered_by: answeredBy }),
    smallShares(shares) {
      share.set(shares.recent)
      built.set(shares.built)
    },
  }
}

function workMetrics(registers: Registry[]): Telemetry['worked'] {
  const seconds = new Histogram({
    name: 'winnow_trial_seconds',
    help: 'Time of the trials that this worker had, by outcome.',
    labelNames: ['outcome'],
    buckets: [0.1, 1, 10, 60, 300, 1_800, 7_200],
    registers,
  })
  return (outcome, taken) => seconds.observe({ outcome }, taken)
}

function batchMetrics(registers: Registry[]): (batch: BatchFigures) => void {
  const size = new Histogram({
    name: 'winnow_batch_texts',
    help: 'Texts of one inference batch.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers,
  })
  const tokens = new Counter({ name: 'winnow_tokens_total', help: 'Tokens classified.', registers })
  const padded = new Counter({
    name: 'winnow_padded_tokens_total',
    help: 'Tokens run, padding included.',
    registers,
  })
  const seconds = new Histogram({
    name: 'winnow_batch_seconds',
    help: 'Time of one batch: wait of its oldest text, and run time.',
    labelNames: ['part'],
    buckets: secondsBuckets,
    registers,
  })
  const batches = new Counter({
    name: 'winnow_batches_total',
    help: 'Inference batches by provider: cpu, webgpu, cuda or tensorrt.',
    labelNames: ['provider'],
    registers,
  })
  return (batch) => {
    batches.inc({ provider: batch.provider })
    size.observe(batch.size)
    tokens.inc(batch.tokens)
    padded.inc(batch.paddedTokens)
    seconds.observe({ part: 'wait' }, batch.waitMs / 1_000)
    seconds.observe({ part: 'run' }, batch.runMs / 1_000)
  }
}

/** The probes of a process. */
export type Probes = {
  readonly probes: readonly Probe[]
  /** False after a final failure: /livez then responds 503. Always true if left out. */
  readonly isAlive?: () => boolean
}

export type Probe = { name: string; check(): Promise<void> | void }

/**
 * Serves /metrics, /livez and /readyz. Resolves with the address; the caller closes it. Throws
 * port_taken if another program has the port, config_invalid if the address is wrong.
 */
export async function listenTelemetry(
  telemetry: Telemetry,
  options: { host: string; port: number } & Probes,
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    void answer(telemetry, options, request.url ?? '/').then(({ status, type, body }) => {
      response.writeHead(status, { 'content-type': type })
      response.end(body)
    })
  })
  server.maxConnections = connectionsMax
  server.maxRequestsPerSocket = connectionRequestsMax
  await listening(server, options)
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : options.port
  return {
    url: `http://${options.host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Scrapers and probes need a few; further connections are closed at once. */
const connectionsMax = 64
/**
 * A connection ends after this many requests, so that one whose client never reads holds only a few
 * responses.
 */
const connectionRequestsMax = 100

async function answer(telemetry: Telemetry, { probes, isAlive }: Probes, url: string) {
  const path = url.split('?')[0]
  if (path === '/metrics') {
    const body = await telemetry.registry.metrics()
    return { status: 200, type: telemetry.registry.contentType, body }
  }
  if (path === '/livez') {
    return isAlive?.() === false
      ? { status: 503, type: 'text/plain', body: 'failed\n' }
      : { status: 200, type: 'text/plain', body: 'ok\n' }
  }
  if (path !== '/readyz') return { status: 404, type: 'text/plain', body: 'not found\n' }
  const failures: string[] = []
  for (const probe of probes) {
    try {
      await probe.check()
    } catch (error) {
      failures.push(`${probe.name}: ${errorMessage(error)}`)
    }
  }
  return failures.length === 0
    ? { status: 200, type: 'text/plain', body: 'ready\n' }
    : { status: 503, type: 'text/plain', body: `${failures.join('\n')}\n` }
}

function listening(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(listenError('telemetry', { host, port }, cause)))
    server.listen(port, host, () => resolve())
  })
}
