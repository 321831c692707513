// Added tokens: strings that are one id wherever they stand, such as `<mask>` or a run of spaces. It owns
// finding them in a text, as the reference does: from the left, of several at one place the longest,
// with the spaces beside them that they swallow. What the text between them becomes is the scanner's.
import { isSpace } from './character-kinds.ts'

/** One entry of `added_tokens` in tokenizer.json. */
export type AddedToken = {
  readonly id: number
  readonly content: string
  /** Whether spaces before it belong to it. */
  readonly lstrip: boolean
  readonly rstrip: boolean
  /** Whether it is looked for after normalization. */
  readonly normalized: boolean
}

/** A part of a text: an added token, or what stands between two. */
export type Segment = { readonly id: number } | { readonly text: string }

/** Splits a text lazily at added tokens; parts that are empty are left out. */
export type TokenSplitter = (text: string) => Iterable<Segment>

/** Prepares the search for `tokens`; without any, a text is its only part. */
export function createTokenSplitter(tokens: readonly AddedToken[]): TokenSplitter {
  const byLength = tokens.toSorted((a, b) => b.content.length - a.content.length)
  const byFirstUnit = new Map<number, AddedToken[]>()
  const begins = new Uint8Array(0x10000)
  for (const token of byLength) {
    const unit = token.content.charCodeAt(0)
    begins[unit] = 1
    byFirstUnit.set(unit, [...(byFirstUnit.get(unit) ?? []), token])
  }
  return function* (text) {
    let start = 0
    for (let i = 0; tokens.length > 0 && i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (begins[unit] === 0) continue
      const token = byFirstUnit.get(unit)!.find(({ content }) => text.startsWith(content, i))
      if (token === undefined) continue
      let from = i
      let to = i + token.content.length
      if (token.lstrip) while (from > start && isSpace(text.charCodeAt(from - 1))) from--
      if (token.rstrip) while (to < text.length && isSpace(text.charCodeAt(to))) to++
      if (start < from) yield { text: text.slice(start, from) }
      yield { id: token.id }
      start = to
      i = to - 1
    }
    if (start < text.length) yield { text: start === 0 ? text : text.slice(start) }
  }
}
