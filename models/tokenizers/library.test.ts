// Tokenizers that go through @huggingface/tokenizers, against ids of the reference implementation,
// and their bounds. The fixtures say how they were made: tests/fixtures/make-imports.py. Where
// library and reference differ, the texts are counted here and in docs/reliability.md.
import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { timed } from '../../tests/support/processor-time.ts'
import {
  encodeCase,
  readFixture,
  referenceCases,
  referenceTokenizer,
  type ReferenceCase,
} from '../../tests/support/tokenizer-references.ts'
import { loadTokenizer, type Tokenizer } from './tokenizer.ts'

/** Hard texts that people write. */
const written = { words: 65, llama: 65, digits: 65, albert: 65 }
/**
 * Texts whose ids differ from the reference's, of those written and of 320 more (random, or very
 * long).
 */
const differing = {
  words: { written: 0, others: 5 },
  llama: { written: 0, others: 0 },
  digits: { written: 0, others: 26 },
  albert: { written: 0, others: 28 },
} as const
const kinds = ['words', 'llama', 'digits', 'albert'] as const

const isReference = (tokenizer: Tokenizer, reference: ReferenceCase): boolean => {
  const { ids, truncated } = encodeCase(tokenizer, reference)
  return truncated === reference.truncated && String(ids) === String(reference.ids)
}

describe.each(kinds)('%s', (kind) => {
  const tokenizer = referenceTokenizer(kind)

  test('gives the ids of the reference but for texts that are counted', () => {
    expect(tokenizer.engine).toBe('library')
    const cases = referenceCases(`${kind}/reference-ids.json`)
    const all = kind === 'words' ? [...referenceCases('words/golden.json'), ...cases] : cases
    expect(all).toHaveLength(385)
    const count = (some: ReferenceCase[]) =>
      some.filter((reference) => !isReference(tokenizer, reference)).length
    expect({
      written: count(all.slice(0, written[kind])),
      others: count(all.slice(written[kind])),
    }).toEqual(differing[kind])
  })

  test.each([
    ['one word', 'a'.repeat(1 << 20)],
    ['words', 'hello world '.repeat(90_000)],
    ['spaces', ' '.repeat(1 << 20)],
    ['stacked marks', '\u302e\u{1d165}'.repeat(1 << 18)],
    ['emoji', '\u{1f600}'.repeat(1 << 19)],
    ['characters that become many', '\ufdfa'.repeat(1 << 20)],
    ['punctuation', '!'.repeat(1 << 20)],
  ])('1 MB of %s takes a second at most, and is cut', (_, text) => {
    const { result, totalMs } = timed(tokenizer.encoding(text, { maxTokens: 512 }))
    const { ids, truncated } = result
    // Measured: below 0.6 s, on a busy machine.
    expect(totalMs).toBeLessThan(2_000)
    expect(ids.length).toBeLessThanOrEqual(512)
    expect(truncated).toBe(true)
  })

  test('the kept ids do not depend on the truncated text', () => {
    const text = 'It costs 12.50, or 11 for members; nearly nothing. '
    const whole = tokenizer.encode(text.repeat(100), { maxTokens: 40 })
    const longer = tokenizer.encode(text.repeat(10_000), { maxTokens: 40 })
    expect(longer).toEqual(whole)
    expect(whole.ids).toHaveLength(40)
  })
})

type Parts = { name: string; tokenizer: object; cases: ReferenceCase[] }

test.each(
  (readFixture('tokenizer-parts.json') as Parts[]).map((part) => [part.name, part] as const),
)('the part %s gives the words of the reference', (_, part) => {
  const json = Buffer.from(JSON.stringify(part.tokenizer))
  const tokenizer = loadTokenizer({ json })
  expect(tokenizer.engine).toBe('library')
  for (const { text, ids } of part.cases) {
    expect(Array.from(tokenizer.encode(text!, { maxTokens: 99 }).ids), text).toEqual(ids)
  }
})

test('the library is loaded with the first tokenizer that needs it', () => {
  const script = `
    import { readFileSync } from 'node:fs'
    import { createRequire } from 'node:module'
    import { loadTokenizer } from './models/tokenizers/tokenizer.ts'
    const isLoaded = () => Object.keys(createRequire(import.meta.url).cache ?? {})
      .some((path) => path.includes('@huggingface'))
    const load = (kind) =>
      loadTokenizer({ json: readFileSync('tests/fixtures/imports/' + kind + '/tokenizer.json') })
    load('bert'), load('roberta'), load('xlm-r')
    const before = isLoaded()
    load('words')
    console.log(JSON.stringify([before, isLoaded()]))`
  const answer = execFileSync(
    process.execPath,
    ['--no-warnings', '--experimental-strip-types', '--input-type=module', '-e', script],
    { encoding: 'utf8' },
  )
  expect(JSON.parse(answer)).toEqual([false, true])
})

describe('what neither engine knows is refused by name', () => {
  type Json = Record<string, unknown>
  const cases: [string, RegExp, string, (file: Json) => void][] = [
    [
      'a normalizer',
      /normalizer.*"Nmt" is not known/,
      'words',
      (file) => (file['normalizer'] = { type: 'Nmt' }),
    ],
    [
      'a pre-tokenizer in a sequence',
      /pre_tokenizer.*"UnicodeScripts" is not known/,
      'digits',
      (file) =>
        ((file['pre_tokenizer'] as { pretokenizers: Json[] }).pretokenizers[1] = {
          type: 'UnicodeScripts',
        }),
    ],
    [
      'words put together with what is before them',
      /pre_tokenizer.*behavior/,
      'words',
      (file) =>
        (file['pre_tokenizer'] = {
          type: 'Split',
          pattern: { String: ' ' },
          behavior: 'MergedWithPrevious',
          invert: false,
        }),
    ],
    [
      'a pattern that cannot be translated',
      /not of a supported kind: .*POSIX/,
      'words',
      (file) =>
        (file['pre_tokenizer'] = {
          type: 'Split',
          pattern: { Regex: '[[:nothing:]]' },
          behavior: 'Isolated',
          invert: false,
        }),
    ],
    [
      'a model',
      /model\.type/,
      'words',
      (file) => Object.assign(file['model'] as Json, { type: 'Other' }),
    ],
    [
      'merges at random',
      /model\.dropout/,
      'llama',
      (file) => Object.assign(file['model'] as Json, { dropout: 0.1 }),
    ],
    [
      'bytes in a unigram model',
      /model\.byte_fallback/,
      'albert',
      (file) => Object.assign(file['model'] as Json, { byte_fallback: true }),
    ],
    [
      'an unknown token that is not there',
      /the unknown token is not in the vocabulary/,
      'words',
      (file) => Object.assign(file['model'] as Json, { unk_token: '<nothing>' }),
    ],
  ]

  test.each(cases)('%s', (_, message, kind, alter) => {
    const file = readFixture(`${kind}/tokenizer.json`) as Json
    alter(file)
    expect(() => loadTokenizer({ json: Buffer.from(JSON.stringify(file)) })).toThrow(
      expect.objectContaining({
        code: 'model_incompatible',
        message: expect.stringMatching(message),
      }),
    )
  })
})
