// The tokenizer against ids of the reference implementation, its bounds, and what it refuses. The
// fixture says how it was made: tests/fixtures/make-tokenizer-reference.py.
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { modelStoreDir } from '../../configs/paths.ts'
import { openBase } from '../bases/base-store.ts'
import { loadTokenizer, type Tokenizer } from './tokenizer.ts'

type ReferenceCase = {
  name: string
  text?: string
  repeat?: string
  times?: number
  tail?: string
  maxTokens: number
  ids: number[]
  truncated: boolean
}

// Not an import: the bundler's JSON reader refuses lone surrogates, which some cases are about.
const fixturePath = new URL('../../tests/fixtures/tokenizer-reference.json', import.meta.url)
const fixture = JSON.parse(readFileSync(fixturePath, 'utf8')) as { cases: ReferenceCase[] }

let json: Uint8Array
let tokenizer: Tokenizer

beforeAll(async () => {
  const base = await openBase({ name: 'minilm-l6', storeDir: modelStoreDir() })
  json = await readFile(base.tokenizerPath)
  tokenizer = loadTokenizer({ json })
})

function textOf({ text, repeat = '', times = 0, tail = '' }: ReferenceCase): string {
  return text ?? repeat.repeat(times) + tail
}

describe('ids equal those of the reference', () => {
  const { cases } = fixture
  test.each(cases)('$name, at most $maxTokens', (reference) => {
    const { ids, truncated } = tokenizer.encode(textOf(reference), reference)
    expect(Array.from(ids)).toEqual(reference.ids)
    expect(truncated).toBe(reference.truncated)
  })

  test('the fixture covers what it should', () => {
    expect(cases.length).toBeGreaterThan(400)
    expect(cases.filter(({ truncated }) => truncated).length).toBeGreaterThan(15)
  })
})

describe('truncation', () => {
  const maxTokens = 4_096

  test('a shorter limit gives a prefix between the same special tokens', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.integer({ min: 3, max: 20 }),
        (text, limit) => {
          const whole = tokenizer.encode(text, { maxTokens })
          const cut = tokenizer.encode(text, { maxTokens: limit })
          expect(whole.truncated).toBe(false)
          expect(cut.truncated).toBe(whole.ids.length > limit)
          expect(cut.ids.length).toBe(Math.min(limit, whole.ids.length))
          expect(cut.ids.at(0)).toBe(101)
          expect(cut.ids.at(-1)).toBe(102)
          expect(cut.ids.slice(0, -1)).toEqual(whole.ids.slice(0, cut.ids.length - 1))
        },
      ),
    )
  })

  test('words that a whitespace separates do not influence each other', () => {
    const bare = (text: string) =>
      Array.from(tokenizer.encode(text, { maxTokens }).ids).slice(1, -1)
    const text = fc.string({ unit: 'binary', maxLength: 40 })
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(bare(`${a} ${b}`)).toEqual([...bare(a), ...bare(b)])
      }),
    )
  })

  test('a limit with no room for a token is a bug of the caller', () => {
    expect(() => tokenizer.encode('a', { maxTokens: 2 })).toThrow(/more than the 2 special tokens/)
  })
})

test('ids do not depend on what was encoded before', () => {
  const used = loadTokenizer({ json })
  // More distinct words than the cache holds, so that it is emptied on the way.
  for (let i = 0; i < 120; i++) {
    const words = Array.from({ length: 1_000 }, (_, j) => `w${i * 1_000 + j}`)
    used.encode(words.join(' '), { maxTokens: 100_000 })
  }
  const text = 'w1 w119999 Unaffable naïve 你好 unaffable'
  expect(used.encode(text, { maxTokens: 64 })).toEqual(tokenizer.encode(text, { maxTokens: 64 }))
})

test.each([
  ['one word', 'a'.repeat(1 << 20)],
  ['words', 'hello world '.repeat(90_000)],
  [
    'unknown words of the greatest length',
    `${'abcdefghi '.repeat(9).replaceAll(' ', 'q')}\u{1f600} `.repeat(11_000),
  ],
  ['marks that are put in order', '\u302e\u{1d165}'.repeat(1 << 19)],
  ['words that are cleaned away', '\u200b '.repeat(1 << 19)],
])('1 MB of %s takes milliseconds', (_, text) => {
  const started = performance.now()
  tokenizer.encode(text, { maxTokens: 512 })
  // Measured: 0.1 to 40 ms. The bound is loose for busy machines, and far below anything quadratic.
  expect(performance.now() - started).toBeLessThan(1_000)
})

describe('what cannot be loaded is refused', () => {
  type Parts = Record<string, Record<string, unknown> | unknown[]>
  const altered = (alter: (parts: Parts) => void) => {
    const parts = JSON.parse(new TextDecoder().decode(json)) as Parts
    alter(parts)
    return () => loadTokenizer({ json: Buffer.from(JSON.stringify(parts)) })
  }

  test('not JSON', () => {
    expect(() => loadTokenizer({ json: Buffer.from('{"model"') })).toThrow(
      expect.objectContaining({ code: 'model_corrupt' }),
    )
  })

  test('a text that is not cleaned', () => {
    expect(altered((p) => Object.assign(p['normalizer']!, { clean_text: false }))).toThrow(
      expect.objectContaining({
        code: 'model_incompatible',
        message: expect.stringMatching(/normalizer\.clean_text/),
      }),
    )
  })

  test('a tokenizer without a pre-tokenizer is left to the library', () => {
    expect(altered((p) => Object.assign(p, { pre_tokenizer: null }))().engine).toBe('library')
    expect(tokenizer.engine).toBe('own')
  })

  test('words as tokens without what such a model needs', () => {
    expect(altered((p) => Object.assign(p['model']!, { type: 'WordLevel', unk_token: 7 }))).toThrow(
      expect.objectContaining({
        code: 'model_incompatible',
        message: expect.stringMatching(/model\.unk_token/),
      }),
    )
  })

  test('truncation and padding sections are ignored', () => {
    const other = altered((parts) => {
      parts['truncation'] = { max_length: 5 }
      parts['padding'] = { strategy: { Fixed: 500 } }
    })()
    const text = 'more than five tokens are in this text'
    expect(other.encode(text, { maxTokens: 64 })).toEqual(tokenizer.encode(text, { maxTokens: 64 }))
    expect(other.sha256).not.toBe(tokenizer.sha256)
  })

  test('an added token of several words is one id, and the longest one wins', () => {
    const other = altered((parts) => {
      const token = {
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      }
      ;(parts['added_tokens'] as object[]).push(
        { ...token, id: 30_522, content: 'New York' },
        { ...token, id: 30_523, content: 'New York City' },
      )
    })()
    const ids = other.encode('xNew York City, New York new york', { maxTokens: 64 }).ids
    expect(Array.from(ids)).toEqual([101, 1060, 30_523, 1010, 30_522, 2047, 2259, 102])
  })
})
