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
  /** uint8 [0x10000], whether each simple character is mapped to itself: 0 if not known yet. */
  const effects = new Uint8Array(0x1_0000)
  const isKept = (unit: number): boolean => {
    if (effects[unit] === 0) {
      const character = String.fromCharCode(unit)
      effects[unit] = cached(character) === character ? effect.none : effect.some
    }
    return effects[unit] === effect.none
  }
  /** Maps simple characters between two positions. */
  const mapSimple = (text: string, from: number, to: number): string => {
    let mapped = ''
    for (let at = from; at < to; at++) {
      if (isKept(text.charCodeAt(at))) continue
      mapped += text.slice(from, at) + cached(text[at]!)
      from = at + 1
    }
    return mapped + text.slice(from, to)
  }
  return function* (text) {
    let units = windowUnits
    for (let at = 0; at < text.length;) {
      const simpleEnd = endOfSimple(text, at, windowUnits)
      if (simpleEnd > at) {
        yield mapSimple(text, at, simpleEnd)
        at = simpleEnd
        continue
      }
      const end = endOfOthers(text, at, units)
      const isWhole = end === text.length || end < at + units
      const window = text.slice(at, end)
      let mapped = ''
      let settled = 0
      let waiting = ''
      // The window may cut its last grapheme, so the next window begins with it.
      for (const { segment } of graphemes.segment(window)) {
        if (waiting !== '') mapped += cached(waiting)
        settled += waiting.length
        waiting = segment
      }
      if (isWhole) {
        yield mapped + cached(waiting)
        at = end
        units = windowUnits
        continue
      }
      units = settled === 0 ? units * 2 : windowUnits
      at += settled
      if (settled > 0) yield mapped
    }
  }
}

const effect = { none: 1, some: 2 } as const

/**
 * The end of the characters from `at` on that are certainly graphemes of their own. The last one
 * may combine with what follows, unless that is simple as well.
 */
function endOfSimple(text: string, at: number, unitsMost: number): number {
  let end = at
  const most = Math.min(text.length, at + unitsMost)
  while (end < most && isSimple(text.charCodeAt(end))) end++
  return end < text.length && !isSimple(text.charCodeAt(end)) ? Math.max(at, end - 1) : end
}

/** The first place after `at` between two simple characters, but at most `unitsMost` after it. */
function endOfOthers(text: string, at: number, unitsMost: number): number {
  const most = Math.min(text.length, at + unitsMost)
  let isAfterSimple = isSimple(text.charCodeAt(at))
  for (let end = at + 1; end < most; end++) {
    const isBeforeSimple = isSimple(text.charCodeAt(end))
    if (isAfterSimple && isBeforeSimple) return end
    isAfterSimple = isBeforeSimple
  }
  return most
}

/**
 * Whether two adjacent such characters are never one grapheme: they neither extend what is before
 * them nor join what is after them (UAX #29). ASCII but for the carriage return, letters of the
 * Latin, Greek and Cyrillic alphabets, common punctuation, kana, and ideographs; no marks, no
 * emoji, no Hangul.
 */
function isSimple(unit: number): boolean {
  if (unit < 0x80) return unit !== 0x0d
  if (unit < 0x2000) {
    return (
      (unit >= 0xc0 && unit < 0x300) ||
      (unit >= 0x370 && unit < 0x530 && (unit < 0x483 || unit > 0x489))
    )
  }
  return (
    (unit >= 0x2010 && unit <= 0x2026) ||
    (unit >= 0x3001 && unit <= 0x3002) ||
    (unit >= 0x3041 && unit <= 0x3096) ||
    (unit >= 0x30a1 && unit <= 0x30fa) ||
    (unit >= 0x4e00 && unit <= 0x9fff)
  )
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
