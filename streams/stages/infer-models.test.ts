// The infer stage of several models: an outcome of each for each record.
import { expect, it } from 'vitest'
import { LoopTurns } from '../../models/runtime/sliced-work.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { ok, rejected } from '../../schemas/outcome.ts'
import { withOutcome } from '../../tests/support/runner-parts.ts'
import { sampleEvent, sampleModel } from '../../tests/support/sample-models.ts'
import { sampleRecord } from '../../tests/support/sample-records.ts'
import { BoundTokens } from './bound-tokens.ts'
import { inferModels } from './infer-models.ts'
import type { ModelPort } from './infer.ts'
import type { TokenizedEvent } from './tokenize.ts'

const options = () => ({
  topLabels: 1,
  nowMs: () => 0,
  tokens: new BoundTokens(new LoopTurns()),
  onChallenge: () => undefined,
})
const chunk = [
  withOutcome<TokenizedEvent>(sampleRecord(0), ok(sampleEvent('a', 0)), 'tokenize'),
  withOutcome<TokenizedEvent>(sampleRecord(1), rejected('text_empty', 'empty'), 'validate'),
  withOutcome<TokenizedEvent>(sampleRecord(2), ok(sampleEvent('c', 2)), 'tokenize'),
]
const shown = async (models: readonly ModelPort[], fields = {}) => {
  const chunkModels = models.map((champion) => ({ champion }))
  const outcomes = await inferModels(chunk, chunkModels, { ...options(), ...fields })
  return outcomes.map(({ record, model, stage, outcome }) => [
    record.offset,
    model,
    stage,
    outcome.kind === 'ok' ? outcome.value.label : outcome.kind,
  ])
}
const mood = sampleModel({ name: 'mood', label: 'good' })

it('gives each record an outcome of each model, and a rejected one a rejection for each', async () => {
  expect(await shown([mood, sampleModel({ name: 'intent', label: 'ask' })])).toEqual([
    [0, 'mood', 'infer', 'good'],
    [0, 'intent', 'infer', 'ask'],
    [1, 'mood', 'validate', 'rejected'],
    [1, 'intent', 'validate', 'rejected'],
    [2, 'mood', 'infer', 'good'],
    [2, 'intent', 'infer', 'ask'],
  ])
})

it('rejects for one model what only that model rejects', async () => {
  const error = { code: 'output_invalid', message: 'NaN' } as const
  const intent = sampleModel({
    name: 'intent',
    classify: () => Promise.resolve({ kind: 'rejected', error }),
  })
  const kinds = (await shown([mood, intent])).filter(([offset]) => offset !== 1)
  expect(kinds).toEqual([
    [0, 'mood', 'infer', 'good'],
    [0, 'intent', 'infer', 'rejected'],
    [2, 'mood', 'infer', 'good'],
    [2, 'intent', 'infer', 'rejected'],
  ])
})

it('leaves an event to the models that classify its topic', async () => {
  const accepts = (_topic: string, model: string) => model === 'intent'
  const outcomes = await shown([mood, sampleModel({ name: 'intent', label: 'ask' })], { accepts })
  expect(outcomes.filter(([offset]) => offset === 0)).toEqual([
    [0, 'mood', 'tokenize', 'filtered'],
    [0, 'intent', 'infer', 'ask'],
  ])
})

it('fails with the model that fails, when the others are done', async () => {
  let done = 0
  const slow = sampleModel({
    name: 'slow',
    classify: async () => {
      await new Promise((resolve) => setImmediate(resolve))
      done++
      return { kind: 'rejected', error: { code: 'output_invalid', message: 'NaN' } }
    },
  })
  const failing = sampleModel({
    name: 'failing',
    classify: () => Promise.reject(new WinnowError('session_failed', 'out of memory')),
  })
  await expect(shown([failing, slow])).rejects.toMatchObject({ code: 'session_failed' })
  expect(done).toBe(2)
})

it('gives models with one tokenizer and limit the same array of ids', async () => {
  const seen: Int32Array[] = []
  const reader = (name: string, maxTokens: number): ModelPort => {
    const model = sampleModel({ name })
    return {
      ...model,
      maxTokens,
      tokenizer: {
        sha256: 'other',
        *encoding(_text, limits) {
          return { ids: Int32Array.of(limits.maxTokens), truncated: false }
        },
      },
      classifyWhenRoom: (ids) => {
        seen.push(ids)
        return model.classifyWhenRoom(ids)
      },
    }
  }
  await shown([reader('a', 8), reader('b', 8), reader('c', 4)])
  expect(new Set(seen).size).toBe(4)
  expect(seen).toHaveLength(6)
})
