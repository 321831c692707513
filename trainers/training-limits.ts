// Checks of what every training method is asked for. It owns the limits and their sentences.
import type { Base } from '../models/base-store.ts'
import { WinnowError } from '../schemas/errors.ts'

/** The length limit in tokens, checked against the base's; `usage` for one that it cannot read. */
export function checkedMaxTokens(base: Base, asked: number | undefined): number {
  const maxTokens = asked ?? base.maxTokens
  if (!Number.isInteger(maxTokens) || maxTokens < 3 || maxTokens > base.positions) {
    const message = `maxTokens must be from 3 to ${base.positions} with ${base.name}, and is ${maxTokens}.`
    throw new WinnowError('usage', message)
  }
  return maxTokens
}

/** The seed, 1 unless told; `usage` for one that is no uint32. */
export function checkedSeed(asked: number | undefined): number {
  const seed = asked ?? 1
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new WinnowError('usage', `The seed must be a whole number below 2^32, and is ${seed}.`)
  }
  return seed
}
