// What a set of texts looks like before anything is trained on it: how long its texts are and in
// which scripts they are written. Labels and duplicates are in the data manifest.
import type { Example } from '../files/source-row.ts'

/** A range of lengths with the number of texts in it. */
export type LengthBin = {
  /** Characters or tokens, both included. */
  readonly from: number
  readonly to: number
  readonly texts: number
}

/** The lengths of texts: quantiles by linear position, and a histogram. */
export type LengthProfile = {
  readonly shortest: number
  readonly median: number
  /** The length that 95 % of the texts do not exceed. */
  readonly p95: number
  readonly longest: number
  readonly bins: readonly LengthBin[]
}

/** The profile of a data set. */
export type DataProfile = {
  readonly texts: number
  /** Lengths in UTF-16 code units. */
  readonly lengths: LengthProfile
  /**
   * The number of texts by the script of most of their letters, most frequent first. `none` are
   * texts without letters, and `other` those of scripts that are not listed here.
   */
  readonly scripts: readonly { readonly script: string; readonly texts: number }[]
}

const binsMax = 24
/** Letters that decide on the script of a text; more would change it for few texts. */
const lettersMax = 200

/** The scripts that a profile counts, by their names in Unicode. */
const scripts = [
  'Latin',
  'Cyrillic',
  'Greek',
  'Arabic',
  'Hebrew',
  'Devanagari',
  'Bengali',
  'Tamil',
  'Telugu',
  'Thai',
  'Georgian',
  'Armenian',
  'Ethiopic',
  'Hangul',
  'Hiragana',
  'Katakana',
  'Han',
] as const
const patterns = scripts.map((script) => ({
  script,
  pattern: new RegExp(`\\p{Script=${script}}`, 'u'),
}))

/** The profile of texts; there must be at least one. */
export function dataProfile(examples: readonly Pick<Example, 'text'>[]): DataProfile {
  const counts = new Map<string, number>()
  for (const { text } of examples) {
    const script = scriptOf(text)
    counts.set(script, (counts.get(script) ?? 0) + 1)
  }
  return {
    texts: examples.length,
    lengths: lengthProfile(Int32Array.from(examples, ({ text }) => text.length)),
    scripts: [...counts]
      .map(([script, texts]) => ({ script, texts }))
      .sort((a, b) => b.texts - a.texts || (a.script < b.script ? -1 : 1)),
  }
}

/** The profile of lengths; there must be at least one. */
export function lengthProfile(lengths: Int32Array): LengthProfile {
  const ascending = lengths.toSorted()
  const at = (share: number): number => ascending[Math.ceil(share * ascending.length) - 1] ?? 0
  return {
    shortest: ascending[0] ?? 0,
    median: at(0.5),
    p95: at(0.95),
    longest: ascending.at(-1) ?? 0,
    bins: lengthBins(ascending),
  }
}

/** The script of most letters of a text. */
function scriptOf(text: string): string {
  const counts = new Map<string, number>()
  let letters = 0
  for (const [letter] of text.matchAll(/\p{L}/gu)) {
    const script = /[A-Za-z]/.test(letter)
      ? 'Latin'
      : (patterns.find(({ pattern }) => pattern.test(letter))?.script ?? 'other')
    counts.set(script, (counts.get(script) ?? 0) + 1)
    if (++letters === lettersMax) break
  }
  // Japanese mixes three scripts; its kana tell it from Chinese.
  const kana = (counts.get('Hiragana') ?? 0) + (counts.get('Katakana') ?? 0)
  if (kana > 0) {
    counts.set('Japanese', kana + (counts.get('Han') ?? 0))
    for (const part of ['Hiragana', 'Katakana', 'Han']) counts.delete(part)
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a)
  return most?.[0] ?? 'none'
}

/** Bins of equal width up to the 99th percentile; the last one also holds all longer texts. */
function lengthBins(ascending: Int32Array): LengthBin[] {
  const shortest = ascending[0] ?? 0
  const longest = ascending.at(-1) ?? 0
  const end = ascending[Math.ceil(0.99 * ascending.length) - 1] ?? 0
  const width = Math.max(1, Math.ceil((end - shortest + 1) / binsMax))
  const count = Math.max(1, Math.ceil((end - shortest + 1) / width))
  const texts = new Int32Array(count)
  for (const length of ascending) {
    const bin = Math.min(count - 1, Math.floor((length - shortest) / width))
    texts[bin] = texts[bin]! + 1
  }
  return Array.from(texts, (number, bin) => {
    const from = shortest + bin * width
    const to = bin === count - 1 ? longest : from + width - 1
    return { from, to, texts: number }
  })
}
