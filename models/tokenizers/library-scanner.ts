// Scanning by @huggingface/tokenizers, for kinds of tokenizers that this folder has no scanner of
// its own for. Added tokens are found here, because the library takes them inside words. It is
// loaded when the first such tokenizer is, so that others do not pay for it. Its ids can differ
// from the reference's (docs/reliability.md has counts); it has no truncation and cannot be interrupted,
// so what it is given is bounded.
import { createRequire } from 'node:module'
import { errorMessage, WinnowError } from '../../schemas/errors.ts'
import { orderingMarks } from './composition.ts'
import { finish } from '../runtime/sliced-work.ts'
import type { LibraryParts } from './library-file.ts'
import { createLibraryNormalizer, type TextNormalizer } from './library-normalizer.ts'
import type { Scanner } from './scanner.ts'
import { createSectionScanner, joining } from './section-scanner.ts'

/** What of a text is read first for each id that is wanted; a token of running text has 4 to 6. */
const unitsPerToken = 64
/** What of a text is read at most: some steps of the library take quadratic time. */
const unitsMax = 1 << 16
/**
 * What of a run of letters and digits is read at most. A pattern such as `[a-z]+ly` took 2.8 s for
 * one of 65,536, and 0.2 s for 16 of these.
 */
const runLettersMax = 4_096
/** Steps that put marks in order, for which the library takes quadratic time. */
const orderingSteps = /"type":"(?:NF|BertNormalizer|Precompiled|StripAccents)/

/** What is used of the library; its own declarations do not resolve under NodeNext. */
type LibraryTokenizer = {
  encode(text: string): { readonly ids: readonly number[] }
  readonly normalizer: TextNormalizer
  readonly pre_tokenizer: (text: string, options: { section_index: number }) => readonly string[]
}
type Library = {
  readonly Tokenizer: new (file: object, config: { unk_token?: string }) => LibraryTokenizer
}

/**
 * A scanner by the library. It reads the first 64 UTF-16 units of a text for each id that is
 * wanted, and 65,536 where these give too few ids; what is behind is 'cut'. Throws WinnowError
 * 'model_incompatible' for what the library refuses, such as a regular expression that it cannot
 * translate.
 */
export function createLibraryScanner(parts: LibraryParts): Scanner {
  const { normalizer, model } = parts
  // A word that these models do not know is one token, however long it is.
  const isWhole = model.type === 'WordLevel' || model.type === 'WordPiece'
  const isOrdering = orderingSteps.test(JSON.stringify(normalizer))
  const idsOf = createSections(parts)
  return function* (text, { found, idsMin }) {
    const read = firstUnits(text, unitsMax)
    const shortened = read.replace(/[\p{L}\p{N}\p{M}]+/gu, shortenedRun)
    const most = isOrdering ? yield* orderingMarks(shortened) : shortened
    const first = firstUnits(most, Math.min(unitsMax, idsMin * unitsPerToken))
    let ids = idsWithin(idsOf, first)
    yield
    if (ids.length < idsMin && first.length < most.length) ids = idsWithin(idsOf, most)
    for (const id of ids) found.push(id)
    return read.length < text.length || (shortened !== read && !isWhole) ? 'cut' : undefined
  }
}

/** Texts to ids: the library sees neither added tokens nor what is not normalized. */
function createSections(parts: LibraryParts): (text: string) => readonly number[] {
  const { Tokenizer } = createRequire(import.meta.url)('@huggingface/tokenizers') as Library
  const create = (some: object, unknown?: string): LibraryTokenizer => {
    const nothing = { normalizer: null, pre_tokenizer: null, added_tokens: [] }
    // Ids around a text are the caller's business.
    const around = { post_processor: null, decoder: null }
    try {
      return new Tokenizer({ ...nothing, ...around, ...some }, { unk_token: unknown })
    } catch (cause) {
      throw new WinnowError(
        'model_incompatible',
        `tokenizer.json is not of a kind that is supported: ${errorMessage(cause)}`,
        { cause },
      )
    }
  }
  const { model, pre_tokenizer: split } = parts
  const unknown = 'unk_token' in model ? (model.unk_token ?? undefined) : undefined
  const noWords = { type: 'WordLevel', vocab: {}, unk_token: '' }
  const normalize = createLibraryNormalizer(parts.normalizer, (step) => {
    const { normalizer } = create({ normalizer: step, model: noWords })
    return (text) => normalizer(text)
  })
  const { pre_tokenizer: words } = create({ pre_tokenizer: split, model: noWords })
  // A word each: the library makes one unknown token of several, across words.
  const ofWords = create({ model }, unknown)
  const scan = createSectionScanner({
    added: parts.added_tokens,
    normalize: (text) => [normalize(text)],
    *scan({ parts: some, isFirst }, { found }) {
      const text = yield* joining(some)
      if (text === '') return
      const place = { section_index: isFirst ? 0 : 1 }
      for (const word of split === null ? [text] : words(text, place)) {
        for (const id of ofWords.encode(word).ids) found.push(id)
      }
    },
  })
  return (text) => {
    const found: number[] = []
    finish(scan(text, { found, idsMin: Infinity }))
    return found
  }
}

/**
 * The ids of a text, or of its first half, quarter and so on: the library passes ids as arguments,
 * whose number is limited, and normal forms make up to 18 characters of one.
 */
function idsWithin(idsOf: (text: string) => readonly number[], text: string): readonly number[] {
  for (let units = text.length; ; units >>= 1) {
    try {
      return idsOf(firstUnits(text, units))
    } catch (cause) {
      if (!(cause instanceof RangeError) || units < unitsPerToken) throw cause
    }
  }
}

/** A run of letters, digits and their marks up to the most letters and digits that are read. */
function shortenedRun(run: string): string {
  if (run.length <= runLettersMax) return run
  let letters = 0
  for (const { index } of run.matchAll(/[\p{L}\p{N}]/gu)) {
    if (++letters > runLettersMax) return run.slice(0, index)
  }
  return run
}

/** The first units of a text, without half a character at the end. */
function firstUnits(text: string, unitsMost: number): string {
  if (text.length <= unitsMost) return text
  const last = text.charCodeAt(unitsMost - 1)
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? unitsMost - 1 : unitsMost)
}
