// The interfaces of the gateway's dependencies: broker, stored results, model, health checks,
// metrics. serving/ and commands/ pass in clients of infra/ and models/.
import type {
  Explanation,
  ExplanationMethod,
  ExplainRequest,
} from '../../models/explain/explanation.ts'
import type { AnsweredBy } from '../../schemas/classification.ts'
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
  /** The model of a cascade that answered; empty for other versions. */
  readonly answeredBy: AnsweredBy
}

/** A text without a result; others of its request may have one. */
export type OnlineRejection = { readonly error: EventError }

/** What a model says about one text. */
export type OnlineClassification = {
  /** As POST /v1/classify answers it. */
  readonly result: OnlineResult
  /** float32 [labels], in the order of the labels. */
  readonly probabilities: Float32Array
  /** float32 [labels], as the model gave them. */
  readonly logits: Float32Array
}

/** A token of a text, with its place in the text as it was given, in UTF-16 units. */
export type OnlineToken = {
  readonly id: number
  readonly text: string
  readonly start: number
  readonly end: number
  /** Whether the tokenizer added it, such as `[CLS]`. */
  readonly special: boolean
}

/** The tokens of one text. */
export type OnlineTokens = { readonly tokens: readonly OnlineToken[]; readonly truncated: boolean }

/** A text as it was given, and as the stream cleans it. */
export type CleanedText = { readonly text: string; readonly cleaned: string }

/** The embedding of one text: float32 [features], of Euclidean length 1. */
export type OnlineEmbedding = { readonly embedding: Float32Array; readonly tokens: number }

/** One model version. The texts are already cleaned, as in the stream. */
export type OnlineModel = {
  readonly name: string
  readonly version: string
  /** In the order of the logits. */
  readonly labels: readonly string[]
  /**
   * Returns one outcome per text, in order. Rejects with `queue_full`, `session_failed`,
   * `worker_crashed`, or `cancelled` after `signal` aborts; waiting texts are then dropped.
   */
  classify(
    texts: readonly string[],
    options: { readonly signal: AbortSignal },
  ): Promise<readonly (OnlineClassification | OnlineRejection)[]>
  /** The tokens that the model reads of each text. Rejects when `signal` aborts. */
  tokenize(
    texts: readonly CleanedText[],
    options: { readonly signal: AbortSignal },
  ): Promise<readonly OnlineTokens[]>
  /**
   * Embeds texts as the encoder of the model pools them. Rejects as `classify`, and with
   * `model_incompatible` if the encoder cannot be taken out of the model.
   */
  embed(
    texts: readonly string[],
    options: { readonly signal: AbortSignal },
  ): Promise<readonly (OnlineEmbedding | OnlineRejection)[]>
}

/** What is known of a model version without opening it. */
export type OnlineModelFacts = Pick<OnlineModel, 'name' | 'version' | 'labels'> & {
  /** The versions that can be named, oldest first. */
  readonly versions: readonly string[]
}

/** The models that answer requests: the one that serves, and others that requests name. */
export type OnlineModels = {
  /** `name@version` of the model that serves; undefined if there is none. */
  readonly serving: string | undefined
  /** Whether the queue of the model that serves would accept work at this moment. */
  hasRoom(): boolean
  /**
   * Opens the model that `ref` means, unless it is open, and keeps it open for `work`. Without a
   * reference it is the one that serves. Rejects with `model_unavailable` if there is none,
   * `model_not_found`, `queue_full` if too many models are in use, and what opening throws.
   */
  use<T>(ref: string | undefined, work: (model: OnlineModel) => Promise<T>): Promise<T>
  /** Describes the model that `ref` means. Rejects as `use`. */
  describe(ref: string): Promise<OnlineModelFacts>
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
