// Text to token ids, equal to the reference tokenizer's on any text, cut explicitly to a number of
// tokens. @huggingface/tokenizers reads tokenizer.json (vocabulary, special tokens, template); words
// are found and split here, because that library's ids differ from the reference's (final sigmas,
// ideographs beyond U+FFFF, newer Unicode: 93 of the fixture's 376 short texts with version 0.2.0) and
// it reads all of a text before it is cut. On one core, warm: 4 million tokens a second against 0.7.
// Padding to a length is not done here: see the batcher.
import assert from 'node:assert/strict'
import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers'
import { z } from 'zod'
import { WinnowError } from '../schemas/errors.ts'
import { bertCharacters, characterKind, type BertCharacters } from './bert-characters.ts'
import { normalizeWord } from './bert-word.ts'
import { sha256OfBytes } from './file-hash.ts'
import { createWordPiece } from './word-piece.ts'

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
   * right) does. The time is bounded by what is kept: 1 MB of text costs no more than its first
   * `maxTokens` tokens, 1 MB without a token about 5 ms. Halves of surrogate pairs count as U+FFFD.
   */
  encode(text: string, options: { maxTokens: number }): Encoding
}

// V8 copies slices shorter than this; a longer slice would keep its whole text alive as a key.
const slicedUnitsMin = 13
const cachedWordsMax = 50_000
const addedTokenFlag = 8

/**
 * Loads a tokenizer from the bytes of a Hugging Face tokenizer.json of the uncased BERT kind. Its
 * `truncation` and `padding` sections are ignored: the length is the caller's decision.
 *
 * Throws WinnowError 'model_corrupt' (not a tokenizer.json) or 'model_incompatible' (another kind of
 * tokenizer; the message names the part).
 *
 * @example
 * const tokenizer = loadTokenizer({ json: await readFile(base.tokenizerPath) })
 * const { ids, truncated } = tokenizer.encode('free money', { maxTokens: 256 })
 */
