// The interfaces of the gateway's dependencies: broker, stored results, model, health checks,
// metrics. serving/ and commands/ pass in clients of infra/ and models/.
import type {
  Explanation,
  ExplanationMethod,
  ExplainRequest,
} from '../../models/explain/explanation.ts'
import type { EventError } from '../../schemas/errors.ts'

/** An event as the gateway publishes it: checked, with an id, without nulls. */
export type PublishedEvent = {
  readonly id: string
  readonly text: string
  readonly source?: string
  /** Whole epoch milliseconds, or RFC 3339. */
  readonly time?: number | string
  readonly attributes?: Readonly<Record<string, string>>
  readonly label?: string
}

/** Publishes events to the events topic. */
export type EventPublisher = {
  /**
   * Resolves once the broker has acknowledged every event. `traceparent` becomes the record header
   * of that name. Rejects with `broker_unavailable` (retryable) or `broker_refused` (final).
   */
  publish(
    events: readonly PublishedEvent[],
    options: { readonly traceparent?: string },
  ): Promise<void>
}

/** A checked label that a person gives to an event. */
export type PublishedLabel = {
  readonly id: string
  /** Null withdraws what the person said before. */
  readonly label: string | null
  readonly by?: string
  /** Whole epoch milliseconds, or RFC 3339. */
  readonly time?: number | string
}

/** Publishes labels to the labels topic. Rejects as EventPublisher does. */
export type LabelPublisher = {
  publish(
    labels: readonly PublishedLabel[],
    options: { readonly traceparent?: string },
  ): Promise<void>
}

/**
 * The labels of the serving model and of the newest version of each model in the store. Called once
 * per request with labels; the set is empty without a model.
 */
export type KnownLabels = () => Promise<ReadonlySet<string>>

/** The result of one text, classified without Kafka. */
export type OnlineResult = {
  readonly label: string
  /** Probability of the most probable label, 0 to 1. */
  readonly score: number
  /** All labels that apply: several, or none, with a multi-label model. */
  readonly labels: readonly string[]
  /** How far the text is from what the model knows, 0 to 1. */
  readonly outOfScope: number
  /** The most probable labels with their probabilities. */
  readonly probabilities: Readonly<Record<string, number>>
  /** Tokens after truncation. */
  readonly tokens: number
  /** Whether the text had more tokens than the model reads. */
  readonly truncated: boolean
}

/** A text without a result; others of its request may have one. */
export type OnlineRejection = { readonly error: EventError }

/** The model that the gateway has loaded. */
export type OnlineClassifier = {
  /** `name@version` of the current model; it changes when a model is swapped. */
  readonly model: string
  /** Whether the queue would accept work at this moment. */
  hasRoom(): boolean
  /**
   * Returns one outcome per text, in order. The texts are already cleaned, as in the stream.
   * Rejects with `queue_full`, `session_failed`, `worker_crashed`, or `cancelled` after `signal`
   * aborts; waiting texts are then dropped.
   */
  classify(
    texts: readonly string[],
    options: { readonly signal: AbortSignal },
  ): Promise<readonly (OnlineResult | OnlineRejection)[]>
}

/** The model that the gateway has loaded, at work on explanations. */
export type OnlineExplainer = {
  /** Whether another explanation would be accepted at this moment. */
  hasRoom(): boolean
  /** The version that serves now; it may be swapped while it explains. */
  current(): ExplainableModel
}

/** One model version that can explain its labels. */
export type ExplainableModel = {
  /** `name@version`. */
  readonly model: string
  readonly labels: readonly string[]
  readonly methods: readonly ExplanationMethod[]
  /**
   * Explains the label of a text as it was sent, with a label and a method that the model has.
   * Rejects with `queue_full`, `worker_crashed`, what opening the version throws, or `cancelled`
   * after `signal` aborts.
   */
  explain(request: ExplainRequest, options: { readonly signal: AbortSignal }): Promise<Explanation>
}

/** A dependency that must work before the gateway is ready. */
export type HealthCheck = {
  /** For example `kafka`; shown to anyone who requests /readyz. */
  readonly name: string
  /** Resolves when it works, rejects when it does not. */
  check(signal: AbortSignal): Promise<void>
}

/** Everything to export at /metrics, in Prometheus text format 0.0.4. */
export type MetricsSource = () => Promise<string>

/** Counts and times answered requests. */
export type GatewayMetrics = {
  /** `route` is the pattern, never the path, so that the metric has few label values. */
  observe(route: string, method: string, status: number, seconds: number): void
}

/** A failed request for the log; the response does not reveal the cause. */
export type GatewayFailure = {
  readonly error: unknown
  readonly requestId: string
  readonly method: string
  readonly path: string
}

/** One file of the pages. */
export type PageFile = {
  /** The Content-Type. */
  readonly type: string
  readonly bytes: Uint8Array<ArrayBuffer>
  /** The same bytes, compressed; absent if that saves nothing. */
  readonly gzipped?: Uint8Array<ArrayBuffer>
  /** A strong entity tag, in quotes. */
  readonly etag: string
  /** Whether the name changes with the bytes, so that a copy may be kept for good. */
  readonly isNamedByHash: boolean
}

/** The files of the dashboard and of the pages of the API. */
export type PageFiles = {
  /**
   * The file of a path such as `assets/app.js`; undefined if there is none. Rejects with
   * `prerequisite_missing` if the pages were not built.
   */
  read(path: string): Promise<PageFile | undefined>
}
