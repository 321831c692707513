// How far the fits of a head are: which of how many, the share of the work, and the time left. It
// owns the estimate; the fits are logistic-regression.ts, the words commands/training-progress.ts.

/** How far the training of a head is, told after every step of a fit. */
export type FitProgress = {
  readonly inverseRegularisation: number
  /**
   * The fit under way, from 1, of those that are expected: an early end of the search makes them
   * fewer.
   */
  readonly fit: number
  readonly fits: number
  /** The part of the work that is done, 0 to 1, as far as it can be told. */
  readonly share: number
  /** Steps of all fits, each a pass over the examples or more, by the seconds that they took. */
  readonly stepsPerSecond: number
  readonly secondsLeft: number
}

/** Follows fits that come one after the other. */
export type FitFollower = {
  /**
   * Begins the next fit, and returns what is to be told the largest part of the gradient at each
   * step.
   */
  begin: (fit: {
    inverseRegularisation: number
    gradientMax: number
  }) => (gradientLargest: number) => void
  /** Says that no fit of the search is left, only the last one. */
  endSearch: () => void
}

/** The last fit of all examples takes about as long as so many of the search. */
const lastFitWeight = 10

/** Expects `searchFits` short fits, then a long one. `now` gives milliseconds. */
export function followFits(options: {
  readonly searchFits: number
  readonly onFit: (progress: FitProgress) => void
  readonly now?: () => number
}): FitFollower {
  const { onFit, now = () => performance.now() } = options
  const startedMs = now()
  let searchFits = options.searchFits
  let begun = 0
  let steps = 0
  return {
    begin({ inverseRegularisation, gradientMax }) {
      const before = begun
      begun++
      let first: number | undefined
      return (gradientLargest) => {
        steps++
        first ??= gradientLargest
        // Gradients fall by about the same factor at each step.
        const way = Math.log(first / gradientMax)
        const gone = way > 0 ? Math.log(first / gradientLargest) / way : 1
        const weight = before < searchFits ? 1 : lastFitWeight
        const done = before + weight * Math.min(1, Math.max(0, gone))
        const share = done / (searchFits + lastFitWeight)
        const seconds = (now() - startedMs) / 1_000
        onFit({
          inverseRegularisation,
          fit: begun,
          fits: searchFits + 1,
          share,
          stepsPerSecond: seconds > 0 ? steps / seconds : 0,
          secondsLeft: share > 0 ? (seconds * (1 - share)) / share : Infinity,
        })
      }
    },
    endSearch() {
      searchFits = begun
    },
  }
}
