// Tokenizers of all kinds against ids of the reference implementation, and their bounds. The
// fixtures say how they were made: tests/fixtures/make-imports.py. BERT's own fixture is tested in
// ../tokenizer.test.ts.
import { describe, expect, test } from 'vitest'
import { timed } from '../../tests/support/processor-time.ts'
import {
  encodeCase,
  referenceCases,
  referenceTokenizer,
} from '../../tests/support/tokenizer-references.ts'

const families = ['bert', 'distilbert', 'roberta', 'xlm-r', 'modernbert', 'deberta'] as const

describe.each(families)('%s', (family) => {
  const tokenizer = referenceTokenizer(family)

  test.each(['golden.json', 'reference-ids.json'])('gives the ids of %s', (file) => {
    const cases = referenceCases(`${family}/${file}`)
    expect(cases.length).toBeGreaterThan(50)
    for (const reference of cases) {
      const { ids, truncated, ...text } = reference
      const encoded = encodeCase(tokenizer, reference)
      expect(encoded, JSON.stringify(text)).toEqual({ ids, truncated })
    }
  })

  test.each([
    ['one word', 'a'.repeat(1 << 20)],
    ['words', 'hello world '.repeat(90_000)],
    ['spaces', ' '.repeat(1 << 20)],
    ['ideographs', '\u4f60\u597d'.repeat(1 << 19)],
    ['stacked marks', '\u302e\u{1d165}'.repeat(1 << 18)],
    ['marks', '\u0301'.repeat(1 << 20)],
    ['emoji', '\u{1f600}'.repeat(1 << 19)],
    ['joined emoji', '\u{1f468}\u200d'.repeat(1 << 18)],
    ['a run that a piece of 16 units divides', '-'.repeat(1_000_003)],
  ])('1 MB of %s takes no longer than in proportion to it', (_, text) => {
    const { totalMs, longestMs } = timed(tokenizer.encoding(text, { maxTokens: 512 }))
    // Measured: below 0.9 s in all and 60 ms for the longest step, on a busy machine.
    expect(totalMs).toBeLessThan(3_000)
    expect(longestMs).toBeLessThan(500)
  })
})
