// Occlusion (Zeiler and Fergus 2014, arXiv:1311.2901; for words Li et al. 2016, arXiv:1612.08220):
// how much the log-odds of a label fall when a token or a word is hidden. It needs only the
// classifier, so it works for every model.
import { WinnowError } from '../../schemas/errors.ts'
import type { Classifier } from '../inference/classifier.ts'
import { mapInOrder } from '../runtime/map-in-order.ts'
import { logOdds, type OddsOptions } from './label-odds.ts'
import type { TokenPieces } from './token-pieces.ts'
import type { WordGroup } from './word-groups.ts'

/** What stands in the place of a hidden token. */
export type Replacement = 'mask' | 'unknown' | 'nothing'

/** Attributions in log-odds: positive where a token or word speaks for the label. */
export type Occlusion = {
  readonly replacement: Replacement
  readonly tokens: readonly number[]
  readonly words: readonly number[]
}

const windowTextsMax = 4_096

/** The replacement for a tokenizer: its mask token, else the token of unknown words, else none. */
export function replacementOf({ maskId, unknownId }: TokenPieces): Replacement {
  if (maskId !== undefined) return 'mask'
  return unknownId === undefined ? 'nothing' : 'unknown'
}

/**
 * Hides each token and each word of ids int32 [tokens] (special tokens around them are kept).
 * Throws `model_incompatible` if the model gives no finite number, what `signal` aborts with, and
 * as Classifier.classify.
 */
export async function occlude(
  ids: Int32Array,
  options: {
    readonly classifier: Classifier
    readonly tokens: TokenPieces
    readonly words: readonly WordGroup[]
    readonly odds: OddsOptions
    readonly signal?: AbortSignal | undefined
  },
): Promise<Occlusion> {
  const { classifier, tokens, words, odds, signal } = options
  const count = ids.length - tokens.prefix - tokens.suffix
  const single = Array.from({ length: count }, (_, at): WordGroup => ({ first: at, end: at + 1 }))
  const longer = words.filter(({ first, end }) => end - first > 1)
  const texts = [ids, ...[...single, ...longer].map((group) => hide(ids, group, tokens))]
  const found: number[] = []
  const start = (text: Int32Array) => classifier.classifyWhenRoom(text, { signal })
  for await (const outcome of mapInOrder(texts, start, { windowMax: windowTextsMax })) {
    if (outcome.kind === 'rejected') {
      throw new WinnowError('model_incompatible', outcome.error.message)
    }
    found.push(logOdds(outcome.logits, odds))
  }
  const [whole, ...hidden] = found as [number, ...number[]]
  const falls = hidden.map((value) => whole - value)
  let next = count
  return {
    replacement: replacementOf(tokens),
    tokens: falls.slice(0, count),
    words: words.map(({ first, end }) => falls[end - first > 1 ? next++ : first]!),
  }
}

/** The ids int32 [tokens] with the tokens of `group` replaced or left out. */
export function hide(ids: Int32Array, group: WordGroup, tokens: TokenPieces): Int32Array {
  return hideWhere(ids, tokens, (token) => token >= group.first && token < group.end)
}

/**
 * The ids int32 [tokens] with the tokens replaced or left out for which `isHidden` holds. Tokens
 * are counted without the special ones, which always stay.
 */
export function hideWhere(
  ids: Int32Array,
  { prefix, suffix, maskId, unknownId }: TokenPieces,
  isHidden: (token: number) => boolean,
): Int32Array {
  const id = maskId ?? unknownId
  const isOwn = (at: number): boolean => at >= prefix && at < ids.length - suffix
  if (id === undefined) return ids.filter((_, at) => !isOwn(at) || !isHidden(at - prefix))
  return ids.map((own, at) => (isOwn(at) && isHidden(at - prefix) ? id : own))
}
