// What every sampler is: a function from what is known to the next trial's parameters. It owns the
// contract and the seeds of its draws. The samplers are files of their own.
import { seededRandom, type SeededRandom } from '../../../models/runtime/seeded-random.ts'
import type { SearchSpace, TrialParameters } from '../space/space.ts'
import type { LossPair } from './pareto.ts'

/** A trial as a sampler sees it. */
export type ObservedTrial = {
  readonly number: number
  readonly state: 'running' | 'complete' | 'pruned' | 'failed'
  readonly parameters: TrialParameters
  /** Less is better. Of a pruned trial, that of its last epoch. */
  readonly loss?: number | undefined
  /** Of a study with two objectives; the first is `loss`. */
  readonly losses?: LossPair | undefined
  /** Epochs that a pruned trial reached. */
  readonly epochs?: number | undefined
}

/** Everything that a suggestion depends on. */
export type SuggestRequest = {
  readonly space: SearchSpace
  readonly trials: readonly ObservedTrial[]
  /** A uint32. */
  readonly seed: number
  /** Of the trial that is asked for, from 0. */
  readonly number: number
}

/**
 * Suggests the parameters of a trial. It keeps no state: the same request gives the same
 * parameters, so that a resumed tune goes on as it would have.
 */
export type Sampler = (request: SuggestRequest) => TrialParameters

/** Draws that depend on the seed and the number of the trial alone. */
export function trialRandom({ seed, number }: { seed: number; number: number }): SeededRandom {
  const start = seededRandom(seed).uint32()
  // An odd factor, so that the numbers of a tune give different seeds.
  return seededRandom((start + Math.imul(number, 0x85ebca6b)) >>> 0)
}

/** A number in [0, 1). */
export function uniform(random: SeededRandom): number {
  return random.uint32() / 2 ** 32
}
