// The tree-structured Parzen estimator (Bergstra et al. 2011, "Algorithms for Hyper-Parameter
// Optimization", NIPS 24), in its multivariate form (Falkner et al. 2018, "BOHB: Robust and
// Efficient Hyperparameter Optimization at Scale", ICML). It looks where good trials are dense and
// the others are not. The share of good trials is Watanabe's (2023, "Tree-Structured Parzen
// Estimator: Understanding Its Algorithm Components", arXiv:2304.11127). Densities are parzen.ts.
import type { TrialParameters } from '../space/space.ts'
import { byDominance, type LossPair } from './pareto.ts'
import { parzenEstimator } from './parzen.ts'
import { trialRandom, type ObservedTrial, type Sampler } from './sampler.ts'
import { sobolSampler } from './sobol.ts'

/** Trials that must have ended before there is a model. */
const startTrials = 10
/** Draws from the good trials' density, of which the best is suggested. */
const candidates = 24
/** Of the trials that ended, the share that counts as good, but up to so many. */
const goodShare = 0.15
const goodMax = 25

/**
 * Suggests by the ratio of two densities. Failed trials count as bad ones. So do running ones, for
 * trials that run at the same time to differ (the constant liar of Ginsbourger et al. 2010).
 */
export const tpeSampler: Sampler = (request) => {
  const { space, trials } = request
  const ended = trials.filter(({ state }) => state === 'complete' || state === 'pruned')
  if (ended.length < startTrials) return sobolSampler(request)
  const ranked = rankedByMerit(ended)
  const good = new Set(ranked.slice(0, Math.min(Math.ceil(goodShare * ended.length), goodMax)))
  const parametersOf = (isIncluded: (trial: ObservedTrial) => boolean): TrialParameters[] =>
    trials
      .filter(isIncluded)
      .toSorted((a, b) => a.number - b.number)
      .map(({ parameters }) => parameters)
  const above = parzenEstimator(
    space,
    parametersOf((trial) => good.has(trial)),
  )
  const below = parzenEstimator(
    space,
    parametersOf((trial) => !good.has(trial)),
  )
  const random = trialRandom(request)
  let best: TrialParameters = {}
  let bestRatio = -Infinity
  for (let draw = 0; draw < candidates; draw++) {
    const candidate = above.draw(random)
    const ratio = above.logDensity(candidate) - below.logDensity(candidate)
    if (ratio <= bestRatio) continue
    best = candidate
    bestRatio = ratio
  }
  return best
}

/** Best first. With two losses, no trial is pruned. */
function rankedByMerit(ended: readonly ObservedTrial[]): ObservedTrial[] {
  const pairs = ended.map(({ losses }) => losses)
  if (pairs.every((pair) => pair?.every(Number.isFinite) === true)) {
    return byDominance(pairs as LossPair[]).map((place) => ended[place]!)
  }
  return ended.toSorted(byMerit)
}

/** Complete trials first, by loss; then pruned ones, by how far they came. */
function byMerit(a: ObservedTrial, b: ObservedTrial): number {
  const rank = ({ state }: ObservedTrial): number => (state === 'complete' ? 0 : 1)
  const reached = a.state === 'pruned' ? (b.epochs ?? 0) - (a.epochs ?? 0) : 0
  return rank(a) - rank(b) || reached || lossOf(a) - lossOf(b) || a.number - b.number
}

function lossOf({ loss }: ObservedTrial): number {
  return loss === undefined || Number.isNaN(loss) ? Number.MAX_VALUE : loss
}
