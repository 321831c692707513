// Text to token ids, cut explicitly to a number of tokens. How each kind of tokenizer finds ids is
// tokenizers/; for its own kinds facts about characters are tables read off the reference, so that
// the same text gives the reference's ids on every version of Node. Padding to a length is not done
// here: see the batcher.
import assert from 'node:assert/strict'
import { sha256OfBytes } from '../runtime/file-hash.ts'
import { finish, type Work } from '../runtime/sliced-work.ts'
import { createScanner } from './create-scanner.ts'
import { templateOf } from './template.ts'
import { parseTokenizerFile, type TokenizerFile } from './tokenizer-file.ts'

/** Ids of one text. */
export type Encoding = {
  /** int32 [tokens], special tokens included, not padded. */
  readonly ids: Int32Array
  /** Whether the text had more tokens than were allowed; those at the end are left out. */
  readonly truncated: boolean
}

export type TokenizerEngine = 'own' | 'library'

/** A loaded tokenizer. It keeps a bounded cache of words, so give each thread its own. */
export type Tokenizer = {
  /** Of the bytes of tokenizer.json: what ids are bound to. */
  readonly sha256: string
  readonly vocabularySize: number
  /**
   * Who turns text into ids: Winnow's own scanner, whose ids are the reference's, or for other
   * kinds the library @huggingface/tokenizers, whose ids may differ (docs/reliability.md).
   */
  readonly engine: TokenizerEngine
  /**
   * Encodes a text to at most `maxTokens` ids, special tokens included. Longer texts keep their
   * first tokens and the special tokens around them, as the reference's truncation
   * ('longest_first', at the right) does. With short words the time depends on the tokens that are
   * kept, not on the text; a single word of 1 MB takes about a second (byte-level BPE). The engine
   * 'library' reads 65,536 UTF-16 units at most; longer texts are `truncated`. Halves of surrogate
   * pairs count as U+FFFD.
   */
  encode(text: string, options: { maxTokens: number }): Encoding
  /** The work of `encode`, for those who share an event loop with others. */
  encoding(text: string, options: { maxTokens: number }): Work<Encoding>
}

/**
 * Loads a tokenizer from the bytes of a Hugging Face tokenizer.json: WordPiece as BERT has it,
 * byte-level BPE as RoBERTa and ModernBERT, Unigram as XLM-R, and other kinds through the library.
 * Its `truncation` and `padding` sections are ignored: the length is the caller's decision.
 *
 * Throws WinnowError 'model_corrupt' (not a tokenizer.json) or 'model_incompatible' (a kind that
 * the library does not know either; the message names the part).
 *
 * @example
 * const tokenizer = loadTokenizer({ json: await readFile(base.tokenizerPath) })
 * const { ids, truncated } = tokenizer.encode('free money', { maxTokens: 256 })
 */
export function loadTokenizer({ json }: { json: Uint8Array }): Tokenizer {
  const file = parseTokenizerFile(json)
  const { prefix, suffix } = templateOf(file.post_processor)
  const specials = prefix.length + suffix.length
  const scan = createScanner(file)
  return {
    sha256: sha256OfBytes(json),
    vocabularySize: vocabularySizeOf(file),
    engine: file.kind === 'library' ? 'library' : 'own',
    encode: (text, options) => finish(encoding(text, options)),
    encoding,
  }

  function* encoding(text: string, { maxTokens }: { maxTokens: number }): Work<Encoding> {
    const kept = maxTokens - specials
    assert(kept > 0, `maxTokens must be more than the ${specials} special tokens`)
    const found: number[] = []
    const isCut = (yield* scan(text, { found, idsMin: kept + 1 })) === 'cut'
    const truncated = isCut || found.length > kept
    const length = Math.min(found.length, kept)
    const encoded = new Int32Array(length + specials)
    encoded.set(prefix)
    for (let i = 0; i < length; i++) encoded[prefix.length + i] = found[i]!
    encoded.set(suffix, prefix.length + length)
    return { ids: encoded, truncated }
  }
}

/** One more than the largest id. */
function vocabularySizeOf(file: TokenizerFile): number {
  let largest = file.added_tokens.reduce((most, { id }) => Math.max(most, id), -1)
  const { vocab } = file.model
  if (isList(vocab)) return Math.max(largest + 1, vocab.length)
  for (const token in vocab) largest = Math.max(largest, vocab[token]!)
  return largest + 1
}

function isList(vocabulary: object): vocabulary is readonly unknown[] {
  return Array.isArray(vocabulary)
}
