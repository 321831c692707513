// Texts that are hard for tokenizers, the same for each seed: real words with small changes, pieces
// of a vocabulary in new orders, and characters of every script and kind, between white space of
// every kind.
import { seededRandom, type SeededRandom } from '../../models/runtime/seeded-random.ts'

export type FuzzOptions = {
  readonly seed: number
  /** Words of all texts together, at least. */
  readonly words: number
  /** Words of running text. */
  readonly written: readonly string[]
  /** Tokens of a vocabulary. */
  readonly pieces: readonly string[]
}

/** Yields texts of 1 to 24 words with the number of their words. */
export function* fuzzTexts(options: FuzzOptions): Iterable<{ text: string; words: number }> {
  const random = seededRandom(options.seed)
  const makers = [
    () => pick(random, options.written),
    () => pick(random, options.written),
    () => changed(random, pick(random, options.written)),
    () => joined(random, 3, () => pick(random, options.pieces)),
    () => joined(random, 8, () => character(random, pick(random, blocks))),
    () => {
      const block = pick(random, blocks)
      return joined(random, 8, () => character(random, block))
    },
    () => pick(random, odd),
    () =>
      pick(random, options.written)
        .repeat(1 + random.below(30))
        .slice(0, 120),
    () => pick(random, options.written) + pick(random, odd) + pick(random, options.written),
  ]
  for (let made = 0; made < options.words;) {
    const words = 1 + random.below(24)
    let text = random.below(8) === 0 ? pick(random, spaces) : ''
    for (let i = 0; i < words; i++) {
      if (i > 0) text += random.below(3) === 0 ? pick(random, spaces) : ' '
      text += pick(random, makers)()
    }
    if (random.below(8) === 0) text += pick(random, spaces)
    made += words
    yield { text, words }
  }
}

/** First and last code points; unassigned ones and halves of surrogate pairs are among them. */
const blocks: readonly (readonly [number, number])[] = [
  [0x21, 0x7e],
  [0x30, 0x39],
  [0x41, 0x7a],
  [0x00, 0x1f],
  [0x7f, 0xff],
  [0x100, 0x24f],
  [0x250, 0x36f],
  [0x370, 0x52f],
  [0x590, 0x6ff],
  [0x900, 0xdff],
  [0xe00, 0x11ff],
  [0x1ab0, 0x1aff],
  [0x1e00, 0x1fff],
  [0x2000, 0x206f],
  [0x2070, 0x2bff],
  [0x3000, 0x30ff],
  [0x3400, 0x9fff],
  [0xa000, 0xabff],
  [0xac00, 0xd7ff],
  [0xd800, 0xdfff],
  [0xe000, 0xfaff],
  [0xfb00, 0xffff],
  [0x10000, 0x107ff],
  [0x11000, 0x11fff],
  [0x1d100, 0x1d7ff],
  [0x1f1e6, 0x1f1ff],
  [0x1f300, 0x1faff],
  [0x20000, 0x2fa1f],
  [0xe0000, 0xe01ef],
  [0, 0x10ffff],
]

const spaces = [
  ' ',
  '  ',
  '     ',
  '',
  '\t',
  '\n',
  '\r\n',
  '\n\n',
  ' \n ',
  '\u00a0',
  '\u0085',
  '\u2003',
  '\u2028',
  '\u3000',
  '\u200b',
  '\u2581',
]

const odd = [
  "'s",
  "'re",
  "don't",
  "'",
  "''",
  '...',
  '-',
  '--',
  '<mask>',
  '<s>',
  '</s>',
  '[MASK]',
  '[SEP]',
  '[UNK]',
  '<|endoftext|>',
  '##',
  '##ing',
  '\u0120',
  '\u2581the',
  'e\u0301',
  '\u0301',
  'a\u0323\u0307',
  'a\u0307\u0323',
  '\u200d',
  '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
  '\u{1f44d}\u{1f3fd}',
  '\u2764\ufe0f',
  '1\ufe0f\u20e3',
  '\u0e33',
  '\u1100\u1161\u11a8',
  '\ufb01',
  '\u0130',
  '\u03a3\u03c2',
  '\ufffd',
  '\ufeff',
  '\u00ad',
  '3.14',
  '1,000,000',
  '$5',
  'C++',
  '@user',
  '#tag',
  'a@b.example',
  'x'.repeat(101),
  '\u4f60\u597d',
]

function pick<T>(random: SeededRandom, from: readonly T[]): T {
  return from[random.below(from.length)]!
}

function joined(random: SeededRandom, most: number, make: () => string): string {
  return Array.from({ length: 1 + random.below(most) }, make).join('')
}

function character(random: SeededRandom, [first, last]: readonly [number, number]): string {
  return String.fromCodePoint(first + random.below(last - first + 1))
}

/** A word with one change: case, a character more, less or twice, or two parts swapped. */
function changed(random: SeededRandom, word: string): string {
  const at = random.below(word.length + 1)
  const [before, after] = [word.slice(0, at), word.slice(at)]
  const changes = [
    () => word.toUpperCase(),
    () => before + after.toUpperCase(),
    () => before + character(random, pick(random, blocks)) + after,
    () => before + pick(random, odd) + after,
    () => before + after.slice(1),
    () => before + after.slice(0, 1) + after,
    () => after + before,
    () => `${before}\u0301${after}`,
  ]
  return pick(random, changes)()
}
