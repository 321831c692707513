// Random search: every trial is drawn on its own (Bergstra and Bengio 2012, "Random Search for
// Hyper-Parameter Optimization", JMLR 13).
import { valuesAt } from '../space/space.ts'
import { trialRandom, uniform, type Sampler } from './sampler.ts'

/** Draws each parameter evenly from its domain. */
export const randomSampler: Sampler = (request) => {
  const random = trialRandom(request)
  return valuesAt(
    request.space,
    Float64Array.from(request.space, () => uniform(random)),
  )
}
