import { describe, expect, it } from 'vitest'
import { gatewayUnderTest } from '../../tests/support/gateway-under-test.ts'

const gateway = gatewayUnderTest()
const get = (path: string) => gateway.get(path)
const run = '20260131T120501-mail-1f9c2e'

describe('GET /v1/runs', () => {
  it('gives a page with figures and intervals apart', async () => {
    const { json } = await get('/v1/runs?kind=tune&model=mail&limit=5&cursor=abc')
    expect(json).toMatchObject({
      runs: [
        {
          run,
          children: 1,
          metrics: { accuracy: 0.75, macroF1: 0.5 },
          intervals: { accuracy: { low: 0.5, high: 1 } },
        },
      ],
      cursor: 'bmV4dA',
    })
    expect((json['runs'] as object[])[0]).not.toHaveProperty('parameters')
    expect((await get('/v1/runs?kind=cv')).json['runs']).toEqual([])
  })

  it('shows one run with its folds or trials', async () => {
    expect((await get(`/v1/runs/${run}`)).json).toMatchObject({
      run,
      children: [
        {
          run: `${run}#1`,
          kind: 'trial',
          number: '1',
          parameters: { learningRate: 0.001 },
          steps: [{ step: 1, metrics: { loss: 0.25 } }],
        },
      ],
    })
  })

  it.each([
    ['/v1/runs?kind=fold', 400],
    ['/v1/runs?limit=201', 400],
    ['/v1/runs?cursor=', 400],
    ['/v1/runs?other=1', 400],
    [`/v1/runs/${run}?limit=1`, 400],
    ['/v1/runs/nowhere', 404],
    ['/v1/runs/nowhere/report', 404],
    ['/v1/runs/..%2f..', 404],
    ['/v1/runs/a/b/c', 404],
  ])('%s: %d', async (path, status) => {
    expect((await get(path)).status).toBe(status)
  })
})
