// POST /v1/classify: order, cleaning, refusals, callers who leave.
import { describe, expect, it } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import { longestBlockMs } from '../../tests/support/processor-time.ts'
import {
  configWith,
  gatewayUnderTest,
  hamClassifier,
} from '../../tests/support/gateway-under-test.ts'

describe('POST /v1/classify', () => {
  it('returns results in order, with the model that gave them', async () => {
    const asked: string[] = []
    const gateway = gatewayUnderTest({ classifier: hamClassifier(asked) })
    const { status, json } = await gateway.post('/v1/classify', { texts: ['one', 'three'] })
    expect(status).toBe(200)
    expect(json['model']).toBe('mail@3')
    expect((json['results'] as { tokens: number }[]).map(({ tokens }) => tokens)).toEqual([3, 5])
    expect(asked).toEqual(['one', 'three'])
  })

  it('cleans texts as the stream does', async () => {
    const asked: string[] = []
    const gateway = gatewayUnderTest({ classifier: hamClassifier(asked) })
    await gateway.post('/v1/classify', { texts: ['  Cafe\u0301 \u0007 noir '] })
    expect(asked).toEqual(['Café noir'])
  })

  it('does not block the event loop while it cleans large texts', async () => {
    const cleaning = { steps: ['unicode', 'markup', 'whitespace'] } as const
    const config = { ...configWith(), cleaning: { steps: [...cleaning.steps] } }
    const asked: string[] = []
    const gateway = gatewayUnderTest({ config, classifier: hamClassifier(asked) })
    const parts = ['<h1></x>', '<ul><li><br>', '\u0301\u0323', '</title><b>']
    const texts = parts.map((part) => `x${part.repeat(400_000 / part.length)}y`)
    const answer = gateway.post('/v1/classify', { texts })
    const blockMs = await longestBlockMs(answer)
    expect((await answer).status).toBe(200)
    expect(asked).toHaveLength(texts.length)
    // Measured: 0.6 s in all and 60 ms for the longest block, including reading the body.
    expect(blockMs).toBeLessThan(250)
  })

  it('reports that one text has no result', async () => {
    const error = { code: 'output_invalid', message: 'not a finite number' } as const
    const classifier = { ...hamClassifier(), classify: () => Promise.resolve([{ error }]) }
    const gateway = gatewayUnderTest({ classifier })
    const { status, json } = await gateway.post('/v1/classify', { texts: ['a'] })
    expect([status, json['results']]).toEqual([200, [{ error }]])
  })

  it.each(['mail', 'mail@3'])('serves the model %s', async (model) => {
    const gateway = gatewayUnderTest({ classifier: hamClassifier() })
    expect((await gateway.post('/v1/classify', { texts: ['a'], model })).status).toBe(200)
  })

  it.each([
    [{ texts: ['a'], model: 'mail@2' }, 404, 'model_not_found'],
    [{ texts: [] }, 400, 'body_invalid'],
    [{ texts: 'a' }, 400, 'body_invalid'],
    [{ texts: [1] }, 400, 'body_invalid'],
    [{ texts: ['a'], extra: 1 }, 400, 'body_invalid'],
    ['{"texts":', 400, 'body_invalid'],
    [{ texts: ['a', 'b', 'c'] }, 413, 'batch_too_large'],
    [{ texts: ['a', ' '] }, 422, 'items_invalid'],
    [{ texts: ['\u0007'] }, 422, 'items_invalid'],
    [{ texts: ['x'.repeat(101)] }, 422, 'items_invalid'],
    [{ texts: ['\ud800'] }, 422, 'items_invalid'],
  ])('refuses %j', async (body, status, code) => {
    const config = configWith({ classifyTextsMax: 2 }, { textBytesMax: 100 })
    const asked: string[] = []
    const gateway = gatewayUnderTest({ config, classifier: hamClassifier(asked) })
    const answer = await gateway.post('/v1/classify', body)
    expect([answer.status, answer.json['code']]).toEqual([status, code])
    expect(asked).toEqual([])
  })

  it('refuses NDJSON', async () => {
    const gateway = gatewayUnderTest({ classifier: hamClassifier() })
    const headers = { 'content-type': 'application/x-ndjson' }
    expect((await gateway.post('/v1/classify', '"a"', headers)).status).toBe(415)
  })

  it('answers 503 without a model', async () => {
    const { status, json } = await gatewayUnderTest().post('/v1/classify', { texts: ['a'] })
    expect([status, json['code']]).toEqual([503, 'model_unavailable'])
  })

  it('answers 503 with Retry-After when the queue has no room', async () => {
    const full = { ...hamClassifier(), hasRoom: () => false }
    const gateway = gatewayUnderTest({ classifier: full })
    const { status, json, headers } = await gateway.post('/v1/classify', { texts: ['a'] })
    expect([status, json['code'], headers.get('retry-after')]).toEqual([503, 'queue_full', '1'])
    expect(gateway.failures).toEqual([])
  })

  it.each([
    ['queue_full', 503],
    ['session_failed', 503],
    ['worker_crashed', 503],
  ] as const)('answers %s of the classifier with %i', async (code, status) => {
    const classify = () => Promise.reject(new WinnowError(code, 'no'))
    const gateway = gatewayUnderTest({ classifier: { ...hamClassifier(), classify } })
    const answer = await gateway.post('/v1/classify', { texts: ['a'] })
    expect([answer.status, answer.json['code']]).toEqual([status, code])
  })

  it('cancels the work of a caller who left', async () => {
    const asked = Promise.withResolvers<AbortSignal>()
    const classifier = {
      ...hamClassifier(),
      classify: (_: readonly string[], { signal }: { signal: AbortSignal }) => {
        asked.resolve(signal)
        return new Promise<never>(() => undefined)
      },
    }
    const { app } = gatewayUnderTest({ classifier })
    const caller = new AbortController()
    const answer = app.request('/v1/classify', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"texts":["a"]}',
      signal: caller.signal,
    })
    const signal = await asked.promise
    expect(signal.aborted).toBe(false)
    caller.abort()
    expect(signal.aborted).toBe(true)
    expect(signal.reason).toMatchObject({ code: 'cancelled' })
    expect((await answer).status).toBe(503)
  })
})
