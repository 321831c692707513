// Estimates the progress of a head's fits: the fraction of the work that is done, and the time
// left. logistic-regression.ts makes the fits; commands/training/training-progress.ts prints the
// progress.

/** The progress of training a head, reported after every step of a fit. */
export type FitProgress = {
  readonly inverseRegularisation: number
  /** The number of the current fit, from 1. */
  readonly fit: number
  /** The expected number of fits; it falls if the search ends early. */
  readonly fits: number
  /** The estimated fraction of the work that is done, 0 to 1. */
  readonly share: number
  /** Steps per second over all fits; a step is at least one pass over the examples. */
  readonly stepsPerSecond: number
  readonly secondsLeft: number
}

/** Tracks fits that run one after the other. */
export type FitTracker = {
  /**
   * Begins the next fit. Call the returned function with the largest component of the gradient at
   * each step.
   */
  begin: (fit: {
    inverseRegularisation: number
    gradientMax: number
  }) => (gradientLargest: number) => void
  /** Tells the tracker that only the final fit is left. */
  endSearch: () => void
}

/** The final fit takes about as long as this many fits of the search. */
const lastFitWeight = 10

/** Starts a tracker for `searchFits` short fits and a long final one. `now` is in milliseconds. */
export function trackFits(options: {
  readonly searchFits: number
  readonly onFit: (progress: FitProgress) => void
  readonly now?: () => number
}): FitTracker {
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
        // The gradient falls by about the same factor at each step, so its logarithm is linear.
        const distance = Math.log(first / gradientMax)
        const fraction = distance > 0 ? Math.log(first / gradientLargest) / distance : 1
        const weight = before < searchFits ? 1 : lastFitWeight
        const done = before + weight * Math.min(1, Math.max(0, fraction))
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
