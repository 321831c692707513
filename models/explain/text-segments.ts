// Cuts an explained text into pieces with and without an attribution, to be shown in colour.
import type { Attribution } from './explanation.ts'

/** A piece of the text; `share` is 0 between the words. */
export type TextSegment = {
  readonly text: string
  readonly attribution: number
  /** The size of the attribution, as a share of the largest one of the text: 0 to 1. */
  readonly share: number
}

/** The pieces in order; joined they are the text. Of overlapping words the first counts. */
export function textSegments(
  text: string,
  words: readonly Pick<Attribution, 'start' | 'end' | 'attribution'>[],
): TextSegment[] {
  const largest = words.reduce((most, { attribution }) => Math.max(most, Math.abs(attribution)), 0)
  const segments: TextSegment[] = []
  const plain = (start: number, end: number): void => {
    if (end > start) segments.push({ text: text.slice(start, end), attribution: 0, share: 0 })
  }
  let at = 0
  for (const { start, end, attribution } of words) {
    if (start < at || end === start) continue
    plain(at, start)
    const share = largest === 0 ? 0 : Math.abs(attribution) / largest
    segments.push({ text: text.slice(start, end), attribution, share })
    at = end
  }
  plain(at, text.length)
  return segments
}

/** The words with the largest attributions, the largest first. */
export function heaviestWords(words: readonly Attribution[], max: number): Attribution[] {
  return words.toSorted((a, b) => Math.abs(b.attribution) - Math.abs(a.attribution)).slice(0, max)
}
