// Encodes a text to token ids, truncated to a number of tokens. create-scanner.ts chooses the
// scanner for each kind of tokenizer. It does not pad; see the batcher.
import assert from 'node:assert/strict'
import { sha256OfBytes } from '../runtime/file-hash.ts'
import { finish, type Work } from '../runtime/sliced-work.ts'
import { createScanner } from './create-scanner.ts'
import { templateOf } from './template.ts'
import { parseTokenizerFile, type TokenizerFile } from './tokenizer-file.ts'

/** The ids of one text. */
export type Encoding = {
  /** int32 [tokens], special tokens included, not padded. */
  readonly ids: Int32Array
  /** Whether the text had more tokens than allowed; the tokens at its end are left out. */
  readonly truncated: boolean
}

/** Who turns text into ids: Winnow's own scanner, or the library @huggingface/tokenizers. */
export type TokenizerEngine = 'own' | 'library'

/** A loaded tokenizer. It has a bounded cache of words, so each thread needs its own. */
export type Tokenizer = {
  /** The hash of tokenizer.json, which determines the ids. */
  readonly sha256: string
  readonly vocabularySize: number
  /**
   * `own` gives the reference's ids on every version of Node. Ids of `library` may differ from the
   * reference's (docs/reliability.md).
   */
  readonly engine: TokenizerEngine
  /**
   * Encodes a text to at most `maxTokens` ids, special tokens included. Longer texts keep their
   * first tokens and the special tokens around them, like the reference's truncation
   * ('longest_first', at the right). With short words, the time depends on the tokens that are
   * kept, not on the length of the text; a single word of 1 MB takes about a second (byte-level
   * BPE). The engine 'library' reads 65,536 UTF-16 units at most; longer texts are `truncated`.
   * Halves of surrogate pairs count as U+FFFD.
   */
  encode(text: string, options: { maxTokens: number }): Encoding
  /** `encode` as interruptible work, for callers that share an event loop. */
  encoding(text: string, options: { maxTokens: number }): Work<Encoding>
}

/**
 * Loads a tokenizer from the bytes of a Hugging Face tokenizer.json: WordPiece as in BERT,
 * byte-level BPE as in RoBERTa and ModernBERT, Unigram as in XLM-R, and other kinds through the
 * library. The caller decides on the length, so the sections `truncation` and `padding` are
 * ignored.
 *
 * Throws WinnowError 'model_corrupt' if it is not a tokenizer.json, and 'model_incompatible', which
 * names the part, if the library does not support it either.
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

/** The largest id plus 1. */
function vocabularySizeOf(file: TokenizerFile): number {
  let largest = file.added_tokens.reduce((most, { id }) => Math.max(most, id), -1)
  const { vocab } = file.model
  if (isList(vocab)) return Math.max(largest + 1, vocab.length)
  for (const id of Object.values(vocab)) largest = Math.max(largest, id)
  return largest + 1
}

function isList(vocabulary: object): vocabulary is readonly unknown[] {
  return Array.isArray(vocabulary)
}
