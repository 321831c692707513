// Text to token ids, equal to the reference tokenizer's on any text, cut explicitly to a number of
// tokens. How each kind of tokenizer finds ids is tokenizers/; facts about characters are tables read off the
// reference, so that the same text gives the same ids on every version of Node. Padding to a length is
// not done here: see the batcher.
import assert from 'node:assert/strict'
import { sha256OfBytes } from './file-hash.ts'
import { createScanner } from './tokenizers/create-scanner.ts'
import { templateOf } from './tokenizers/template.ts'
import { parseTokenizerFile, type TokenizerFile } from './tokenizers/tokenizer-file.ts'

/** Ids of one text. */
export type Encoding = {
  /** int32 [tokens], special tokens included, not padded. */
  readonly ids: Int32Array
  /** Whether the text had more tokens than were allowed; those at the end are left out. */
  readonly truncated: boolean
}

/** A loaded tokenizer. It keeps a bounded cache of words, so give each thread its own. */
export type Tokenizer = {
  /** Of the bytes of tokenizer.json: what ids are bound to. */
  readonly sha256: string
  readonly vocabularySize: number
  /** The id to pad batches with. */
  readonly padId: number
  /**
   * Encodes a text to at most `maxTokens` ids, special tokens included. Longer texts keep their first
   * tokens and the special tokens around them, as the reference's truncation ('longest_first', at the
   * right) does. The time is bounded by what is kept where words are short; a single word of 1 MB takes
   * about a second (byte-level BPE). Halves of surrogate pairs count as U+FFFD.
   */
  encode(text: string, options: { maxTokens: number }): Encoding
}

/**
 * Loads a tokenizer from the bytes of a Hugging Face tokenizer.json: WordPiece as BERT has it, byte-level BPE
 * as RoBERTa and ModernBERT, Unigram as XLM-R. Its `truncation` and `padding` sections are ignored: the
 * length is the caller's decision.
 *
 * Throws WinnowError 'model_corrupt' (not a tokenizer.json) or 'model_incompatible' (another kind of
 * tokenizer; the message names the part).
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
    padId: file.added_tokens.find(({ content }) => /^(?:\[PAD\]|<pad>)$/.test(content))?.id ?? 0,
    encode(text, { maxTokens }) {
      const kept = maxTokens - specials
      assert(kept > 0, `maxTokens must be more than the ${specials} special tokens`)
      const found: number[] = []
      scan(text, { found, idsMin: kept + 1 })
      const truncated = found.length > kept
      const length = truncated ? kept : found.length
      const encoded = new Int32Array(length + specials)
      encoded.set(prefix)
      for (let i = 0; i < length; i++) encoded[prefix.length + i] = found[i]!
      encoded.set(suffix, prefix.length + length)
      return { ids: encoded, truncated }
    },
  }
}

/** One more than the largest id. */
function vocabularySizeOf(file: TokenizerFile): number {
  let largest = file.added_tokens.reduce((most, { id }) => Math.max(most, id), -1)
  if (file.kind === 'Unigram') return Math.max(largest + 1, file.model.vocab.length)
  for (const token in file.model.vocab) largest = Math.max(largest, file.model.vocab[token]!)
  return largest + 1
}
