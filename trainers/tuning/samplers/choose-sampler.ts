// The samplers by the names that `winnow tune --sampler` takes, and which one `auto` means.
import { randomSampler } from './random.ts'
import type { Sampler } from './sampler.ts'
import { sobolSampler } from './sobol.ts'
import { tpeSampler } from './tpe.ts'

/** Names of samplers; `auto` chooses by the space and the number of trials. */
export const samplerNames = ['auto', 'tpe', 'qmc', 'random'] as const
export type SamplerName = (typeof samplerNames)[number]

/** The sampler of a name. */
export function chooseSampler(name: SamplerName): Sampler {
  switch (name) {
    case 'random':
      return randomSampler
    case 'qmc':
      return sobolSampler
    case 'tpe':
    case 'auto':
      return tpeSampler
  }
}
