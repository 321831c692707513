// The routes of labelling on candidates in memory: parameters, choice, refusals.
import { describe, expect, it } from 'vitest'
import type { CandidateFilter } from '../../schemas/ports/labelling-reader.ts'
import { controlInMemory } from '../../tests/support/control-in-memory.ts'
import { gatewayUnderTest } from '../../tests/support/gateway-under-test.ts'

const gateway = gatewayUnderTest()
const get = (path: string) => gateway.get(path)

function asking() {
  const asked: { reason: string; filter: CandidateFilter }[] = []
  const { labelling } = controlInMemory()
  const recording = gatewayUnderTest({
    labelling: {
      ...labelling,
      candidates: (reason, filter) => {
        asked.push({ reason, filter })
        return labelling.candidates(reason, filter)
      },
    },
  })
  return { asked, get: (path: string) => recording.get(path) }
}

describe('GET /v1/labelling/queue', () => {
  it('mixes the reasons, and asks for the candidates of each once', async () => {
    const { asked, get: ask } = asking()
    const { json } = await ask('/v1/labelling/queue')
    expect(asked.map(({ reason }) => reason).sort()).toEqual([
      ...['disagreement', 'out-of-scope', 'uncertain'],
    ])
    expect(json).toMatchObject({
      model: 'mail',
      labels: ['ham', 'spam'],
      items: [
        { id: 'a', reason: 'uncertain' },
        { id: 'b', reason: 'out-of-scope' },
      ],
    })
  })

  it('offers the own label first, then the probable ones, then what a shadow says', async () => {
    const { json } = await get('/v1/labelling/queue?strategy=disagreement')
    expect((json['items'] as object[])[0]).toMatchObject({
      model: 'mail@3',
      suggestions: [
        { label: 'ham', score: 0.5 },
        { label: 'spam', score: 0.5 },
        { label: 'winnow.none', score: 0.75 },
      ],
    })
  })

  it('passes on the model, the source and what to leave out', async () => {
    const { asked, get: ask } = asking()
    await ask('/v1/labelling/queue?model=mail@2&strategy=diverse&source=web&exclude=a,,b%2Fc')
    expect(asked).toMatchObject([
      {
        reason: 'uncertain',
        filter: { model: 'mail', version: '2', source: 'web', exclude: ['a', 'b/c'] },
      },
    ])
  })

  it.each([
    ['queue?strategy=best', 400],
    ['queue?limit=101', 400],
    ['queue?model=', 400],
    ['queue?model=nowhere', 404],
    [`queue?exclude=${'a,'.repeat(201)}`, 400],
    [`queue?exclude=${'a'.repeat(4_097)}`, 400],
    ['queue?unknown=1', 400],
    ['similar/b?limit=51', 400],
    ['similar/nowhere', 404],
    ['similar/a/b/c', 404],
    ['agreement?model=mail', 400],
    ['suspicious?scoreMin=1.1', 400],
    ['suspicious?scoreMin=.5', 400],
    ['suspicious?limit=0', 400],
    ['suspicious?model=nowhere', 404],
  ])('%s: %d', async (path, status) => {
    expect((await get(`/v1/labelling/${path}`)).status).toBe(status)
  })
})

describe('the quality of labels', () => {
  it('is agreement beyond chance', async () => {
    const { json } = await get('/v1/labelling/agreement')
    // Both always said ham.
    expect(json['pairs']).toEqual([{ a: 'ann', b: 'ben', events: 2, agreement: 1, kappa: null }])
  })

  it('is contradicted from a score on', async () => {
    const score = async (query: string) =>
      ((await get(`/v1/labelling/suspicious${query}`)).json['items'] as { score: number }[])[0]!
        .score
    expect(await score('')).toBe(0.8)
    expect(await score('?scoreMin=0.95')).toBe(0.95)
  })
})
