// Reads what people may label next, and what they labelled. infra/readers/ reads it from
// ClickHouse.
import type { Classification } from '../classification.ts'

/** Why an event is worth a label. */
export type LabellingReason = 'uncertain' | 'diverse' | 'out-of-scope' | 'disagreement'

/** An event that nobody labelled yet, with the latest classification of a model. */
export type LabellingCandidate = Pick<
  Classification,
  | 'eventId'
  | 'text'
  | 'source'
  | 'label'
  | 'labels'
  | 'score'
  | 'probabilities'
  | 'outOfScope'
  | 'model'
  | 'version'
  | 'classifiedAtMs'
> & {
  /** What a shadow said instead; only of the reason `disagreement`. */
  readonly other?: { readonly label: string; readonly score: number } | undefined
}

/** Which events to consider. */
export type CandidateFilter = {
  /** Model name. */
  readonly model: string
  /** Model version; all versions without it. */
  readonly version?: string | undefined
  readonly source?: string | undefined
  /** Event ids to leave out. */
  readonly exclude: readonly string[]
  /** Of a multi-label model: the probability from which each label applies. */
  readonly thresholds?: Readonly<Record<string, number>> | undefined
  readonly limit: number
}

/** A person, or the name of an API key, and how many events they labelled. */
export type Labeller = { readonly by: string; readonly labels: number }

/** Two people on the events that both labelled. */
export type LabellerPair = {
  readonly a: string
  readonly b: string
  readonly events: number
  /** Events to which both gave the same label. */
  readonly agreeing: number
  /** How often each gave which label, on these events. */
  readonly labelsA: Readonly<Record<string, number>>
  readonly labelsB: Readonly<Record<string, number>>
}

/** A person's label that a model contradicts. */
export type SuspiciousLabel = {
  readonly eventId: string
  readonly text: string
  readonly given: string
  readonly by: string
  readonly predicted: string
  readonly score: number
  readonly model: string
  readonly version: string
}

/** Reads what may be labelled, and what was. Rejects with `analytics_unavailable`. */
export type LabellingReader = {
  /** Events that nobody labelled, the most useful first. */
  candidates(
    reason: Exclude<LabellingReason, 'diverse'>,
    filter: CandidateFilter,
  ): Promise<readonly LabellingCandidate[]>
  /**
   * Events that nobody labelled with texts like that of an event, the most similar first; undefined
   * if the event has no result.
   */
  similar(
    eventId: string,
    limit: number,
  ): Promise<readonly (LabellingCandidate & { readonly similarity: number })[] | undefined>
  /** Who labelled how much, and how often each two agree. */
  agreement(): Promise<{
    readonly people: readonly Labeller[]
    readonly pairs: readonly LabellerPair[]
  }>
  /** Labels of people that a model contradicts with at least this score, the surest first. */
  suspicious(filter: {
    readonly model: string
    readonly version?: string | undefined
    readonly scoreMin: number
    readonly limit: number
  }): Promise<readonly SuspiciousLabel[]>
}
