// What the gateway tells about the stream: figures of a window of time, the lag of consumers, the
// balance of topics. infra/readers/ and serving/ read them from ClickHouse and Kafka.

/** Milliseconds below which a share of the events stayed; null without events. */
export type Quantiles = { readonly p50: number; readonly p95: number; readonly p99: number } | null

/** A window of time in buckets of equal length, and which events count. */
export type SummaryWindow = {
  /** Inclusive, epoch milliseconds, at the start of a bucket. */
  readonly sinceMs: number
  /** Exclusive, at the end of a bucket. */
  readonly untilMs: number
  readonly bucketMs: number
  readonly source?: string | undefined
  readonly model?: string | undefined
  readonly version?: string | undefined
  readonly label?: string | undefined
}

/** The figures of one window. Lists begin with the most frequent and are bounded. */
export type StreamSummary = {
  /** Events classified in the window; rows of a shadow count only in `models`. */
  readonly events: number
  readonly labels: readonly { readonly label: string; readonly events: number }[]
  readonly sources: readonly { readonly source: string; readonly events: number }[]
  readonly models: readonly {
    readonly model: string
    readonly role: string
    readonly events: number
  }[]
  readonly latencyMs: {
    readonly queue: Quantiles
    readonly infer: Quantiles
    readonly total: Quantiles
  }
  /** Texts by whether an earlier run answered them; from a sample of very many. */
  readonly cache: { readonly hits: number; readonly misses: number }
  readonly batches: {
    readonly batches: number
    readonly texts: number
    readonly tokens: number
    readonly paddedTokens: number
    readonly textsPerBatch: number
    readonly waitMs: Quantiles
    readonly runMs: Quantiles
  }
  readonly workers: readonly {
    readonly worker: number
    readonly model: string
    /** Share of the window in which it ran, 0 to 1. */
    readonly use: number
  }[]
  readonly deadLetters: {
    readonly total: number
    readonly open: number
    readonly codes: readonly { readonly code: string; readonly events: number }[]
  }
  /** One entry per bucket, also for empty ones. */
  readonly series: readonly {
    readonly timeMs: number
    readonly events: number
    readonly labels: Readonly<Record<string, number>>
    readonly totalMs: Quantiles
    readonly deadLetters: number
  }[]
}

/** How far a group is behind on a topic. */
export type ConsumerLag = {
  readonly group: string
  readonly stage: string
  readonly topic: string
  readonly lag: number
  readonly partitions: readonly {
    readonly partition: number
    readonly lag: number
    /** The next offset to consume; null before the first commit. */
    readonly committed: number | null
    readonly end: number
  }[]
}

/** What became of the records of a topic. */
export type TopicBalance = {
  readonly topic: string
  /** On the topic, replays of dead letters aside. */
  readonly records: number
  /** Records that are replays; their outcomes count for the events that they replay. */
  readonly replays: number
  readonly rows: number
  readonly openDeadLetters: number
  /** Events that the filter of their input leaves out. */
  readonly filtered: number
  readonly waiting: number
  /** Records without any outcome; 0 when nothing is lost and nothing is in flight. */
  readonly difference: number
}

/**
 * Reads the figures. Rejects with `analytics_unavailable`, `analytics_refused`,
 * `broker_unavailable` or `broker_refused`.
 */
export type StreamAnalytics = {
  summary(window: SummaryWindow): Promise<StreamSummary>
  lag(): Promise<readonly ConsumerLag[]>
  balance(): Promise<readonly TopicBalance[]>
}
