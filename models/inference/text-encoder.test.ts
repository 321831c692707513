// Embedding through a real thread and a tiny model.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { collect } from '../../tests/support/collect.ts'
import {
  poisonId,
  tinyHidden,
  tinyPositions,
  writeTinyEncoder,
} from '../../tests/support/tiny-encoder.ts'
import { finish } from '../runtime/sliced-work.ts'
import type { TextTokenizer } from './inference.ts'
import { openEncoder, type TextEncoder } from './text-encoder.ts'

/** One token per word: its length. */
const tokenizer: TextTokenizer = {
  encode: (text, options) => finish(tokenizer.encoding(text, options)),
  *encoding(text, { maxTokens }) {
    const ids = Int32Array.from(text.split(' '), (word) => word.length)
    return { ids: ids.subarray(0, maxTokens), truncated: ids.length > maxTokens }
  },
}

let folder: string
let encoder: TextEncoder
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'winnow-encoder-'))
  const modelPath = join(folder, 'encoder.onnx')
  await writeTinyEncoder(modelPath)
  encoder = await openEncoder({ modelPath, tokenizer, maxTokens: tinyPositions, workers: 1 })
})
afterAll(async () => {
  await encoder.close()
  await rm(folder, { recursive: true })
})

describe('openEncoder', () => {
  it('embeds a stream in order and rejects only the text without numbers', async () => {
    const texts = ['a bb', 'x'.repeat(poisonId), 'a bb']
    const outcomes = await collect(encoder.embedAll(texts))
    expect(outcomes.map(({ kind }) => kind)).toEqual(['ok', 'rejected', 'ok'])
    const [first, , third] = outcomes.map((outcome) =>
      outcome.kind === 'ok' ? outcome.embedding : undefined,
    )
    expect(first).toEqual(third)
    expect(Math.hypot(...first!)).toBeCloseTo(1, 6)
  })

  it('embeds ids as it embeds their text, and says which component is no number', async () => {
    const { ids } = encoder.tokenize('a bb')
    const [streamed] = await collect(encoder.embedAll(['a bb']))
    const asked = await encoder.embed(ids)
    expect(asked).toMatchObject({ kind: 'ok' })
    expect(asked.kind === 'ok' && asked.embedding).toEqual(
      streamed!.kind === 'ok' && streamed!.embedding,
    )
    expect(asked.kind === 'ok' && asked.embedding).toHaveLength(encoder.hidden)
    expect(encoder.hidden).toBe(tinyHidden)
    expect(await encoder.embed(Int32Array.of(poisonId))).toMatchObject({
      kind: 'rejected',
      error: { code: 'output_invalid', message: 'Component 0 of the embedding is NaN.' },
    })
  })

  it('refuses a caller who has left', async () => {
    const asked = encoder.embed(Int32Array.of(1), { signal: AbortSignal.abort() })
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' })
  })
})
