// Builds the scanner of a tokenizer.json from the parts of this folder. tokenizer-file.ts has
// checked that the file is supported, and template.ts adds the special tokens around a text.
import { errorMessage } from '../../schemas/errors.ts'
import { createBertWords, letterCaseOf } from './bert-words.ts'
import { byteCharacters, createBytePairs } from './byte-pairs.ts'
import { createByteWords } from './byte-words.ts'
import { createComposer, createLowercase, strippedText } from './character-kinds.ts'
import { createLibraryScanner } from './library-scanner.ts'
import { createPieceWords, type PieceWordsOptions } from './piece-words.ts'
import { createPrecompiledMap } from './precompiled-map.ts'
import type { PartNormalizer, Scanner } from './scanner.ts'
import { createSectionScanner } from './section-scanner.ts'
import { corruptTokenizer, incompatible, type TokenizerFile } from './tokenizer-file.ts'
import { createUnigram } from './unigram.ts'

type FileOf<K extends TokenizerFile['kind']> = Extract<TokenizerFile, { kind: K }>

/** Builds the scanner of a file. Throws WinnowError 'model_corrupt' or 'model_incompatible'. */
export function createScanner(file: TokenizerFile): Scanner {
  try {
    switch (file.kind) {
      case 'WordPiece':
        return createBertWords(file, {
          ids: idsOf(file.model.vocab),
          letterCase: letterCaseOf(file.normalizer),
          splitsIdeographs: file.normalizer.handle_chinese_chars,
        })
      case 'BPE':
        return bytePairScanner(file)
      case 'Unigram':
        return unigramScanner(file)
      case 'library':
        return createLibraryScanner(file)
    }
  } catch (cause) {
    throw cause instanceof Error && 'code' in cause
      ? cause
      : corruptTokenizer(errorMessage(cause), cause)
  }
}

/** The ids by token; throws 'model_corrupt' if a token has no integer id. */
export function idsOf(vocabulary: Readonly<Record<string, number>>): Map<string, number> {
  const ids = new Map<string, number>()
  for (const token in vocabulary) {
    const id = vocabulary[token]
    if (!Number.isInteger(id)) throw corruptTokenizer(`'${token}' has no id`)
    ids.set(token, id!)
  }
  return ids
}

function bytePairScanner(file: FileOf<'BPE'>): Scanner {
  const { model, pre_tokenizer: words, normalizer } = file
  const ids = idsOf(model.vocab)
  if (model.byte_fallback && byteCharacters().some((character) => !ids.has(character))) {
    throw incompatible(['model.byte_fallback: the vocabulary has no token for some bytes'])
  }
  const unknownId = ids.get(model.unk_token ?? '')
  if (unknownId === undefined && (model.unk_token ?? '') !== '') {
    throw corruptTokenizer(`its vocabulary has no '${model.unk_token}'`)
  }
  const encode = createBytePairs({
    ids,
    unknown: unknownId === undefined ? undefined : { id: unknownId, isFused: model.fuse_unk },
    merges: model.merges.map((pair) => (typeof pair === 'string' ? splitPair(pair) : pair)),
    wholeWordsFirst: model.ignore_merges,
  })
  const composes =
    normalizer?.type === 'NFC' ||
    (normalizer?.type === 'Sequence' && normalizer.normalizers.length > 0)
  return createSectionScanner({
    added: file.added_tokens,
    normalize: composes ? createComposer() : (text) => [text],
    scan: createByteWords(encode, { spaceFirst: words.add_prefix_space }),
  })
}

/**
 * Splits at the space. No token contains one, because bytes are written as printable characters.
 */
function splitPair(pair: string): readonly [string, string] {
  const at = pair.indexOf(' ')
  return [pair.slice(0, at), pair.slice(at + 1)]
}

function unigramScanner(file: FileOf<'Unigram'>): Scanner {
  const { model, pre_tokenizer: split } = file
  if (model.unk_id >= model.vocab.length) throw corruptTokenizer('its unknown token is not in it')
  const parts = split.type === 'Metaspace' ? ([split] as const) : split.pretokenizers
  const metaspace = parts.length === 1 ? parts[0] : parts[1]
  const options: PieceWordsOptions = {
    splitsAt: parts.length === 1 ? 'spaces' : 'white space',
    mark: metaspace.replacement,
    marks: metaspace.prepend_scheme ?? ((metaspace.add_prefix_space ?? true) ? 'always' : 'never'),
  }
  const encode = createUnigram({ pieces: model.vocab, unknownId: model.unk_id })
  return createSectionScanner({
    added: file.added_tokens,
    normalize: unigramNormalizer(file),
    scan: createPieceWords(encode, options),
  })
}

function unigramNormalizer({ normalizer }: FileOf<'Unigram'>): PartNormalizer {
  if (normalizer === null) return (text) => [text]
  const steps = normalizer.type === 'Sequence' ? normalizer.normalizers : [normalizer]
  return steps.reduce<PartNormalizer>(
    (before, step) => whole(before, stepNormalizer(step)),
    (text) => [text],
  )
}

/** Runs of spaces, or of any white space and single line ends and tabs, by the file's pattern. */
const runsOf = {
  ' {2,}': / {2,}/g,
  // White space of the reference, which isSpace lists; JavaScript's `\s` is another set.
  '\\s{2,}|[\\n\\r\\t]':
    /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]{2,}|[\n\r\t]/g,
} as const

type UnigramNormalizer = NonNullable<FileOf<'Unigram'>['normalizer']>

function stepNormalizer(step: Exclude<UnigramNormalizer, { type: 'Sequence' }>): PartNormalizer {
  switch (step.type) {
    case 'Precompiled':
      return createPrecompiledMap(step.precompiled_charsmap)
    case 'Strip':
      return (text) => [strippedText(text, step)]
    case 'Replace': {
      const pattern = runsOf[step.pattern.Regex]
      return (text) => [text.replaceAll(pattern, step.content)]
    }
    case 'NFC':
      return createComposer()
    case 'Lowercase': {
      const lower = createLowercase()
      return (text) => [lower(text)]
    }
  }
}

/** Chains two steps, where the second needs the whole text of the first. */
function whole(before: PartNormalizer, step: PartNormalizer): PartNormalizer {
  return function* (text) {
    let normalized = ''
    for (const part of before(text)) {
      normalized += part
      yield ''
    }
    yield* step(normalized)
  }
}
