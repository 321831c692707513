// Splits a text into words as GPT-2 does: contractions; runs of letters, of numbers and of other
// characters, each with one preceding space; and runs of white space. byte-pairs.ts encodes words,
// and added-tokens.ts finds tokens outside words.
import { wordKind, wordKinds } from './character-kinds.ts'
import type { RememberingEncoder } from './scanner.ts'
import { joining, type SectionScanner } from './section-scanner.ts'

/**
 * Finds words like the pattern `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+|
 * ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`, without a regular expression, because the character classes
 * must be those of the reference. With `spaceFirst`, a section that does not begin with a space
 * gets one.
 */
export function createByteWords(
  words: RememberingEncoder,
  { spaceFirst }: { spaceFirst: boolean },
): SectionScanner {
  const kinds = wordKinds()
  const kindAt = (text: string, at: number): number => kinds[text.codePointAt(at)!]!
  /** The end of the run of one kind that begins at `from`. */
  const runEnd = (text: string, from: number): number => {
    const kind = kindAt(text, from)
    let end = from
    while (end < text.length && kindAt(text, end) === kind) {
      end += text.codePointAt(end)! > 0xffff ? 2 : 1
    }
    return end
  }
  return function* ({ parts }, { found, idsMin }) {
    let text = yield* joining(parts)
    if (spaceFirst && !text.startsWith(' ')) text = ` ${text}`
    for (let at = 0; at < text.length && found.length < idsMin;) {
      const end = wordEnd(text, at, { kindAt, runEnd })
      const word = text.slice(at, end)
      for (const id of words.known(word) ?? (yield* words.encode(word))) found.push(id)
      at = end
    }
  }
}

function wordEnd(
  text: string,
  at: number,
  scan: {
    kindAt: (text: string, at: number) => number
    runEnd: (text: string, from: number) => number
  },
): number {
  const { kindAt, runEnd } = scan
  if (text[at] === "'") {
    const one = text[at + 1]
    if (one === 's' || one === 't' || one === 'm' || one === 'd') return at + 2
    const two = text.slice(at + 1, at + 3)
    if (two === 're' || two === 've' || two === 'll') return at + 3
  }
  if (kindAt(text, at) !== wordKind.space) return runEnd(text, at)
  const isBeforeWord =
    text[at] === ' ' && at + 1 < text.length && kindAt(text, at + 1) !== wordKind.space
  if (isBeforeWord) return runEnd(text, at + 1)
  const end = runEnd(text, at)
  // The last space of a run belongs to the next word. A space is always one UTF-16 unit.
  return end < text.length && end - at > 1 ? end - 1 : end
}
