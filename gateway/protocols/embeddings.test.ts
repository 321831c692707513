// POST /v1/embeddings: OpenAI's shapes, both encodings, refusals.
import { describe, expect, it } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import {
  configWith,
  gatewayUnderTest,
  hamClassifier,
  modelsOf,
} from '../../tests/support/gateway-under-test.ts'

const path = '/v1/embeddings'

describe('POST /v1/embeddings', () => {
  it('embeds one text or several, and counts their tokens', async () => {
    const gateway = gatewayUnderTest({ classifier: hamClassifier() })
    const one = await gateway.post(path, { input: 'abc' })
    const embedding = [0.6, -0.8].map(Math.fround)
    expect([one.status, one.json]).toEqual([
      200,
      {
        object: 'list',
        data: [{ object: 'embedding', index: 0, embedding }],
        model: 'mail@3',
        usage: { prompt_tokens: 3, total_tokens: 3 },
      },
    ])
    const two = await gateway.post(path, { input: ['a', 'bc'], model: 'mail', user: 'me' })
    expect((two.json['data'] as { index: number }[]).map(({ index }) => index)).toEqual([0, 1])
    expect(two.json['usage']).toEqual({ prompt_tokens: 3, total_tokens: 3 })
  })

  it('writes float32 in base64', async () => {
    const gateway = gatewayUnderTest({ classifier: hamClassifier() })
    const { json } = await gateway.post(path, { input: 'a', encoding_format: 'base64' })
    const [{ embedding }] = json['data'] as [{ embedding: string }]
    const bytes = Buffer.from(embedding, 'base64')
    expect([bytes.length, bytes.readFloatLE(0), bytes.readFloatLE(4)]).toEqual(
      [8, 0.6, -0.8].map(Math.fround),
    )
  })

  it('takes the dimensions that the model has, and no others', async () => {
    const gateway = gatewayUnderTest({ classifier: hamClassifier() })
    expect((await gateway.post(path, { input: 'a', dimensions: 2 })).status).toBe(200)
    const { status, json } = await gateway.post(path, { input: 'a', dimensions: 3 })
    expect([status, json['error']]).toMatchObject([
      400,
      { param: 'dimensions', code: 'body_invalid', type: 'invalid_request_error' },
    ])
  })

  it.each([
    [{ input: [1, 2] }, 400, 'body_invalid', 'invalid_request_error'],
    [{ input: [] }, 400, 'body_invalid', 'invalid_request_error'],
    [{ input: 'a', encoding_format: 'int8' }, 400, 'body_invalid', 'invalid_request_error'],
    [{ input: '' }, 422, 'items_invalid', 'invalid_request_error'],
    [
      { input: 'a', model: 'text-embedding-3-small' },
      404,
      'model_not_found',
      'invalid_request_error',
    ],
    [{ input: ['a', 'b', 'c'] }, 413, 'batch_too_large', 'invalid_request_error'],
  ])('refuses %j as a problem with an error of OpenAI', async (body, status, code, type) => {
    const config = configWith({ classifyTextsMax: 2 })
    const gateway = gatewayUnderTest({ config, classifier: hamClassifier() })
    const answer = await gateway.post(path, body)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect([answer.status, answer.json['code']]).toEqual([status, code])
    expect(answer.json['error']).toMatchObject({ code, type })
  })

  it('says which text a model could not embed, and which models embed nothing', async () => {
    const models = modelsOf(hamClassifier())
    const embeds = (embed: () => Promise<never[]>) =>
      gatewayUnderTest({
        models: {
          ...models,
          use: (ref, work) => models.use(ref, (model) => work({ ...model, embed })),
        },
      }).post(path, { input: 'a' })
    const imported = await embeds(() =>
      Promise.reject(new WinnowError('model_incompatible', 'The model gives no embeddings')),
    )
    expect([imported.status, imported.json['detail']]).toEqual([
      422,
      'The model gives no embeddings',
    ])
    const error = { code: 'output_invalid', message: 'not a finite number' } as const
    const rejected = await embeds(() => Promise.resolve([{ error } as never]))
    expect([rejected.status, rejected.json['code']]).toEqual([422, 'model_incompatible'])
  })

  it('answers 503 without a model', async () => {
    const { status, json } = await gatewayUnderTest().post(path, { input: 'a' })
    expect([status, json['error']]).toMatchObject([503, { type: 'server_error' }])
  })
})
