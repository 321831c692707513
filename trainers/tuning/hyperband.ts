// Hyperband (Li et al. 2018, "Hyperband: A Novel Bandit-Based Approach to Hyperparameter
// Optimization", JMLR 18) with asynchronous brackets: each trial belongs to a bracket, and ASHA
// (asha.ts) prunes inside of it. Brackets differ in the epochs that no trial is pruned before.

/** How trials are pruned. */
export const prunerNames = ['asha', 'hyperband', 'none'] as const
export type PrunerName = (typeof prunerNames)[number]

/**
 * How many brackets there are for trials of up to so many epochs: one per power of the reduction
 * factor up to it. The first one is ASHA.
 */
export function bracketsFor(epochsMax: number, reductionFactor: number): number {
  let brackets = 1
  while (reductionFactor ** brackets <= epochsMax) brackets++
  return brackets
}

/**
 * The bracket of a trial, from 0. Brackets get trials in the proportions of the paper: of B
 * brackets, the one whose first rung is after η^b epochs gets η^s B / (s + 1), where s = B - 1 - b.
 * Each trial goes to the bracket that has the smallest part of its due, so the answer depends on
 * the arguments only.
 */
export function bracketOf(
  trial: number,
  { brackets, reductionFactor }: { brackets: number; reductionFactor: number },
): number {
  const due = Array.from({ length: brackets }, (_, bracket) => {
    const halvings = brackets - 1 - bracket
    return Math.ceil((reductionFactor ** halvings * brackets) / (halvings + 1))
  })
  const given = due.map(() => 0)
  let bracket = 0
  for (let number = 0; number <= trial; number++) {
    const parts = due.map((share, index) => (given[index]! + 1) / share)
    bracket = parts.indexOf(Math.min(...parts))
    given[bracket]!++
  }
  return bracket
}
