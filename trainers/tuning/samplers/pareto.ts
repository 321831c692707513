// Trials with two losses: which one dominates, and the order in which TPE calls trials good. What a
// Gaussian process makes of them is scalarised.ts.

/** Two losses; less is better. */
export type LossPair = readonly [first: number, second: number]

/** Whether a pair is at least as good in both losses, and better in one. */
export function dominates(one: LossPair, other: LossPair): boolean {
  return one[0] <= other[0] && one[1] <= other[1] && (one[0] < other[0] || one[1] < other[1])
}

/** The places of the pairs that no other dominates. */
export function nondominated(pairs: readonly LossPair[]): number[] {
  return pairs.flatMap((pair, place) =>
    pairs.some((other) => dominates(other, pair)) ? [] : [place],
  )
}

/**
 * The places of the pairs, best first: one nondominated front after the other, and within a front
 * the pair that adds the most area to what those before it dominate (the order of multi-objective
 * TPE, Ozaki et al. 2022, "Multiobjective Tree-Structured Parzen Estimator", JAIR 73).
 */
export function byDominance(pairs: readonly LossPair[]): number[] {
  const ordered: number[] = []
  let left = pairs.map((_, place) => place)
  while (left.length > 0) {
    const front = nondominated(left.map((place) => pairs[place]!)).map((index) => left[index]!)
    ordered.push(...byAddedArea(front, pairs))
    left = left.filter((place) => !front.includes(place))
  }
  return ordered
}

/** Orders a front greedily by the area that each pair adds, up to the worst of both losses. */
function byAddedArea(front: readonly number[], pairs: readonly LossPair[]): number[] {
  const worst = [0, 1].map((loss) => {
    const values = pairs.map((pair) => pair[loss]!)
    const [low, high] = [Math.min(...values), Math.max(...values)]
    // A little beyond the worst, so that the ends of the front have an area, too.
    return high + 0.1 * (high - low || 1)
  }) as [number, number]
  const ordered: number[] = []
  const left = [...front]
  while (left.length > 0) {
    const chosen = ordered.map((place) => pairs[place]!)
    const areas = left.map((place) => dominatedArea([...chosen, pairs[place]!], worst))
    const [next] = left.splice(areas.indexOf(Math.max(...areas)), 1)
    ordered.push(next!)
  }
  return ordered
}

/** The area that pairs dominate up to a reference, which is worse than all of them. */
export function dominatedArea(pairs: readonly LossPair[], reference: LossPair): number {
  let area = 0
  let ceiling = reference[1]
  for (const [first, second] of pairs.toSorted((a, b) => a[0] - b[0] || a[1] - b[1])) {
    if (second >= ceiling) continue
    area += (reference[0] - first) * (ceiling - second)
    ceiling = second
  }
  return area
}
