// Two losses as one, for a sampler that knows one: each trial is suggested for a mixture of its
// own, so that the suggestions spread along the front (ParEGO; Knowles 2006, "ParEGO: A Hybrid
// Algorithm with On-Line Landscape Approximation for Expensive Multiobjective Optimization").
import type { LossPair } from './pareto.ts'
import { trialRandom, uniform, type ObservedTrial, type SuggestRequest } from './sampler.ts'

/** How much the sum counts beside the larger loss; so a dominated pair is always worse. */
const sumShare = 0.05

/** The trials with one loss each. The request decides the weights of the mixture. */
export function scalarised(request: SuggestRequest): readonly ObservedTrial[] {
  const { trials, number, seed } = request
  const pairs = trials.flatMap(({ state, losses }) =>
    state === 'complete' && losses?.every(Number.isFinite) === true ? [losses] : [],
  )
  if (pairs.length === 0) return trials
  const random = trialRandom({ seed: (seed ^ 0x70617265) >>> 0, number })
  const share = uniform(random)
  const ranges = [0, 1].map((at) => {
    const values = pairs.map((pair) => pair[at]!)
    const low = Math.min(...values)
    return { low, width: Math.max(...values) - low || 1 }
  })
  const mixed = (pair: LossPair): number => {
    const [first, second] = ranges.map(
      ({ low, width }, at) => (at === 0 ? share : 1 - share) * ((pair[at]! - low) / width),
    ) as [number, number]
    return Math.max(first, second) + sumShare * (first + second)
  }
  return trials.map((trial) => {
    const { losses } = trial
    return losses === undefined ? trial : { ...trial, loss: mixed(losses), losses: undefined }
  })
}
