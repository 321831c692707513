// What a tokenizer.json says about ids: which text each stands for, and which ids mask, pad or
// stand for unknown words. token-spans.ts finds the pieces in a text.
import { templateOf } from '../tokenizers/template.ts'
import { parseTokenizerFile, type TokenizerFile } from '../tokenizers/tokenizer-file.ts'

/** One or several ids that stand for one string; `surface` is undefined for an unknown word. */
export type Piece = { readonly tokens: number; readonly surface: string | undefined }

/** What explanations need of a tokenizer besides ids. */
export type TokenPieces = {
  /** How many special tokens stand before and after those of a text. */
  readonly prefix: number
  readonly suffix: number
  readonly maskId: number | undefined
  readonly unknownId: number | undefined
  readonly padId: number | undefined
  /** Whether an unknown token always stands for one whole word, as in BERT. */
  readonly unknownWords: boolean
  /** The pieces of ids, special tokens left out. A character may need several byte tokens. */
  readonly piecesOf: (ids: readonly number[] | Int32Array) => Piece[]
}

/** Reads the pieces from the bytes of a tokenizer.json. Throws as parseTokenizerFile. */
export function readTokenPieces(json: Uint8Array): TokenPieces {
  const file = parseTokenizerFile(json)
  const { prefix, suffix } = templateOf(file.post_processor)
  const contents = contentsOf(file)
  const added = new Map(file.added_tokens.map(({ id, content }) => [content, id]))
  const named = (...names: string[]): number | undefined =>
    names.map((name) => added.get(name)).find((id) => id !== undefined)
  const unknownId = unknownIdOf(file)
  const isOfBytes = JSON.stringify(file.pre_tokenizer).includes('"ByteLevel"')
  return {
    prefix: prefix.length,
    suffix: suffix.length,
    maskId: named('[MASK]', '<mask>'),
    unknownId,
    padId: named('[PAD]', '<pad>'),
    unknownWords: file.kind === 'WordPiece',
    piecesOf: (ids) => {
      const surfaces = Array.from(ids, (id) => (id === unknownId ? undefined : contents.get(id)))
      return isOfBytes ? joinBytes(surfaces) : surfaces.map((surface) => ({ tokens: 1, surface }))
    },
  }
}

/** The text of each id, without marks of word starts and continuations. */
function contentsOf(file: TokenizerFile): Map<number, string> {
  const { model } = file
  const prefix = (model.type === 'WordPiece' && model.continuing_subword_prefix) || undefined
  const suffix = ('end_of_word_suffix' in model && model.end_of_word_suffix) || undefined
  const contents = new Map<number, string>()
  const add = (token: string, id: number): void => {
    let content = token.replaceAll('\u2581', ' ')
    if (prefix !== undefined && content.startsWith(prefix)) content = content.slice(prefix.length)
    if (suffix !== undefined && content.endsWith(suffix)) {
      content = content.slice(0, -suffix.length)
    }
    contents.set(id, content)
  }
  if (model.type === 'Unigram') for (const [id, [token]] of model.vocab.entries()) add(token, id)
  else for (const token in model.vocab) add(token, model.vocab[token]!)
  for (const { id, content } of file.added_tokens) contents.set(id, content)
  return contents
}

function unknownIdOf({ model }: TokenizerFile): number | undefined {
  if (model.type === 'Unigram') return model.unk_id
  const { unk_token: name } = model
  return name === undefined || name === null ? undefined : model.vocab[name]
}

/**
 * The byte that each character of a byte-level vocabulary stands for: printable ones of Latin-1
 * stand for themselves, and the other bytes follow from U+0100 on (bytes_to_unicode of GPT-2).
 */
const byteOfCharacter: ReadonlyMap<string, number> = new Map(
  (() => {
    const isPrintable = (byte: number): boolean =>
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad)
    let next = 0x100
    return Array.from({ length: 256 }, (_, byte) => {
      return [String.fromCodePoint(isPrintable(byte) ? byte : next++), byte] as const
    })
  })(),
)

/** Joins byte-level tokens until their bytes are whole characters. */
function joinBytes(surfaces: readonly (string | undefined)[]): Piece[] {
  const pieces: Piece[] = []
  let bytes: number[] = []
  let tokens = 0
  const end = (): void => {
    if (tokens > 0) pieces.push({ tokens, surface: Buffer.from(bytes).toString('utf8') })
    bytes = []
    tokens = 0
  }
  for (const surface of surfaces) {
    if (surface === undefined) {
      end()
      pieces.push({ tokens: 1, surface })
      continue
    }
    tokens++
    for (const character of surface) {
      const byte = byteOfCharacter.get(character)
      // Added tokens are plain text.
      if (byte === undefined) bytes.push(...Buffer.from(character))
      else bytes.push(byte)
    }
    if (isWhole(bytes)) end()
  }
  end()
  return pieces
}

function isWhole(bytes: readonly number[]): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes))
    return true
  } catch {
    return false // A character goes on in the next token.
  }
}