export function loadTokenizer({ json }: { json: Uint8Array }): Tokenizer {
  const { file, settings } = parseTokenizer(json)
  const ids = file.get_vocab()
  const { prefix, suffix } = templateOf(file)
  const specials = prefix.length + suffix.length
  const toWords = createScanner({ settings, ids })
  return {
    sha256: sha256OfBytes(json),
    vocabularySize: ids.size,
    padId: ids.get('[PAD]') ?? 0,
    encode(text, { maxTokens }) {
      const kept = maxTokens - specials
      assert(kept > 0, `maxTokens must be more than the ${specials} special tokens`)
      const found: number[] = []
      toWords(text, { found, idsMin: kept + 1 })
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

// What is used of the library. Its own declarations do not resolve under NodeNext.
type TokenizerFile = {
  get_vocab(): Map<string, number>
  encode(text: string, options?: { add_special_tokens: boolean }): { ids: number[] }
}
const TokenizerFile = LibraryTokenizer as new (file: unknown, config: object) => TokenizerFile

// Appends ids of `text` to `found`, until its end or until there are at least `idsMin`.
type Scanner = (text: string, target: { found: number[]; idsMin: number }) => void

function createScanner(options: {
  settings: TokenizerSettings
  ids: ReadonlyMap<string, number>
}): Scanner {
  const characters = bertCharacters()
  const { matchAddedToken, kinds } = scanTables(options.settings, characters)
  const wordIds = createWordEncoder({ ...options, characters })
  return (text, { found, idsMin }) => {
    let wordStart = -1
    const push = (word: string) => {
      for (const id of wordIds(word)) found.push(id)
    }
    for (let i = 0, width = 1; i < text.length && found.length < idsMin; i += width) {
      let codePoint = text.charCodeAt(i)
      if (codePoint >= 0xd800 && codePoint < 0xdc00) codePoint = text.codePointAt(i)!
      width = codePoint > 0xffff ? 2 : 1
      let kind = kinds[codePoint]!
      let added: { id: number; units: number } | undefined
      if (kind >= addedTokenFlag) {
        added = matchAddedToken(text, i)
        kind -= addedTokenFlag
      }
      if (kind < characterKind.space && !added) {
        if (wordStart < 0) wordStart = i
        continue
      }
      if (wordStart >= 0) push(text.slice(wordStart, i))
      wordStart = -1
      if (added) {
        found.push(added.id)
        width = added.units
      } else if (kind === characterKind.punctuation) push(text.slice(i, i + width))
      else if (kind === characterKind.isolated) {
        const words = characters.replacements.get(codePoint)
        for (const word of words ?? [text.slice(i, i + width)]) push(word)
      }
    }
    if (wordStart >= 0 && found.length < idsMin) push(text.slice(wordStart))
  }
}

function scanTables(settings: TokenizerSettings, characters: BertCharacters) {
  const kinds = characters.kinds.slice()
  // Longest first: where several begin at one place, the reference takes the longest.
  const added = settings.added_tokens.toSorted((a, b) => b.content.length - a.content.length)
  for (const { content } of added) kinds[content.codePointAt(0)!]! |= addedTokenFlag
  const matchAddedToken = (text: string, at: number) => {
    const token = added.find(({ content }) => text.startsWith(content, at))
    return token && { id: token.id, units: token.content.length }
  }
  return { kinds, matchAddedToken }
}

// Raw word to ids, remembering words: 98 of 100 words of running text were seen before.
function createWordEncoder(options: {
  settings: TokenizerSettings
  ids: ReadonlyMap<string, number>
  characters: BertCharacters
}): (raw: string) => readonly number[] {
  const { model } = options.settings
  const { characters } = options
  const unknownId = options.ids.get(model.unk_token)
  if (unknownId === undefined) throw corrupt(`its vocabulary has no '${model.unk_token}'`)
  const continuingPrefix = model.continuing_subword_prefix
  const wordPiece = createWordPiece({ ids: options.ids, unknownId, continuingPrefix })
  const unknown = [unknownId]
  const cache = new Map<string, readonly number[]>()
  const remember = (key: string, ids: readonly number[]) => {
    if (cache.size >= cachedWordsMax) cache.clear()
    cache.set(key, ids)
    return ids
  }
  return (raw) => {
    const short = raw.length < slicedUnitsMin
    const known = short ? cache.get(raw) : undefined
    if (known) return known
    const word = normalizeWord(raw, { characters, charsMax: model.max_input_chars_per_word })
    if (word === undefined) return unknown
    if (short) return remember(raw, wordPiece(word))
    return cache.get(word) ?? remember(word, wordPiece(word))
  }
}

// Special tokens before and after a text, found by encoding one that is in every vocabulary.
function templateOf(file: TokenizerFile): { prefix: number[]; suffix: number[] } {
  const bare = file.encode('a', { add_special_tokens: false }).ids
  const dressed = file.encode('a').ids
  const at = dressed.indexOf(bare[0] ?? -1)
  if (at < 0) throw corrupt('its template leaves out the text')
  return { prefix: dressed.slice(0, at), suffix: dressed.slice(at + bare.length) }
}

// The parts of tokenizer.json that decide ids, as far as they are supported.
const settingsSchema = z.object({
  normalizer: z.object({
    type: z.literal('BertNormalizer'),
    clean_text: z.literal(true),
    handle_chinese_chars: z.literal(true),
    // Absent means: as `lowercase` says.
    strip_accents: z.literal([null, true]),
    lowercase: z.literal(true),
  }),
  pre_tokenizer: z.object({ type: z.literal('BertPreTokenizer') }),
  model: z.object({
    type: z.literal('WordPiece'),
    unk_token: z.string(),
    continuing_subword_prefix: z.string().min(1),
    max_input_chars_per_word: z.int().positive(),
  }),
  added_tokens: z.array(
    z.object({
      id: z.int(),
      content: z.string().min(1),
      single_word: z.literal(false),
      normalized: z.literal(false),
    }),
  ),
})
type TokenizerSettings = z.infer<typeof settingsSchema>

function parseTokenizer(json: Uint8Array): { file: TokenizerFile; settings: TokenizerSettings } {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json))
  } catch (cause) {
    throw corrupt('it is not valid JSON', cause)
  }
  const parsed = settingsSchema.safeParse(value)
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    throw new WinnowError(
      'model_incompatible',
      `tokenizer.json is not of the uncased BERT kind that is supported: ${issues.slice(0, 5).join('; ')}`,
      { details: { issues: issues.slice(0, 20) } },
    )
  }
  try {
    return { file: new TokenizerFile(value, {}), settings: parsed.data }
  } catch (cause) {
    throw corrupt('it cannot be read', cause)
  }
}

function corrupt(reason: string, cause?: unknown): WinnowError {
  return new WinnowError('model_corrupt', `tokenizer.json is damaged: ${reason}.`, { cause })
}
