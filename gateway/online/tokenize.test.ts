// POST /v1/tokenize: order, the texts that the model gets, refusals.
import { describe, expect, it } from 'vitest'
import type { CleanedText } from '../http/dependencies.ts'
import {
  configWith,
  gatewayUnderTest,
  hamClassifier,
  modelsOf,
} from '../../tests/support/gateway-under-test.ts'

describe('POST /v1/tokenize', () => {
  it('gives the model both the text as it was sent and the cleaned one', async () => {
    const asked: CleanedText[] = []
    const models = modelsOf(hamClassifier())
    const gateway = gatewayUnderTest({
      models: {
        ...models,
        use: (ref, work) =>
          models.use(ref, (model) =>
            work({
              ...model,
              tokenize: (texts, options) => {
                asked.push(...texts)
                return model.tokenize(texts, options)
              },
            }),
          ),
      },
    })
    const texts = [' a  b ', 'c']
    const { status, json } = await gateway.post('/v1/tokenize', { texts, model: 'mail@3' })
    expect(status).toBe(200)
    expect(asked).toEqual([
      { text: ' a  b ', cleaned: 'a b' },
      { text: 'c', cleaned: 'c' },
    ])
    expect(json).toEqual({
      model: 'mail@3',
      results: texts.map((text) => ({
        tokens: [{ id: 7, text, start: 0, end: text.length, special: false }],
        truncated: false,
      })),
    })
  })

  it.each([
    [{ texts: ['a'], model: 'mail@2' }, 404, 'model_not_found'],
    [{ texts: [] }, 400, 'body_invalid'],
    [{ texts: ['a'], model: 'x'.repeat(101) }, 400, 'body_invalid'],
    [{ texts: ['a', 'b', 'c'] }, 413, 'batch_too_large'],
    [{ texts: ['a', ' '] }, 422, 'items_invalid'],
  ])('refuses %j', async (body, status, code) => {
    const config = configWith({ classifyTextsMax: 2 })
    const gateway = gatewayUnderTest({ config, classifier: hamClassifier() })
    const answer = await gateway.post('/v1/tokenize', body)
    expect([answer.status, answer.json['code']]).toEqual([status, code])
  })

  it('answers 503 without a model', async () => {
    const { status, json } = await gatewayUnderTest().post('/v1/tokenize', { texts: ['a'] })
    expect([status, json['code']]).toEqual([503, 'model_unavailable'])
  })
})
