// Groups the tokens of a text into words, by the word boundaries of Unicode (UAX #29), which also
// separate words of scripts without spaces. A token across a boundary joins the words beside it.
import { foldText } from './folded-text.ts'
import type { TokenSpan } from './token-spans.ts'

/** The tokens of one word: `first` to `end` (exclusive). */
export type WordGroup = { readonly first: number; readonly end: number }

/** The words of `cleaned` that have tokens; each token belongs to one word, in order. */
export function wordGroups(cleaned: string, spans: readonly TokenSpan[]): WordGroup[] {
  const wordOf = wordOfCharacters(cleaned)
  const groups: { first: number; end: number }[] = []
  let lastWord = -1
  for (const [token, { from, to }] of spans.entries()) {
    const isEmpty = from === to
    const word = wordOf[isEmpty ? Math.max(0, from - 1) : from] ?? lastWord
    const group = groups.at(-1)
    if (group !== undefined && word <= lastWord) group.end = token + 1
    else groups.push({ first: token, end: token + 1 })
    lastWord = Math.max(lastWord, isEmpty ? word : (wordOf[to - 1] ?? word))
  }
  return groups
}

/** The number of the word that each folded character of the text belongs to. */
function wordOfCharacters(cleaned: string): number[] {
  // The boundaries do not depend on the language given here, and the default would depend on the
  // machine.
  const segmenter = new Intl.Segmenter('en', { granularity: 'word' })
  const words: number[] = []
  let word = 0
  for (const { segment } of segmenter.segment(cleaned)) {
    const characters = foldText(segment).length
    for (let i = 0; i < characters; i++) words.push(word)
    if (characters > 0) word++
  }
  return words
}
