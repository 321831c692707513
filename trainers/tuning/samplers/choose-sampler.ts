// The samplers by the names that `winnow tune --sampler` takes, and which one `auto` means.
import { gpSampler } from './gp.ts'
import { randomSampler } from './random.ts'
import type { Sampler } from './sampler.ts'
import { sobolSampler } from './sobol.ts'
import { tpeSampler } from './tpe.ts'

/** Names of samplers; `auto` chooses for each trial. */
export const samplerNames = ['auto', 'gp', 'tpe', 'qmc', 'random'] as const
export type SamplerName = (typeof samplerNames)[number]

/**
 * The time of a suggestion by a Gaussian process grows with the cube of the trials: 0.5 s of CPU
 * after 100 trials of 12 parameters, 1.6 s after 200. TPE takes a few milliseconds.
 */
const gpTrialsMax = 200

/** The sampler of a name. */
export function chooseSampler(name: SamplerName): Sampler {
  switch (name) {
    case 'random':
      return randomSampler
    case 'qmc':
      return sobolSampler
    case 'tpe':
      return tpeSampler
    case 'gp':
      return gpSampler
    case 'auto':
      return automatic
  }
}

/**
 * The Gaussian process for up to 200 trials, then TPE. TPE also as soon as a trial was pruned,
 * because the process learns nothing from pruned trials. AutoSampler of OptunaHub (August 2026)
 * takes TPE for every space with categorical or conditional parameters; for others it takes the
 * process for 250 complete trials, then CMA-ES.
 */
const automatic: Sampler = (request) => {
  const isPruning = request.trials.some(({ state }) => state === 'pruned')
  return request.number < gpTrialsMax && !isPruning ? gpSampler(request) : tpeSampler(request)
}
