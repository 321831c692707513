// Variants of tokenizer.json with the reference's ids for texts, and Winnow's.
// tests/fixtures/make-tokenizer-variants.py made the file.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { errorMessage, WinnowError } from '../../schemas/errors.ts'
import { loadTokenizer, type TokenizerEngine } from '../../models/tokenizers/tokenizer.ts'

type Json = Record<string, unknown>
type Base = { added_tokens: object[]; model: { vocab: readonly string[] | object } }

export type Variants = {
  /** A tokenizer.json, or its path next to the file of variants. */
  bases: Record<string, Base | string>
  texts: string[]
  variants: Variant[]
}

/**
 * One tokenizer.json. `hashes` has three characters per text, and is absent if the reference fails.
 */
export type Variant = {
  name: string
  base: string
  /**
   * A path and its value; without a value, the setting is removed. `more` is appended to what is
   * there.
   */
  changes: [string, unknown?][]
  hashes?: string
  error?: string
}

/** The engine for a variant, and the texts for which its ids differ from the reference's. */
export type Outcome =
  | { by: TokenizerEngine; differing: { text: string; ids: number[] }[] }
  | { by: 'refused'; code: string; message: string }

/** Reads a file of variants. Not an import: the bundler's JSON reader refuses lone surrogates. */
export function readVariants(path: URL | string): Variants {
  return JSON.parse(readFileSync(path, 'utf8')) as Variants
}

/** The bytes of a variant's tokenizer.json. */
export function tokenizerJsonOf({ bases }: Variants, { base, changes }: Variant): Buffer {
  const given = bases[base]!
  const file = (typeof given === 'string'
    ? fixture(given)
    : structuredClone(given)) as unknown as Json
  for (const [path, ...value] of changes) {
    const folders = path.split('.')
    const last = folders.pop()!
    const at = folders.reduce((json, folder) => json[folder] as Json, file)
    const [to] = value as [Json | undefined]
    if (value.length === 0) Reflect.deleteProperty(at, last)
    else if (to?.['more']) at[last] = [...(at[last] as object[]), ...(to['more'] as object[])]
    else at[last] = to
  }
  const { model } = file as unknown as Base
  const { vocab } = model
  if (Array.isArray(vocab) && typeof vocab[0] === 'string') {
    model.vocab = Object.fromEntries(vocab.map((piece: string, id) => [piece, id]))
  }
  return Buffer.from(
    JSON.stringify(file, (key, value: unknown) =>
      key === 'precompiled_charsmap' && value === 'xlm-r' ? characterMap() : value,
    ),
  )
}

/** Winnow's result for the texts of a variant; without reference ids, every text differs. */
export function outcomeOf(all: Variants, variant: Variant): Outcome {
  try {
    const tokenizer = loadTokenizer({ json: tokenizerJsonOf(all, variant) })
    const differing = all.texts.flatMap((text, i) => {
      const ids = Array.from(tokenizer.encode(text, { maxTokens: 100_000 }).ids)
      const hash = createHash('sha256').update(ids.join(',')).digest('base64').slice(0, 3)
      return hash === variant.hashes?.slice(3 * i, 3 * i + 3) ? [] : [{ text, ids }]
    })
    return { by: tokenizer.engine, differing }
  } catch (error) {
    const code = error instanceof WinnowError ? error.code : 'thrown'
    return { by: 'refused', code, message: errorMessage(error) }
  }
}

const characterMap = memoized(() => {
  const { normalizer } = fixture('imports/xlm-r/tokenizer.json') as {
    normalizer: { precompiled_charsmap: string }
  }
  return normalizer.precompiled_charsmap
})

function fixture(path: string): object {
  return JSON.parse(readFileSync(new URL(`../fixtures/${path}`, import.meta.url), 'utf8')) as object
}

function memoized<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}
