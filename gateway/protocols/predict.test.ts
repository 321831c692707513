// POST /predict: the shapes of text-embeddings-inference, and its errors.
import { describe, expect, it } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import {
  configWith,
  gatewayUnderTest,
  hamClassifier,
} from '../../tests/support/gateway-under-test.ts'

const ham = { score: 0.75, label: 'ham' }
const spam = { score: 0.25, label: 'spam' }

describe('POST /predict', () => {
  it.each([
    ['a', [ham, spam], ['a']],
    [['a'], [ham, spam], ['a']],
    [[['a']], [[ham, spam]], ['a']],
    [
      [['a'], ['b']],
      [
        [ham, spam],
        [ham, spam],
      ],
      ['a', 'b'],
    ],
  ])('answers %j', async (inputs, answer, texts) => {
    const asked: string[] = []
    const gateway = gatewayUnderTest({ classifier: hamClassifier(asked) })
    const { status, json } = await gateway.post('/predict', { inputs })
    expect([status, json]).toEqual([200, answer])
    expect(asked).toEqual(texts)
  })

  it('gives logits where they are asked for, the highest first', async () => {
    const classify = hamClassifier().classify
    const classifier = {
      ...hamClassifier(),
      classify: async (texts: readonly string[], options: { signal: AbortSignal }) =>
        (await classify(texts, options)).map((one) => ({
          ...one,
          probabilities: { ham: 0.25, spam: 0.75 },
        })),
    }
    const gateway = gatewayUnderTest({ classifier })
    const { json } = await gateway.post('/predict', { inputs: 'a', raw_scores: true })
    expect(json).toEqual([
      { score: Math.fround(Math.log(0.75)), label: 'spam' },
      { score: Math.fround(Math.log(0.25)), label: 'ham' },
    ])
  })

  it.each([
    [{ inputs: ['a', 'b'] }, 400, 'validation', 'inputs holds a pair of texts'],
    [{ inputs: [['a', 'b']] }, 400, 'validation', 'inputs[0] is a pair of texts'],
    [{ inputs: [['a'], 'b'] }, 400, 'validation', 'mixes texts and lists'],
    [{ inputs: [] }, 400, 'validation', 'inputs'],
    [{ inputs: [[]] }, 400, 'validation', 'inputs'],
    [{ inputs: 7 }, 400, 'validation', 'inputs'],
    [{ inputs: 'a', truncation_direction: 'Left' }, 400, 'validation', 'truncation_direction'],
    [{ inputs: 'a', other: 1 }, 400, 'validation', 'other'],
    [{ inputs: ' ' }, 422, 'tokenizer', 'text has no visible character'],
    [{ inputs: [['a'], ['b'], ['c']] }, 413, 'validation', 'more than 2 texts'],
  ])('refuses %j', async (body, status, kind, message) => {
    const config = configWith({ classifyTextsMax: 2 })
    const gateway = gatewayUnderTest({ config, classifier: hamClassifier() })
    const answer = await gateway.post('/predict', body)
    expect([answer.status, answer.json['error_type']]).toEqual([status, kind])
    expect(Object.keys(answer.json)).toEqual(['error', 'error_type'])
    expect(answer.json['error']).toContain(message)
  })

  it('refuses a text that is too long only if it must not be cut', async () => {
    const classify = hamClassifier().classify
    const classifier = {
      ...hamClassifier(),
      classify: async (texts: readonly string[], options: { signal: AbortSignal }) =>
        (await classify(texts, options)).map((one) => ({ ...one, truncated: true })),
    }
    const gateway = gatewayUnderTest({ classifier })
    expect((await gateway.post('/predict', { inputs: 'a' })).status).toBe(200)
    const { status, json } = await gateway.post('/predict', { inputs: 'a', truncate: false })
    expect([status, json['error_type']]).toEqual([413, 'validation'])
  })

  it.each([
    ['queue_full', 429, 'overloaded'],
    ['session_failed', 424, 'backend'],
    ['worker_crashed', 424, 'backend'],
    ['internal', 500, 'backend'],
  ] as const)('answers %s with %i', async (code, status, kind) => {
    const classify = () => Promise.reject(new WinnowError(code, 'no'))
    const gateway = gatewayUnderTest({ classifier: { ...hamClassifier(), classify } })
    const answer = await gateway.post('/predict', { inputs: 'a' })
    expect([answer.status, answer.json['error_type']]).toEqual([status, kind])
    // Overload is no failure; the log has the others.
    expect(gateway.failures).toHaveLength(code === 'queue_full' ? 0 : 1)
  })

  it('answers 503 without a model', async () => {
    const { status, json } = await gatewayUnderTest().post('/predict', { inputs: 'a' })
    expect([status, json['error_type']]).toEqual([503, 'unhealthy'])
  })
})
