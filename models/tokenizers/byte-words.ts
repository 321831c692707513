// Splits a text into words as GPT-2 does: contractions; runs of letters, of numbers and of other
// characters, each with one preceding space; and runs of white space. byte-pairs.ts encodes words,
// and added-tokens.ts finds tokens outside words.
import { wordKind, wordKinds } from './character-kinds.ts'
import type { WordEncoder } from './scanner.ts'
import { joining, type SectionScanner } from './section-scanner.ts'
import { WordCache } from './tables/word-cache.ts'

const apostrophe = 0x27
const space = 0x20

/**
 * Finds words like the pattern `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+|
 * ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`, without a regular expression, because the character classes
 * must be those of the reference. With `spaceFirst`, a section that does not begin with a space
 * gets one.
 */
export function createByteWords(
  encode: WordEncoder,
  { spaceFirst }: { spaceFirst: boolean },
): SectionScanner {
  const kinds = wordKinds()
  const cache = new WordCache()
  return function* ({ parts }, { found, idsMin }) {
    let text = yield* joining(parts)
    if (spaceFirst && !text.startsWith(' ')) text = ` ${text}`
    for (let at = 0; at < text.length && found.length < idsMin;) {
      const end = wordEnd(text, at, kinds)
      const known = cache.find(text, at, end)
      if (known >= 0) cache.append(known, found)
      else {
        const ids = yield* encode(text.slice(at, end))
        cache.add(text, at, end, ids)
        for (const id of ids) found.push(id)
      }
      at = end
    }
  }
}

function wordEnd(text: string, at: number, kinds: Uint8Array): number {
  const unit = text.charCodeAt(at)
  if (unit === apostrophe) {
    const end = contractionEnd(text, at)
    if (end > at) return end
  }
  if (kinds[unit] !== wordKind.space) return runEnd(text, at, kinds)
  const isBeforeWord =
    unit === space && at + 1 < text.length && kinds[text.charCodeAt(at + 1)] !== wordKind.space
  if (isBeforeWord) return runEnd(text, at + 1, kinds)
  const end = runEnd(text, at, kinds)
  // The last space of a run belongs to the next word. A space is always one UTF-16 unit.
  return end < text.length && end - at > 1 ? end - 1 : end
}

/** The end of the contraction that begins at an apostrophe; its beginning if there is none. */
function contractionEnd(text: string, at: number): number {
  const one = text[at + 1]
  if (one === 's' || one === 't' || one === 'm' || one === 'd') return at + 2
  const two = text.slice(at + 1, at + 3)
  return two === 're' || two === 've' || two === 'll' ? at + 3 : at
}

/** The end of the run of one kind that begins at `from`; the text is well-formed. */
function runEnd(text: string, from: number, kinds: Uint8Array): number {
  const kind = kinds[text.codePointAt(from)!]
  let end = from
  while (end < text.length) {
    const unit = text.charCodeAt(end)
    const isPair = unit >> 10 === 0x36
    if (kinds[isPair ? text.codePointAt(end)! : unit] !== kind) return end
    end += isPair ? 2 : 1
  }
  return end
}
