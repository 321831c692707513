// A gateway on in-memory dependencies that record what they are given and fail on demand, with ways
// to call it without a socket. memory-results.ts answers filters of results.
import { configSchema } from '../../configs/schema.ts'
import type { Config } from '../../configs/schema.ts'
import { createGateway } from '../../gateway/app.ts'
import type { GatewayOptions } from '../../gateway/app.ts'
import type {
  GatewayFailure,
  OnlineClassifier,
  OnlineExplainer,
  PublishedEvent,
  PublishedLabel,
} from '../../gateway/http/dependencies.ts'
import type { Explanation, ExplainRequest } from '../../models/explain/explanation.ts'
import type { ResultFilter, StoredResult } from '../../schemas/ports/result-reader.ts'
import type { Gateway } from '../../gateway/http/route.ts'

/** What a test sees of the gateway. */
export type GatewayUnderTest = {
  readonly app: Gateway
  readonly published: PublishedEvent[]
  readonly labels: PublishedLabel[]
  readonly traceparents: (string | undefined)[]
  readonly filters: ResultFilter[]
  readonly observed: { route: string; method: string; status: number }[]
  readonly failures: GatewayFailure[]
  /** POSTs JSON and returns the response with its body parsed. */
  post(
    path: string,
    body: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; headers: Headers; json: Record<string, unknown> }>
  get(
    path: string,
    headers?: Record<string, string>,
  ): Promise<{ status: number; headers: Headers; json: Record<string, unknown> }>
}

/** The default configuration with the gateway section changed. */
export function configWith(
  gateway: Partial<Config['gateway']> = {},
  limits: Partial<Config['limits']> = {},
): Config {
  const config = configSchema.parse({})
  return {
    ...config,
    gateway: { ...config.gateway, ...gateway },
    limits: { ...config.limits, ...limits },
  }
}

const onePage = {
  type: 'text/html; charset=utf-8',
  bytes: new TextEncoder().encode('<title>Winnow</title>'),
  etag: '"one"',
  isNamedByHash: false,
}

/** A gateway on in-memory dependencies; `parts` replaces any of them. */
export function gatewayUnderTest(parts: Partial<GatewayOptions> = {}): GatewayUnderTest {
  const published: PublishedEvent[] = []
  const labels: PublishedLabel[] = []
  const traceparents: (string | undefined)[] = []
  const filters: ResultFilter[] = []
  const observed: { route: string; method: string; status: number }[] = []
  const failures: GatewayFailure[] = []
  const app = createGateway({
    config: configWith(),
    labels: {
      publish: (given, { traceparent }) => {
        labels.push(...given)
        traceparents.push(traceparent)
        return Promise.resolve()
      },
    },
    knownLabels: () => Promise.resolve(new Set()),
    pages: { read: () => Promise.resolve(onePage) },
    publisher: {
      publish: (events, { traceparent }) => {
        published.push(...events)
        traceparents.push(traceparent)
        return Promise.resolve()
      },
    },
    results: {
      byId: (id) => Promise.resolve(id === storedResult.eventId ? [storedResult] : []),
      list: (filter) => {
        filters.push(filter)
        return Promise.resolve({ results: [storedResult], cursor: 'next' })
      },
    },
    outcomes: {
      newestResults: (ids) => Promise.resolve(ids.map((eventId) => ({ ...storedResult, eventId }))),
      deadLetters: () => Promise.resolve([]),
    },
    health: [],
    metrics: {
      observe: (route, method, status) => {
        observed.push({ route, method, status })
      },
    },
    metricsText: () => Promise.resolve('up 1\n'),
    onFailure: (failure) => {
      failures.push(failure)
    },
    ...parts,
  })
  const request = async (path: string, init: RequestInit) => {
    const response = await app.request(path, init)
    const text = await response.text()
    const json = JSON.parse(text === '' ? '{}' : text) as Record<string, unknown>
    return { status: response.status, headers: response.headers, json }
  }
  return {
    app,
    published,
    labels,
    traceparents,
    filters,
    observed,
    failures,
    post: (path, body, headers = {}) =>
      request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    get: (path, headers = {}) => request(path, { headers }),
  }
}

/** A classifier that labels every text `ham` and records the texts. */
export function hamClassifier(asked: string[] = []): OnlineClassifier {
  return {
    model: 'mail@3',
    hasRoom: () => true,
    classify: (texts) => {
      asked.push(...texts)
      return Promise.resolve(
        texts.map((text) => ({
          label: 'ham',
          score: 0.75,
          labels: ['ham'],
          outOfScope: 0.25,
          probabilities: { ham: 0.75, spam: 0.25 },
          tokens: text.length,
          truncated: false,
        })),
      )
    },
  }
}

/** An explainer of the labels `ham` and `spam` that records what it is asked. */
export function hamExplainer(asked: ExplainRequest[] = []): OnlineExplainer {
  return {
    hasRoom: () => true,
    current: () => ({
      model: 'mail@3',
      labels: ['ham', 'spam'],
      methods: ['auto', 'occlusion', 'shapley'],
      explain: (request) => {
        asked.push(request)
        return Promise.resolve(hamExplanation(request))
      },
    }),
  }
}

function hamExplanation({ text, label = 'ham' }: ExplainRequest): Explanation {
  const whole = { text, start: 0, end: text.length, attribution: 1.5 }
  return {
    model: 'mail@3',
    label,
    score: 0.75,
    logOdds: 1.1,
    method: 'occlusion',
    baseline: 'mask',
    baselineLogOdds: null,
    steps: null,
    permutations: null,
    completenessGap: null,
    truncated: false,
    tokens: [whole],
    words: [whole],
  }
}

/** One stored row. */
export const storedResult: StoredResult = {
  eventId: 'winnow.events/3/17',
  topic: 'winnow.events',
  partition: 3,
  offset: 17,
  eventTimeMs: Date.UTC(2025, 0, 31, 12),
  classifiedAtMs: Date.UTC(2025, 0, 31, 12, 0, 0, 120),
  source: 'support-mail',
  attributes: { lang: 'en' },
  text: 'Hello',
  label: 'ham',
  score: 0.75,
  labels: ['ham'],
  outOfScope: 0.25,
  probabilities: { ham: 0.75, spam: 0.25 },
  model: 'mail',
  version: '3',
  role: 'champion',
  tokens: 3,
  truncated: false,
  queueMs: 1.5,
  inferMs: 2.5,
  totalMs: 120,
}
