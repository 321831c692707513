// Which ids a model is given.
import { expect, it } from 'vitest'
import { LoopTurns } from '../../models/runtime/sliced-work.ts'
import { sampleEvent, sampleModel } from '../../tests/support/sample-models.ts'
import { BoundTokens } from './bound-tokens.ts'

const event = sampleEvent('e', 0)
const model = (maxTokens: number, sha256 = 'sample') => ({
  maxTokens,
  tokenizer: { ...sampleModel().tokenizer, sha256 },
})

it('are those of the event wherever they would be the same', async () => {
  const tokens = new BoundTokens(new LoopTurns())
  for (const maxTokens of [8, 16, 3]) expect(await tokens.of(event, model(maxTokens))).toBe(event)
  const cut = { ...event, truncated: true }
  expect(await tokens.of(cut, model(8))).toBe(cut)
  expect((await tokens.of(cut, model(16))).ids).not.toBe(cut.ids)
  expect((await tokens.of(event, model(2))).ids).not.toBe(event.ids)
})

it('are made once for each tokenizer and limit', async () => {
  const tokens = new BoundTokens(new LoopTurns())
  const [first, again] = [
    await tokens.of(event, model(8, 'b')),
    await tokens.of(event, model(8, 'b')),
  ]
  expect(again).toBe(first)
  expect((await tokens.of(event, model(9, 'b'))).ids).not.toBe(first.ids)
})
