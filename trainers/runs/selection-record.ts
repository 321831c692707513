// What `train --method auto` compared before it trained, as the run's record and the JSON of the
// command have it. trainers/selection/ makes it.
import { counted } from '../../schemas/counted.ts'
import type { Interval } from '../evaluation/evaluation.ts'

/** A training method on a base encoder. */
export type MethodOnBase = { readonly method: string; readonly base: string }

/** A candidate, and what came of it. */
export type ComparedCandidate = MethodOnBase & {
  /** `complete` candidates can be chosen; the others have a reason. */
  readonly state: 'complete' | 'stopped' | 'failed' | 'skipped'
  readonly reason?: string | undefined
  readonly seconds: number
  /** One for each fold that was judged, with every score. */
  readonly folds: readonly {
    readonly seconds: number
    readonly metrics: Readonly<Record<string, number>>
  }[]
  /** Of a complete candidate: the mean of each score over the folds, with a corrected interval. */
  readonly mean?: Readonly<Record<string, number>> | undefined
  readonly intervals?: Readonly<Record<string, Interval>> | undefined
  /** The metric less that of the best candidate, paired by fold; absent for the best one. */
  readonly difference?:
    | {
        readonly mean: number
        /** Corrected for folds that share training examples. */
        readonly standardError: number
      }
    | undefined
}

/** The comparison by which a method and a base were chosen. */
export type SelectionRecord = {
  readonly metric: string
  /** The cheapest candidate within one standard error of the best one (Breiman et al. 1984). */
  readonly rule: 'one-standard-error'
  readonly secondsMax: number
  /** Spent on the comparison. */
  readonly seconds: number
  /** Training examples in all, and those that candidates were compared on. */
  readonly examples: number
  readonly comparedExamples: number
  /** 0 when nothing could be compared. */
  readonly folds: number
  /** Of the folds, as `winnow cv` has it; null when there were none. */
  readonly foldsSha256: string | null
  readonly candidates: readonly ComparedCandidate[]
  /** The highest mean; null when nothing could be compared. */
  readonly best: MethodOnBase | null
  readonly chosen: MethodOnBase
  /** What its training on all examples was expected to take; null when that was not measured. */
  readonly finalSeconds: number | null
  /** Why, in a sentence. */
  readonly reason: string
}

/** How method and base were chosen, as facts of a report; none if the user chose them. */
export function selectionFacts(selection: SelectionRecord | undefined): [string, string][] {
  if (selection === undefined) return []
  const { candidates, chosen, reason } = selection
  const compared = candidates.filter(({ state }) => state === 'complete').length
  return [
    [
      'Chosen by comparison',
      `${chosen.method} on ${chosen.base}, of ${counted(compared, 'candidate')}. ${reason}`,
    ],
  ]
}
