import { describe, expect, it } from 'vitest'
import { finish, type Work } from '../../models/runtime/sliced-work.ts'
import { ok } from '../../schemas/outcome.ts'
import type { Validated } from '../../schemas/validated.ts'
import { tokenizeEvent, type TextEncoderPort } from './tokenize.ts'

const event: Validated = {
  topic: 't',
  partition: 2,
  offset: 7,
  recordTimeMs: 5,
  id: 'e-1',
  text: 'one two three',
  source: 'mail',
  eventTimeMs: 4,
  attributes: { lang: 'en' },
  knownLabel: null,
}

/** One token per word: its length. Yields before each word. */
const tokenizer: TextEncoderPort = {
  sha256: 'words',
  *encoding(text, { maxTokens }): Work<{ ids: Int32Array; truncated: boolean }> {
    const ids: number[] = []
    for (const word of text.split(' ')) {
      yield
      ids.push(word.length)
    }
    return { ids: Int32Array.from(ids.slice(0, maxTokens)), truncated: ids.length > maxTokens }
  },
}

describe('tokenizeEvent', () => {
  it('adds the ids and what they are bound to, and keeps the event', () => {
    expect(finish(tokenizeEvent(event, tokenizer, 8))).toEqual(
      ok({
        ...event,
        ids: Int32Array.of(3, 3, 5),
        truncated: false,
        tokenizerSha256: 'words',
        maxTokens: 8,
      }),
    )
  })

  it('says that a text was cut, and where', () => {
    expect(finish(tokenizeEvent(event, tokenizer, 2))).toMatchObject({
      value: { ids: Int32Array.of(3, 3), truncated: true, maxTokens: 2 },
    })
  })

  it('can be interrupted where the tokenizer can', () => {
    const work = tokenizeEvent(event, tokenizer, 8)
    const steps = [work.next(), work.next(), work.next(), work.next()].map(({ done }) => done)
    expect(steps).toEqual([false, false, false, true])
  })
})
