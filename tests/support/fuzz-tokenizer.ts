// The texts of `fuzz-texts.ts` for one tokenizer.json, and the hashes by which ids are compared. The
// words of running text are those of tests/fixtures/short-texts.json in 17 languages, unless
// others are given.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fuzzTexts } from './fuzz-texts.ts'

/** Texts with pieces of the tokenizer's own vocabulary among them. */
export function textsFor(
  tokenizerJson: Uint8Array,
  options: { seed: number; words: number; written?: readonly string[] },
): Iterable<{ text: string; words: number }> {
  const { written = shortWords(), ...rest } = options
  return fuzzTexts({ ...rest, written, pieces: piecesOf(tokenizerJson) })
}

/** Three characters that stand for the ids of a text. */
export function idsHash(ids: Iterable<number>): string {
  return createHash('sha256').update(Array.from(ids).join()).digest('base64').slice(0, 3)
}

/** Splits texts at plain spaces. */
export function wordsOf(texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.split(' ').filter((word) => word !== ''))
}

function shortWords(): string[] {
  const path = new URL('../fixtures/short-texts.json', import.meta.url)
  const texts = JSON.parse(readFileSync(path, 'utf8')) as Record<string, string[]>
  return wordsOf(Object.values(texts).flat())
}

/** Tokens as text, with plain spaces for the marks of beginnings and none for continuations. */
function piecesOf(tokenizerJson: Uint8Array): string[] {
  type File = { model: { vocab: Record<string, number> | [string, number][] } }
  const { vocab } = (JSON.parse(new TextDecoder().decode(tokenizerJson)) as File).model
  const tokens = Array.isArray(vocab) ? vocab.map(([token]) => token) : Object.keys(vocab)
  return tokens.map((token) => token.replace(/^[\u0120\u2581]/, ' ').replace(/^##/, ''))
}
