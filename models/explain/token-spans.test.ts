// The places of tokens and words in texts of many scripts, for every kind of tokenizer: they rise,
// lie inside the text, and hold what their tokens stand for.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exportFixtures } from '../../tests/support/import-exports.ts'
import { cleanText } from '../cleaning/clean-text.ts'
import { loadTokenizer } from '../tokenizers/tokenizer.ts'
import { foldCleaned } from './cleaned-source.ts'
import { foldText } from './folded-text.ts'
import { readTokenPieces } from './token-pieces.ts'
import { tokenSpans } from './token-spans.ts'
import { wordGroups } from './word-groups.ts'

const families = ['bert', 'distilbert', 'roberta', 'xlm-r', 'modernbert', 'words'] as const
type Family = (typeof families)[number]

const cleaningSteps = ['unicode', 'control', 'mail-quotes', 'markup', 'whitespace'] as const

const tokenizers = new Map(
  families.map((family) => {
    const json = readFileSync(join(exportFixtures, family, 'tokenizer.json'))
    return [family, { tokenizer: loadTokenizer({ json }), tokens: readTokenPieces(json) }]
  }),
)

function placesIn(family: Family, original: string, maxTokens = 512) {
  const { tokenizer, tokens } = tokenizers.get(family)!
  const cleaned = cleanText(original, cleaningSteps)
  const { ids, truncated } = tokenizer.encode(cleaned, { maxTokens })
  const own = ids.subarray(tokens.prefix, ids.length - tokens.suffix)
  const folded = foldCleaned(original, { cleaned, wordsMax: 1_024 })
  const spans = tokenSpans(own, { folded, original, tokens })
  const groups = wordGroups(cleaned, spans)
  const words = groups.map(({ first, end }) =>
    original.slice(spans[first]!.start, spans[end - 1]!.end),
  )
  return { own, tokens, spans, groups, words, truncated }
}

function characters(text: string): string {
  return foldText(text)
    .map(({ character }) => character)
    .join('')
}

const scripts = [
  ...['free', 'money', 'Où', 'ÉTÉ', 'cafe\u0301', 'naïve', 'ﬁre', "don't", 'x=3.5', '(a)', '!!'],
  ...['😀', '👩‍👩‍👧', '🏳️‍🌈', '👍🏽', 'ok😀ok', '東京は', '你好世界', 'ภาษาไทย', 'नमस्ते', 'Привет'],
  ...['שלום', 'שָׁלוֹם', 'مرحبا', 'السلام', '\u200f', 'ΣΟΦΟΣ', 'ß', 'İ', '½', '…', 'ＡＢ'],
]
const spaces = [' ', '  ', '\n', '\t', '\r\n', '\u00a0', '\u2003']
const texts = fc
  .array(fc.tuple(fc.constantFrom(...scripts), fc.constantFrom('', ...spaces)), { maxLength: 24 })
  .map((parts) => parts.flat().join(''))

describe.each(families)('tokens of %s', (family) => {
  it('stand in order, inside the text, and hold what they stand for', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 4, max: 64 }), (original, maxTokens) => {
        const { own, tokens, spans, groups } = placesIn(family, original, maxTokens)
        expect(spans.length).toBe(own.length)
        let start = 0
        for (const span of spans) {
          expect(span.start).toBeGreaterThanOrEqual(start)
          expect(span.end).toBeGreaterThanOrEqual(span.start)
          expect(span.end).toBeLessThanOrEqual(original.length)
          start = span.start
        }
        let token = 0
        for (const { tokens: count, surface } of tokens.piecesOf(own)) {
          const { start: from, end } = spans[token]!
          token += count
          // Two tokens may share a character such as ½, of which each is a part.
          const standsFor = surface === undefined ? '' : characters(surface)
          expect(characters(original.slice(from, end))).toContain(standsFor)
        }
        expect(groups.map(({ first }) => first)).toEqual([
          ...(own.length > 0 ? [0] : []),
          ...groups.slice(0, -1).map(({ end }) => end),
        ])
        expect(groups.at(-1)?.end ?? 0).toBe(own.length)
      }),
    )
  })
})

describe('the places of words', () => {
  it('are those of the given text, whatever cleaning removed', () => {
    expect(placesIn('bert', '  Free\r\n\r\n  money ').words).toEqual(['Free', 'money'])
    expect(placesIn('bert', 'cafe\u0301 \u0007noir').words).toEqual(['cafe\u0301', 'noir'])
    expect(placesIn('bert', '<p>Free &amp; <b>easy</b></p>').words.at(0)).toBe('Free')
    expect(placesIn('bert', '<p>Free &amp; <b>easy</b></p>').words.at(-1)).toBe('easy')
  })

  it('follow Unicode in scripts with and without spaces, and for emoji', () => {
    expect(placesIn('xlm-r', 'שלום, עולם!').words).toEqual(['שלום', ',', 'עולם', '!'])
    expect(placesIn('roberta', 'ok 👩‍👩‍👧 fine').words).toEqual(['ok', '👩‍👩‍👧', 'fine'])
    expect(placesIn('roberta', "I don't").words).toEqual(['I', "don't"])
    expect(placesIn('roberta', '東京です').words.join('')).toBe('東京です')
  })

  it('end where the text was cut', () => {
    const { words, truncated } = placesIn('bert', 'one two three four five six', 5)
    expect(truncated).toBe(true)
    expect('one two three four five six'.startsWith(words.join(' '))).toBe(true)
  })
})
