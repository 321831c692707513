// What the gateway needs from the outside, as types: the broker, the stored results, the model, the
// health of what lies behind it, and metrics. cli.ts fills these with the clients of infra/ and
// models/.
import type { EventError } from '../schemas/errors.ts'

/** An event as the gateway hands it to the broker: checked, its id assigned, no nulls. */
export type PublishedEvent = {
  readonly id: string
  readonly text: string
  readonly source?: string
  /** Whole epoch milliseconds, or RFC 3339. */
  readonly time?: number | string
  readonly attributes?: Readonly<Record<string, string>>
  readonly label?: string
}

/** Puts events on the events topic. */
export type EventPublisher = {
  /**
   * Resolves once the broker has acknowledged every event. `traceparent` goes into the record
   * header of that name. Rejects with `broker_unavailable` (trying again helps) or
   * `broker_refused`.
   */
  publish(
    events: readonly PublishedEvent[],
    options: { readonly traceparent?: string },
  ): Promise<void>
}

/** A person's word on an event, checked. */
export type PublishedLabel = {
  readonly id: string
  /** Null takes back what was said before. */
  readonly label: string | null
  readonly by?: string
  /** Whole epoch milliseconds, or RFC 3339. */
  readonly time?: number | string
}

/** Puts labels on the labels topic. Rejects as EventPublisher does. */
export type LabelPublisher = {
  publish(
    labels: readonly PublishedLabel[],
    options: { readonly traceparent?: string },
  ): Promise<void>
}

/**
 * The labels that some model has: the one that serves, or the newest version of one in the store.
 * Asked once for each request with labels; the set is empty when there is no model.
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

/** A text that got no result, while the others of its request did. */
export type OnlineRejection = { readonly error: EventError }

/** The model that the gateway has loaded. */
export type OnlineClassifier = {
  /** `name@version` of what answers now; it changes when a model is swapped. */
  readonly model: string
  /** Whether the queue would take more work at this moment. */
  hasRoom(): boolean
  /**
   * One outcome for each text, in order. The texts are cleaned already, as in the stream. Rejects
   * with `queue_full`, `session_failed`, `worker_crashed`, or `cancelled` after `signal` fires;
   * texts that wait are then dropped.
   */
  classify(
    texts: readonly string[],
    options: { readonly signal: AbortSignal },
  ): Promise<readonly (OnlineResult | OnlineRejection)[]>
}

/** One thing that must work before the gateway is ready. */
export type HealthCheck = {
  /** Such as `kafka`; shown to anyone who asks /readyz. */
  readonly name: string
  /** Resolves when it works, rejects when it does not. */
  check(signal: AbortSignal): Promise<void>
}

/** Everything to export at /metrics, in Prometheus text format 0.0.4. */
export type MetricsSource = () => Promise<string>

/** Counts and times answered requests. */
export type GatewayMetrics = {
  /** `route` is the pattern, never the path, so that its values stay few. */
  observe(route: string, method: string, status: number, seconds: number): void
}

/** A request that failed on our side, for the log: the answer keeps the cause to itself. */
export type GatewayFailure = {
  readonly error: unknown
  readonly requestId: string
  readonly method: string
  readonly path: string
}
