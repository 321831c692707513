// Cuts a text into its words with their attributions and what stands between them.
import type { Attribution } from '../api/answers.ts'

/** A piece of a text; without a sign it is not shaded. */
export type Span = {
  readonly from: number
  readonly part: string
  readonly sign: 'for' | 'against' | undefined
  /** 0 to 1: relative to the strongest word of the text. */
  readonly strength: number
  readonly attribution: number
}

/** Words weaker than this share of the strongest are left as they are. */
const strengthMin = 0.06

/** The pieces of a text in order, which together are the text. */
export function spansOf(text: string, words: readonly Attribution[]): Span[] {
  const strongest = Math.max(0, ...words.map(({ attribution }) => Math.abs(attribution)))
  const spans: Span[] = []
  let at = 0
  const plain = (to: number): void => {
    if (to > at) {
      const part = text.slice(at, to)
      spans.push({ from: at, part, sign: undefined, strength: 0, attribution: 0 })
    }
  }
  for (const { start, end, attribution } of words) {
    const strength = strongest === 0 ? 0 : Math.abs(attribution) / strongest
    if (strength < strengthMin || start < at || end <= start) continue
    plain(start)
    const sign = attribution > 0 ? 'for' : 'against'
    spans.push({ from: start, part: text.slice(start, end), sign, strength, attribution })
    at = end
  }
  plain(text.length)
  return spans
}
