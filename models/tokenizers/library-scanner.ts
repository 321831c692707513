// Scans texts with @huggingface/tokenizers, for tokenizers that Winnow has no scanner for. The
// library is loaded on demand. Its ids can differ from the reference's (docs/reliability.md has
// counts). It has no truncation and cannot be interrupted, so its input is bounded. Added tokens
// are found here, because the library would match them inside words.
import { createRequire } from 'node:module'
import { errorMessage, WinnowError } from '../../schemas/errors.ts'
import { orderingMarks } from './composition.ts'
import { finish } from '../runtime/sliced-work.ts'
import type { LibraryParts } from './library-file.ts'
import { createLibraryNormalizer, type TextNormalizer } from './library-normalizer.ts'
import type { Scanner } from './scanner.ts'
import { createSectionScanner, joining } from './section-scanner.ts'

/** UTF-16 units that are read first per requested id; a token of running text has 4 to 6. */
const unitsPerToken = 64
/** The most UTF-16 units that are read, because some steps of the library take quadratic time. */
const unitsMax = 1 << 16
/**
 * The most that is read of a run of letters and digits. A pattern such as `[a-z]+ly` took 2.8 s for
 * a run of 65,536, and 0.2 s for 16 runs of this length.
 */
const runLettersMax = 4_096
/** Steps that sort marks, for which the library takes quadratic time. */
const orderingSteps = /"type":"(?:NF|BertNormalizer|Precompiled|StripAccents)/

/** The part of the library that is used; its own declarations do not resolve under NodeNext. */
type LibraryTokenizer = {
  encode(text: string): { readonly ids: readonly number[] }
  readonly normalizer: TextNormalizer
  readonly pre_tokenizer: (text: string, options: { section_index: number }) => readonly string[]
}
type Library = {
  readonly Tokenizer: new (file: object, config: { unk_token?: string }) => LibraryTokenizer
}

/**
 * A scanner that uses the library. It reads the first 64 UTF-16 units of a text per requested id,
 * and up to 65,536 if these give too few ids; a longer text is 'cut'. Throws WinnowError
 * 'model_incompatible' if the library refuses the file, for example because it cannot translate a
 * regular expression.
 */
export function createLibraryScanner(parts: LibraryParts): Scanner {
  const { normalizer, model } = parts
  // In these models an unknown word is one token, however long it is.
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

/** Encodes normalized texts without added tokens. */
function createSections(parts: LibraryParts): (text: string) => readonly number[] {
  const { Tokenizer } = createRequire(import.meta.url)('@huggingface/tokenizers') as Library
  const create = (some: object, unknown?: string): LibraryTokenizer => {
    const nothing = { normalizer: null, pre_tokenizer: null, added_tokens: [] }
    // The caller adds the special tokens around a text.
    const around = { post_processor: null, decoder: null }
    try {
      return new Tokenizer({ ...nothing, ...around, ...some }, { unk_token: unknown })
    } catch (cause) {
      throw new WinnowError(
        'model_incompatible',
        `tokenizer.json is not of a supported kind: ${errorMessage(cause)}`,
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
  // Words are encoded one by one, because the library fuses unknown tokens across words.
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
 * The ids of a text, or of its first half, quarter and so on. The library passes ids as arguments,
 * whose number is limited, and normalization can turn one character into up to 18.
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

/** Truncates a run of letters, digits and their marks to `runLettersMax` letters and digits. */
function shortenedRun(run: string): string {
  if (run.length <= runLettersMax) return run
  let letters = 0
  for (const { index } of run.matchAll(/[\p{L}\p{N}]/gu)) {
    if (++letters > runLettersMax) return run.slice(0, index)
  }
  return run
}

/** The first UTF-16 units of a text, without half a surrogate pair at the end. */
function firstUnits(text: string, unitsMost: number): string {
  if (text.length <= unitsMost) return text
  const last = text.charCodeAt(unitsMost - 1)
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? unitsMost - 1 : unitsMost)
}
