// Every setting of tokenizer.json, one by one and some together, against the reference: an own
// engine gives its ids, other files go through the library with a known number of texts that
// differ, or are refused by name. The fixture says how it was made:
// tests/fixtures/make-tokenizer-variants.py, which compares random ones as well.
import { expect, test } from 'vitest'
import {
  outcomeOf,
  readVariants,
  type Outcome,
  type Variant,
} from '../../tests/support/tokenizer-variants.ts'

const all = readVariants(new URL('../../tests/fixtures/tokenizer-variants.json', import.meta.url))
const written = new Set(all.texts.slice(0, -60))

const outcomes = (base: string): [Variant, Outcome][] =>
  all.variants
    .filter((variant) => variant.base === base)
    .map((variant) => [variant, outcomeOf(all, variant)])

/**
 * By base: variants by who makes their ids, and the most texts of one that differ in the library.
 */
const expected = {
  'word-piece': { own: 112, library: 0, refused: 24, differing: 0 },
  'byte-pairs': { own: 122, library: 6, refused: 6, differing: 3 },
  unigram: { own: 144, library: 7, refused: 20, differing: 2 },
  words: { own: 0, library: 20, refused: 1, differing: 7 },
  llama: { own: 0, library: 61, refused: 0, differing: 0 },
  digits: { own: 0, library: 9, refused: 0, differing: 7 },
  albert: { own: 0, library: 52, refused: 6, differing: 7 },
}
/** Why variants are refused, and how many. */
const refusals = {
  'an added token is empty once it is normalized': 2,
  "several added tokens are ' ' once they are normalized": 6,
  "several added tokens are 'cafe' once they are normalized": 4,
  "several added tokens are 'café' once they are normalized": 2,
  "several added tokens are 'graft' once they are normalized": 4,
  'normalizer.clean_text must be true, not false': 13,
  'normalizer.type: "Nmt" is not known, not "Nmt"': 1,
  'prepend_scheme: first after the normalizer Strip': 2,
  'prepend_scheme: first after the normalizer StripAccents': 1,
  'pre_tokenizer: add_prefix_space: false needs prepend_scheme: never': 2,
  'model.byte_fallback must be false, not true': 2,
  'model.byte_fallback: the vocabulary has no token for some bytes': 1,
  'model.continuing_subword_prefix is missing': 1,
  'model.continuing_subword_prefix must be one of null, , not "##"': 1,
  'model.dropout must be one of null, 0, not 0.5': 1,
  'model.unk_id is missing': 1,
  'model.unk_id must be a number, not null': 1,
  'model.unk_token is missing': 1,
  'post_processor has single[0], which has SpecialToken, which is missing': 3,
  'post_processor.single: a template has one text': 3,
  'post_processor: a token of the template is not among special_tokens': 3,
  'its unknown token is not in it.': 1,
  "its vocabulary has no '[NONE]'.": 1,
}
const refused: Record<string, number> = {}

test.each(Object.keys(expected) as (keyof typeof expected)[])(
  'variants of %s have the ids of the reference, or are refused',
  { timeout: 300_000 },
  (base) => {
    const counts = { own: 0, library: 0, refused: 0, differing: 0 }
    for (const [{ name, error }, outcome] of outcomes(base)) {
      counts[outcome.by]++
      if (outcome.by === 'refused') {
        expect(outcome.code, name).toMatch(/^model_(incompatible|corrupt)$/)
        const reason = outcome.message.replace(/^tokenizer\.json is [^:]*: /, '')
        refused[reason] = (refused[reason] ?? 0) + 1
        continue
      }
      expect(error, `${name}, which the reference refuses`).toBeUndefined()
      const texts = outcome.differing.map(({ text }) => text)
      if (outcome.by === 'own') expect(texts, name).toEqual([])
      expect(
        texts.filter((text) => written.has(text)),
        name,
      ).toEqual([])
      counts.differing = Math.max(counts.differing, texts.length)
    }
    expect(counts).toEqual(expected[base])
  },
)

test('what is refused is refused by name', () => {
  expect(refused).toEqual(refusals)
})
