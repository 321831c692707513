// Checks of what every training method is asked for. It owns the limits and their sentences.
import type { Base } from '../../models/bases/base-store.ts'
import { WinnowError } from '../../schemas/errors.ts'

/** The length limit in tokens, checked against the base's; `usage` for one that it cannot read. */
export function checkedMaxTokens(
  base: Pick<Base, 'name' | 'maxTokens' | 'positions'>,
  asked: number | undefined,
): number {
  const maxTokens = asked ?? base.maxTokens
  if (!Number.isInteger(maxTokens) || maxTokens < 3 || maxTokens > base.positions) {
    const message =
      `--max-tokens must be from 3 to ${base.positions} with ${base.name}, not ` + `${maxTokens}.`
    throw new WinnowError('usage', message)
  }
  return maxTokens
}

/**
 * The layers that the method partial trains, all but the lowest unless given; `usage` for a wrong
 * number.
 */
export function checkedLayers({ layers }: Pick<Base, 'layers'>, asked: number | undefined): number {
  const trained = asked ?? layers - 1
  if (Number.isInteger(trained) && trained >= 1 && trained < layers) return trained
  const message =
    `--layers must be from 1 to ${layers - 1} with this base, not ${trained}; ` +
    'to train all of them, use --method full.'
  throw new WinnowError('usage', message)
}

/** The seed, 1 unless given; `usage` for one that is no uint32. */
export function checkedSeed(asked: number | undefined): number {
  const seed = asked ?? 1
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new WinnowError(
      'usage',
      `--seed must be a whole number from 0 to ${2 ** 32 - 1}, not ${seed}.`,
    )
  }
  return seed
}
