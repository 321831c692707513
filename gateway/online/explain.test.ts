// POST /v1/explain: what reaches the model, refusals, and callers who leave.
import { describe, expect, it } from 'vitest'
import type { ExplainRequest } from '../../models/explain/explanation.ts'
import { WinnowError } from '../../schemas/errors.ts'
import {
  configWith,
  gatewayUnderTest,
  hamExplainer,
} from '../../tests/support/gateway-under-test.ts'
import type { OnlineExplainer } from '../http/dependencies.ts'

/** An explainer whose work is `explain`. */
function explainerThat(
  explain: ReturnType<OnlineExplainer['current']>['explain'],
): OnlineExplainer {
  return { hasRoom: () => true, current: () => ({ ...hamExplainer().current(), explain }) }
}

describe('POST /v1/explain', () => {
  it('explains the text as it was sent, before cleaning', async () => {
    const asked: ExplainRequest[] = []
    const gateway = gatewayUnderTest({ explainer: hamExplainer(asked) })
    const body = { text: '  Cafe\u0301 \u0007 noir ', label: 'spam', method: 'occlusion' }
    const { status, json } = await gateway.post('/v1/explain', body)
    expect(status).toBe(200)
    expect(json).toMatchObject({ model: 'mail@3', label: 'spam', completenessGap: null })
    expect(asked).toEqual([body])
  })

  it.each(['mail', 'mail@3'])('serves the model %s', async (model) => {
    const gateway = gatewayUnderTest({ explainer: hamExplainer() })
    expect((await gateway.post('/v1/explain', { text: 'a', model })).status).toBe(200)
  })

  it.each([
    [{ text: 'a', model: 'mail@2' }, 404, 'model_not_found'],
    [{ text: 'a', model: 'mai' }, 404, 'model_not_found'],
    [{ text: 'a', method: 'integrated-gradients' }, 422, 'model_incompatible'],
    [{ text: 'a', method: 'guess' }, 400, 'body_invalid'],
    [{ text: 5 }, 400, 'body_invalid'],
    [{ label: 'ham' }, 400, 'body_invalid'],
    [{ text: 'a', extra: 1 }, 400, 'body_invalid'],
    [{ text: 'a', extra: Array(100).fill(1) }, 400, 'body_invalid'],
    ['{"text":', 400, 'body_invalid'],
    [{ text: 'a', label: 'eggs' }, 422, 'items_invalid'],
    [{ text: ' ' }, 422, 'items_invalid'],
    [{ text: '\u0007' }, 422, 'items_invalid'],
    [{ text: 'x'.repeat(101) }, 422, 'items_invalid'],
    [{ text: '\ud800' }, 422, 'items_invalid'],
  ])('refuses %j', async (body, status, code) => {
    const asked: ExplainRequest[] = []
    const config = configWith({}, { textBytesMax: 100 })
    const gateway = gatewayUnderTest({ config, explainer: hamExplainer(asked) })
    const answer = await gateway.post('/v1/explain', body)
    expect([answer.status, answer.json['code']]).toEqual([status, code])
    expect(asked).toEqual([])
  })

  it('names the label that the model does not have', async () => {
    const gateway = gatewayUnderTest({ explainer: hamExplainer() })
    const { json } = await gateway.post('/v1/explain', { text: 'a', label: 'eggs' })
    const message = 'mail@3 does not have this label'
    expect(json['errors']).toEqual([{ index: 0, code: 'label_unknown', field: 'label', message }])
  })

  it('answers 503 without a model', async () => {
    const { status, json } = await gatewayUnderTest().post('/v1/explain', { text: 'a' })
    expect([status, json['code']]).toEqual([503, 'model_unavailable'])
  })

  it('answers 503 with Retry-After when the queue has no room', async () => {
    const gateway = gatewayUnderTest({ explainer: { ...hamExplainer(), hasRoom: () => false } })
    const { status, json, headers } = await gateway.post('/v1/explain', { text: 'a' })
    expect([status, json['code'], headers.get('retry-after')]).toEqual([503, 'queue_full', '1'])
    expect(json['detail']).toContain('gateway.explainQueueMax')
    expect(gateway.failures).toEqual([])
  })

  it.each([
    ['queue_full', 503],
    ['worker_crashed', 503],
    ['model_corrupt', 500],
  ] as const)('answers %s of the explainer with %i', async (code, status) => {
    const explainer = explainerThat(() => Promise.reject(new WinnowError(code, 'no')))
    const answer = await gatewayUnderTest({ explainer }).post('/v1/explain', { text: 'a' })
    expect([answer.status, answer.json['code']]).toEqual([status, code])
  })

  it('cancels the work of a caller who left', async () => {
    const asked = Promise.withResolvers<AbortSignal>()
    const explainer = explainerThat((_, { signal }) => {
      asked.resolve(signal)
      return new Promise<never>(() => undefined)
    })
    const { app } = gatewayUnderTest({ explainer })
    const caller = new AbortController()
    const answer = app.request('/v1/explain', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"text":"a"}',
      signal: caller.signal,
    })
    const signal = await asked.promise
    caller.abort()
    expect(signal.reason).toMatchObject({ code: 'cancelled' })
    expect((await answer).status).toBe(503)
  })

  it('asks for the scope read', async () => {
    const keys = [{ key: 'ingest-key-0123456789', scopes: ['ingest' as const] }]
    const gateway = gatewayUnderTest({ config: configWith({ keys }), explainer: hamExplainer() })
    expect((await gateway.post('/v1/explain', { text: 'a' })).status).toBe(401)
    const headers = { authorization: `Bearer ${keys[0]!.key}` }
    expect((await gateway.post('/v1/explain', { text: 'a' }, headers)).status).toBe(403)
  })
})
