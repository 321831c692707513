// Applies the character map of SentencePiece, which tokenizer.json calls `Precompiled`: a
// double-array trie from UTF-8 to replacements (Yata et al. 2007, "A compact static double-array
// keeping character codes"). Texts are mapped from the left, in parts.
import type { PartNormalizer } from './scanner.ts'

/** UTF-16 units of a text that are mapped at a time. */
const windowUnits = 1_024
/** A longer grapheme is mapped character by character. */
const graphemeBytesMax = 5

/**
 * Reads a map from the Base64 of tokenizer.json. Graphemes (UAX #29) of at most 5 bytes are looked
 * up as a whole, then character by character. As in the reference, a lookup takes the shortest key.
 * Throws RangeError if the bytes are not such a map.
 */
export function createPrecompiledMap(base64: string): PartNormalizer {
  const lookUp = createLookup(Buffer.from(base64, 'base64'))
  const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' })
  const cache = new Map<string, string>()
  const cached = (grapheme: string): string => {
    if (grapheme.length > 2) return mapGrapheme(grapheme)
    let mapped = cache.get(grapheme)
    if (mapped === undefined) {
      const isCharacter = grapheme.length === 1 || grapheme.codePointAt(0)! > 0xffff
      mapped = isCharacter ? (lookUp(grapheme) ?? grapheme) : mapGrapheme(grapheme)
      if (cache.size < 10_000) cache.set(grapheme, mapped)
    }
    return mapped
  }
  const mapGrapheme = (grapheme: string): string => {
    if (Buffer.byteLength(grapheme) <= graphemeBytesMax) {
      const whole = lookUp(grapheme)
      if (whole !== undefined) return whole
    }
    let mapped = ''
    for (const character of grapheme) mapped += cached(character)
    return mapped
  }
  return function* (text) {
    let units = windowUnits
    for (let at = 0; at < text.length;) {
      const asciiEnd = endOfAscii(text, at, windowUnits)
      if (asciiEnd > at) {
        let mapped = ''
        for (; at < asciiEnd; at++) mapped += cached(text[at]!)
        yield mapped
        continue
      }
      const isLast = at + units >= text.length
      const window = text.slice(at, at + units)
      let mapped = ''
      let settled = 0
      let waiting = ''
      // The window may cut its last grapheme, so the next window begins with it.
      for (const { segment } of graphemes.segment(window)) {
        if (waiting !== '') mapped += cached(waiting)
        settled += waiting.length
        waiting = segment
      }
      if (isLast) {
        yield mapped + cached(waiting)
        return
      }
      units = settled === 0 ? units * 2 : windowUnits
      at += settled
      if (settled > 0) yield mapped
    }
  }
}

/**
 * The end of the ASCII characters from `at` on that are graphemes of their own. The last one may
 * combine with what follows, and a carriage return with a line feed.
 */
function endOfAscii(text: string, at: number, unitsMost: number): number {
  let end = at
  const most = Math.min(text.length, at + unitsMost)
  while (end < most) {
    const unit = text.charCodeAt(end)
    if (unit >= 0x80 || unit === 0x0d) break
    end++
  }
  return end < text.length ? Math.max(at, end - 1) : end
}

/** The replacement of the shortest prefix of a key that is in the map, if there is one. */
function createLookup(bytes: Buffer): (key: string) => string | undefined {
  const trieBytes = bytes.readUInt32LE(0)
  if (trieBytes % 4 !== 0 || 4 + trieBytes > bytes.length)
    throw new RangeError('the trie is truncated')
  const trie = new Uint32Array(trieBytes / 4)
  for (let i = 0; i < trie.length; i++) trie[i] = bytes.readUInt32LE(4 + 4 * i)
  const replacements = bytes.subarray(4 + trieBytes)
  const unitAt = (at: number): number => {
    const unit = trie[at]
    if (unit === undefined) throw new RangeError('the trie points outside itself')
    return unit
  }
  const encoder = new TextEncoder()
  return (key) => {
    let at = offsetOf(unitAt(0))
    for (const byte of encoder.encode(key)) {
      if (byte === 0) return undefined
      at ^= byte
      const unit = unitAt(at)
      // The label is the byte itself where the unit is a branch, and has bit 31 where it is a
      // value.
      if ((unit & 0x8000_00ff) !== byte) return undefined
      at ^= offsetOf(unit)
      if (((unit >>> 8) & 1) === 0) continue
      const start = unitAt(at) & 0x7fff_ffff
      const end = replacements.indexOf(0, start)
      return replacements.toString('utf8', start, end < 0 ? undefined : end)
    }
    return undefined
  }
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6)
}
