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

/** Reads candidates for labels, the most useful first. */
export type LabellingReader = {
  candidates(
    reason: Exclude<LabellingReason, 'diverse'>,
    filter: CandidateFilter,
  ): Promise<readonly LabellingCandidate[]>
}
