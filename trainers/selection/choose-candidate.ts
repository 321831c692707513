// Which of the compared candidates is trained. The rule is the one-standard-error rule (Breiman,
// Friedman, Olshen and Stone 1984, "Classification and regression trees", section 3.4.3): of the
// candidates within one standard error of the best, the cheapest. The error is that of the
// difference on the same folds, corrected as in corrected-t.ts.
import { momentsOf, type FoldSizes } from '../cross-validation/corrected-t.ts'
import { byCost, candidateName, type Candidate } from './candidate.ts'

/** A candidate that was judged on all folds. */
export type JudgedCandidate = Candidate & {
  /** The metric of each fold; higher is better. */
  readonly values: readonly number[]
}

/** A difference of means, paired by fold. */
export type Difference = { readonly mean: number; readonly standardError: number }

export type Choice<Of> = {
  readonly best: Of
  readonly chosen: Of
  /** What each candidate's metric is above that of the best one. */
  readonly differences: ReadonlyMap<Of, Difference>
  readonly reason: string
}

/** Chooses among candidates that were judged on the same folds, of which there is at least one. */
export function chooseCandidate<Of extends JudgedCandidate>(
  judged: readonly Of[],
  folds: readonly FoldSizes[],
): Choice<Of> {
  const cheapestFirst = byCost(judged)
  const meanOf = ({ values }: Of): number => momentsOf(values, folds).mean
  const best = cheapestFirst.reduce((top, next) => (meanOf(next) > meanOf(top) ? next : top))
  const differences = new Map(
    cheapestFirst.map((candidate) => {
      const paired = candidate.values.map((value, fold) => value - best.values[fold]!)
      const { mean, error } = momentsOf(paired, folds)
      return [candidate, { mean, standardError: error }]
    }),
  )
  const isClose = (candidate: Of): boolean => {
    const { mean, standardError } = differences.get(candidate)!
    return -mean <= standardError
  }
  const chosen = cheapestFirst.find(isClose)!
  const reason = reasonFor({ best, chosen, difference: differences.get(chosen)!, judged })
  return { best, chosen, differences, reason }
}

function reasonFor<Of extends JudgedCandidate>(choice: {
  best: Of
  chosen: Of
  difference: Difference
  judged: readonly Of[]
}): string {
  const { best, chosen, difference, judged } = choice
  if (judged.length === 1) return 'No other candidate could be compared.'
  if (chosen === best) return 'It is the best, and no cheaper one is within one standard error.'
  const points = (share: number): string => (100 * share).toFixed(1)
  return (
    `It is ${points(-difference.mean)} points below the best (${nameOf(best)}), within one ` +
    `standard error (${points(difference.standardError)}), and cheaper.`
  )
}

function nameOf({ method, base }: Candidate): string {
  return candidateName({ method, base: base.name })
}
