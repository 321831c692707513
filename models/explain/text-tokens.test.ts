// Places of tokens: in texts that cleaning changed, special tokens, and hostile texts in short steps.
import { describe, expect, it } from 'vitest'
import { processorMs } from '../../tests/support/processor-time.ts'
import { tinyTokenizerJson } from '../../tests/support/tiny-tokenizer.ts'
import { cleanText } from '../cleaning/clean-text.ts'
import { finish } from '../runtime/sliced-work.ts'
import { loadTokenizer } from '../tokenizers/tokenizer.ts'
import { findingTokens } from './text-tokens.ts'
import { readTokenPieces } from './token-pieces.ts'

const json = Buffer.from(tinyTokenizerJson())
const tokenizer = loadTokenizer({ json })
const tokens = readTokenPieces(json)

function tokensOf(text: string, maxTokens = 512) {
  const cleaned = cleanText(text, ['unicode', 'markup', 'whitespace'])
  const { ids } = tokenizer.encode(cleaned, { maxTokens })
  return findingTokens(ids, { text, cleaned, tokens })
}

describe('findingTokens', () => {
  it('gives every token that the model reads, with its place in the given text', () => {
    const text = '  A\u0007 <p>b</p>\n\nzz 🙂 c'
    const found = finish(tokensOf(text))
    expect(found.map((token) => token.text)).toEqual([
      ...['[CLS]', 'A', 'b', 'zz', '🙂', 'c', '[SEP]'],
    ])
    for (const { start, end, special, text: own } of found) {
      if (!special) expect(text.slice(start, end)).toBe(own)
      else expect(start).toBe(end)
    }
    expect(found.map(({ id }) => id)).toEqual([2, 4, 5, 1, 1, 6, 3])
  })

  it('gives the tokens of a cut text', () => {
    const found = finish(tokensOf('a b c d e f', 5))
    expect(found.map((token) => token.text)).toEqual(['[CLS]', 'a', 'b', 'c', '[SEP]'])
  })

  it.each([
    ['a million letters', 'a'.repeat(1_000_000)],
    ['half a million words', 'a '.repeat(500_000)],
    ['half a million words in markup', '<b>a</b> '.repeat(110_000)],
    ['as many marks', 'a\u0301\u0323'.repeat(330_000)],
    ['words that differ', `${'a b c '.repeat(80_000)}<i>${'x y z '.repeat(80_000)}</i>`],
  ])('takes short steps for %s', (_, text) => {
    const work = tokensOf(text)
    let longestMs = 0
    for (;;) {
      const beganMs = processorMs()
      const { done } = work.next()
      longestMs = Math.max(longestMs, processorMs() - beganMs)
      if (done === true) break
    }
    // Measured: at most 30 ms on a busy machine.
    expect(longestMs).toBeLessThan(100)
  })
})
