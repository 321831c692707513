// Letters, numbers, spaces and normalization form C as the reference tokenizers define them. The
// data is in character-classes.json, which tests/fixtures/make-character-classes.py extracted from
// the reference, because the runtime's own Unicode tables change with its version.
import facts from './character-classes.json' with { type: 'json' }
import { eachChange, fillRanges } from './code-point-ranges.ts'
import { composing } from './composition.ts'
import type { PartNormalizer } from './scanner.ts'

/** The kinds of characters in byte-level words. */
export const wordKind = { other: 0, letter: 1, number: 2, space: 3 } as const

/** uint8 [0x110000], a value of `wordKind` for each code point (1.1 MB, 2 ms). */
export function wordKinds(): Uint8Array {
  const kinds = new Uint8Array(0x110000)
  fillRanges(kinds, facts.letters, wordKind.letter)
  fillRanges(kinds, facts.numbers, wordKind.number)
  fillRanges(kinds, facts.spaces, wordKind.space)
  return kinds
}

/** uint8 [0x110000], 1 for each word character: letters, marks, digits and connectors. */
export function wordCharacters(): Uint8Array {
  const words = new Uint8Array(0x110000)
  fillRanges(words, facts.words, 1)
  return words
}

/** Whether a code point is white space. All white space is in the BMP. */
export function isSpace(codePoint: number): boolean {
  if (codePoint < 0x80) return codePoint === 0x20 || (codePoint >= 9 && codePoint <= 13)
  return (
    codePoint === 0x85 ||
    codePoint === 0xa0 ||
    codePoint === 0x1680 ||
    (codePoint >= 0x2000 && codePoint <= 0x200a) ||
    codePoint === 0x2028 ||
    codePoint === 0x2029 ||
    codePoint === 0x202f ||
    codePoint === 0x205f ||
    codePoint === 0x3000
  )
}

/** The text without white space at its ends. */
export function strippedText(
  text: string,
  { strip_left: left, strip_right: right }: { strip_left: boolean; strip_right: boolean },
): string {
  let start = 0
  let end = text.length
  while (left && start < end && isSpace(text.charCodeAt(start))) start++
  while (right && end > start && isSpace(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

/** Lower-cases each character on its own, so that a final sigma is treated like any sigma. */
export function createLowercase(): (text: string) => string {
  const lowered = new Map<number, string>()
  eachChange(facts.lowered, (codePoint, changed) => lowered.set(codePoint, changed))
  return (text) => {
    if (isAscii(text)) return text.toLowerCase()
    let all = ''
    for (const character of text) all += lowered.get(character.codePointAt(0)!) ?? character
    return all
  }
}

/**
 * Normalization form C as the reference computes it. Characters that are newer than the reference's
 * Unicode version do not change, and nothing is composed or reordered across them.
 */
export function createComposer(): PartNormalizer {
  const inert = new Uint8Array(0x110000)
  fillRanges(inert, facts.inert, 1)
  return function* (text) {
    if (isAscii(text)) {
      yield text
      return
    }
    let start = 0
    for (let i = 0, width = 1; i < text.length; i += width) {
      const codePoint = text.codePointAt(i)!
      width = codePoint > 0xffff ? 2 : 1
      if (inert[codePoint] === 0) continue
      if (start < i) yield* composedParts(text.slice(start, i))
      yield text.slice(i, i + width)
      start = i + width
    }
    yield* composedParts(text.slice(start))
  }
}

/** Yields an empty part per step, and then the composed text. */
function* composedParts(text: string): Iterable<string> {
  const work = composing(text)
  for (;;) {
    const step = work.next()
    yield step.value ?? ''
    if (step.done === true) return
  }
}

/** Whether every unit of a text is ASCII. */
export function isAscii(text: string): boolean {
  return !/[^\x00-\x7f]/.test(text)
}
