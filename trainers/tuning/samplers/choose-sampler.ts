// The samplers by the names that `winnow tune --sampler` takes, and which one `auto` means.
import { gpSampler } from './gp.ts'
import { randomSampler } from './random.ts'
import type { Sampler } from './sampler.ts'
import { sobolSampler } from './sobol.ts'
import { tpeSampler } from './tpe.ts'

/** Names of samplers; `auto` chooses by the number of the trial. */
export const samplerNames = ['auto', 'gp', 'tpe', 'qmc', 'random'] as const
export type SamplerName = (typeof samplerNames)[number]

/**
 * The time of a suggestion by a Gaussian process grows with the cube of the trials: 0.1 s of CPU
 * after 100 trials of 12 parameters, 0.7 s after 200. TPE takes a few milliseconds.
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
      return (request) => (request.number < gpTrialsMax ? gpSampler(request) : tpeSampler(request))
  }
}
