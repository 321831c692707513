// A gateway on in-memory dependencies that record what they are given and fail on demand, with ways
// to call it without a socket. memory-results.ts answers filters of results.
import { configSchema } from '../../configs/schema.ts'
import type { Config } from '../../configs/schema.ts'
import { createGateway } from '../../gateway/app.ts'
import type { GatewayOptions } from '../../gateway/app.ts'
import type {
  GatewayFailure,
  OnlineClassification,
  OnlineExplainer,
  OnlineModel,
  OnlineModels,
  OnlineRejection,
  OnlineResult,
  PublishedEvent,
  PublishedLabel,
} from '../../gateway/http/dependencies.ts'
import type { Explanation, ExplainRequest } from '../../models/explain/explanation.ts'
import { LiveResults, type StreamPace } from '../../gateway/stream/live-results.ts'
import { createWorkQueue } from '../../gateway/http/work-queue.ts'
import type { ResultLog } from '../../schemas/ports/result-log.ts'
import type { SummaryWindow } from '../../schemas/ports/stream-analytics.ts'
import { createMemoryLog } from './memory-log.ts'
import type { ReplaySelection } from '../../schemas/ports/dead-letters.ts'
import { sampleAnalytics } from './sample-analytics.ts'
import { sampleDeadLetters } from './sample-dead-letters.ts'
import type { ResultFilter, StoredResult } from '../../schemas/ports/result-reader.ts'
import { controlInMemory } from './control-in-memory.ts'
import type { Gateway } from '../../gateway/http/route.ts'
import { WinnowError } from '../../schemas/errors.ts'

/** What a test sees of the gateway. */
export type GatewayUnderTest = {
  readonly app: Gateway
  readonly published: PublishedEvent[]
  readonly labels: PublishedLabel[]
  readonly traceparents: (string | undefined)[]
  readonly filters: ResultFilter[]
  readonly windows: SummaryWindow[]
  readonly replays: ReplaySelection[]
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

/** The model `mail@3`, which serves in a gateway under test. */
export type TestClassifier = {
  readonly hasRoom: () => boolean
  readonly classify: (
    texts: readonly string[],
    options: { readonly signal: AbortSignal },
  ) => Promise<readonly (OnlineResult | OnlineRejection)[]>
}

/**
 * A gateway on in-memory dependencies; `parts` replaces any of them. A classifier becomes the only
 * model.
 */
export function gatewayUnderTest({
  classifier,
  ...parts
}: Partial<GatewayOptions> & { classifier?: TestClassifier } = {}): GatewayUnderTest {
  const published: PublishedEvent[] = []
  const labels: PublishedLabel[] = []
  const traceparents: (string | undefined)[] = []
  const filters: ResultFilter[] = []
  const observed: { route: string; method: string; status: number }[] = []
  const failures: GatewayFailure[] = []
  const windows: SummaryWindow[] = []
  const replays: ReplaySelection[] = []
  const config = parts.config ?? configWith()
  const app = createGateway({
    config,
    live: createLiveResults(createMemoryLog(), config),
    analytics: sampleAnalytics(windows),
    deadLetters: sampleDeadLetters(replays),
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
    ...controlInMemory(),
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
    ...(classifier === undefined ? {} : { models: modelsOf(classifier) }),
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
    windows,
    replays,
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

/** Live results of a log, for a gateway of this configuration. */
export function createLiveResults(
  log: ResultLog,
  { gateway }: Pick<Config, 'gateway'>,
  pace: Partial<StreamPace> = {},
): LiveResults {
  return new LiveResults({
    log,
    gateway,
    queue: createWorkQueue(),
    onFailure: () => undefined,
    pace: { pollMs: 10, ...pace },
  })
}

/** A classifier that labels every text `ham` and records the texts. */
export function hamClassifier(asked: string[] = []): TestClassifier {
  return {
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
          answeredBy: '' as const,
        })),
      )
    },
  }
}

/** Whether a path asks for a key, in a gateway that has keys. */
export function needsKey(path: string): boolean {
  if (path.startsWith('/v2')) return !path.startsWith('/v2/health/')
  return path.startsWith('/v1/') || path === '/metrics' || path === '/predict'
}

/** The labels of the model in a gateway under test. */
export const testLabels = ['ham', 'spam'] as const

/** A set of one model, `mail@3`, which classifies with the classifier. */
export function modelsOf({ hasRoom, classify }: TestClassifier): OnlineModels {
  const model: OnlineModel = {
    name: 'mail',
    version: '3',
    labels: testLabels,
    classify: async (texts, options) => (await classify(texts, options)).map(withRows),
    tokenize: (texts) =>
      Promise.resolve(
        texts.map(({ text }) => {
          const token = { id: 7, text, start: 0, end: text.length, special: false }
          return { tokens: [token], truncated: false }
        }),
      ),
    embed: (texts) =>
      Promise.resolve(
        texts.map(({ length }) => ({ embedding: Float32Array.of(0.6, -0.8), tokens: length })),
      ),
  }
  const known = (ref: string | undefined): Promise<OnlineModel> =>
    ['mail', 'mail@3', 'mail@champion', undefined].includes(ref)
      ? Promise.resolve(model)
      : Promise.reject(new WinnowError('model_not_found', `There is no model ${ref}`))
  return {
    serving: 'mail@3',
    hasRoom,
    use: async (ref, work) => work(await known(ref)),
    describe: async (ref) => ({ ...(await known(ref)), versions: ['1', '3'] }),
  }
}

function withRows(one: OnlineResult | OnlineRejection): OnlineClassification | OnlineRejection {
  if ('error' in one) return one
  const probabilities = Float32Array.from(testLabels, (label) => one.probabilities[label] ?? 0)
  return { result: one, probabilities, logits: probabilities.map(Math.log) }
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
  answeredBy: '',
  queueMs: 1.5,
  inferMs: 2.5,
  totalMs: 120,
}
