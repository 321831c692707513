// Checks the options that all training methods share. It owns their limits and error messages.
import type { Base } from '../../models/bases/base-store.ts'
import { WinnowError } from '../../schemas/errors.ts'

/** The length limit in tokens, by default the base's; throws `usage` if the base cannot read it. */
export function checkedMaxTokens(
  base: Pick<Base, 'name' | 'maxTokens' | 'positions'>,
  given: number | undefined,
): number {
  const maxTokens = given ?? base.maxTokens
  if (!Number.isInteger(maxTokens) || maxTokens < 3 || maxTokens > base.positions) {
    const message = `--max-tokens must be from 3 to ${base.positions} with ${base.name}, not ${maxTokens}.`
    throw new WinnowError('usage', message)
  }
  return maxTokens
}

/**
 * The number of layers that the method partial trains, by default all but the lowest; throws
 * `usage` for an invalid number.
 */
export function checkedLayers({ layers }: Pick<Base, 'layers'>, given: number | undefined): number {
  const trained = given ?? layers - 1
  if (Number.isInteger(trained) && trained >= 1 && trained < layers) return trained
  const message =
    `--layers must be from 1 to ${layers - 1} with this base, not ${trained}; ` +
    'to train all of them, use --method full.'
  throw new WinnowError('usage', message)
}

/** The seed, by default 1; throws `usage` if it is not a uint32. */
export function checkedSeed(given: number | undefined): number {
  const seed = given ?? 1
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new WinnowError(
      'usage',
      `--seed must be a whole number from 0 to ${2 ** 32 - 1}, not ${seed}.`,
    )
  }
  return seed
}
