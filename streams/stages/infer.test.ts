import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LoopTurns } from '../../models/runtime/sliced-work.ts'
import { BoundTokens } from './bound-tokens.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { ok } from '../../schemas/outcome.ts'
import { sampleEvent, sampleModel } from '../../tests/support/sample-models.ts'
import { sampleTimeMs } from '../../tests/support/sample-records.ts'
import { inferEvents, topProbabilities, type ModelPort } from './infer.ts'

const options = {
  topLabels: 2,
  nowMs: () => sampleTimeMs + 40,
  tokens: new BoundTokens(new LoopTurns()),
}

/** A model that says of each text how many ids it was asked with. */
function counting(fields: Partial<ModelPort> = {}) {
  const asked: number[][] = []
  const model: ModelPort = {
    ...sampleModel(),
    classifyWhenRoom(ids) {
      asked.push([...ids])
      const result = {
        kind: 'ok' as const,
        label: 'ham',
        score: 0.6,
        labels: ['ham', 'news'],
        outOfScope: 0.1,
        answeredBy: 'full' as const,
        probabilities: Float32Array.of(0.5, 0.25, 0.25),
        queueMs: 2,
        inferMs: 3,
      }
      return Promise.resolve({ result: Promise.resolve(result) })
    },
    labels: ['ham', 'spam', 'news'],
    ...fields,
  }
  return { model, asked }
}

describe('inferEvents', () => {
  it('says in a row what the event was, what the model says and how long it took', async () => {
    const { model } = counting({ name: 'mail', version: '7', role: 'challenger' })
    const event = { ...sampleEvent('e-1', 5), knownLabel: 'spam', attributes: { lang: 'en' } }
    const [outcome] = await inferEvents([event], model, options)
    expect(outcome).toEqual(
      ok({
        topic: event.topic,
        partition: event.partition,
        offset: 5,
        recordTimeMs: sampleTimeMs,
        eventId: 'e-1',
        eventTimeMs: sampleTimeMs,
        classifiedAtMs: sampleTimeMs + 40,
        source: '',
        attributes: { lang: 'en' },
        text: 'text of e-1',
        knownLabel: 'spam',
        label: 'ham',
        score: 0.6,
        labels: ['ham', 'news'],
        outOfScope: 0.1,
        answeredBy: 'full',
        probabilities: { ham: 0.5, spam: 0.25 },
        model: 'mail',
        version: '7',
        role: 'challenger',
        tokens: 3,
        truncated: false,
        queueMs: 2,
        inferMs: 3,
        totalMs: 40,
      }),
    )
  })

  it('counts no negative time when the clocks of broker and consumer disagree', async () => {
    const { model } = counting()
    const early = { ...options, nowMs: () => sampleTimeMs - 5 }
    const [outcome] = await inferEvents([sampleEvent('e-1', 0)], model, early)
    expect(outcome).toMatchObject({ value: { totalMs: 0 } })
  })

  it.each([
    ['another tokenizer', { tokenizerSha256: 'other' }],
    ['another limit', { maxTokens: 4, truncated: true }],
  ])(
    'makes ids of %s again from the text, and says whether these are cut',
    async (_what, fields) => {
      const { model, asked } = counting({
        tokenizer: {
          sha256: 'sample',
          *encoding(text, { maxTokens }) {
            return { ids: Int32Array.of(text.length, maxTokens), truncated: true }
          },
        },
      })
      const events = [{ ...sampleEvent('e-1', 0), ...fields }, sampleEvent('e-2', 1)]
      const outcomes = await inferEvents(events, model, options)
      expect(asked).toEqual([
        [11, 8],
        [1, 2, 3],
      ])
      expect(outcomes).toMatchObject([
        { value: { tokens: 2, truncated: true } },
        { value: { tokens: 3, truncated: false } },
      ])
    },
  )

  it('gives outcomes in the order of the events, a rejected one among them', async () => {
    const error = { code: 'output_invalid', message: 'NaN' } as const
    let asked = 0
    const { model } = counting()
    const odd: ModelPort = {
      ...model,
      classifyWhenRoom: (ids) =>
        ++asked === 2
          ? Promise.resolve({ result: Promise.resolve({ kind: 'rejected' as const, error }) })
          : model.classifyWhenRoom(ids),
    }
    const events = ['a', 'b', 'c'].map((id, offset) => sampleEvent(id, offset))
    expect(await inferEvents(events, odd, options)).toMatchObject([
      { value: { eventId: 'a' } },
      { kind: 'rejected', error },
      { value: { eventId: 'c' } },
    ])
  })

  it('fails as a whole, but only when every text that it queued has been answered', async () => {
    const crashed = new WinnowError('worker_crashed', 'gone')
    let answerLast: (error: Error) => void = () => undefined
    const results = [
      () => Promise.reject(crashed),
      () => new Promise<never>((_resolve, reject) => (answerLast = reject)),
    ]
    const turn = () => new Promise((resolve) => setImmediate(resolve))
    const { model } = counting({
      // The first text fails while the second waits for room.
      async classifyWhenRoom() {
        const result = results.shift()!
        if (results.length === 0) await turn()
        return { result: result() }
      },
    })
    let isOver = false
    const inferred = inferEvents([sampleEvent('a', 0), sampleEvent('b', 1)], model, options)
    const thrown = expect(inferred).rejects.toBe(crashed)
    const watched = inferred.catch(() => (isOver = true))
    await turn()
    await turn()
    expect(isOver).toBe(false)
    answerLast(new Error('later'))
    await thrown
    await watched
    expect(isOver).toBe(true)
  })

  it('throws what refuses a text, and leaves none of the others unheard', async () => {
    const cancelled = new WinnowError('cancelled', 'closed')
    const { model } = counting()
    let asked = 0
    const closing: ModelPort = {
      ...model,
      classifyWhenRoom: (ids) =>
        ++asked === 1 ? model.classifyWhenRoom(ids) : Promise.reject(cancelled),
    }
    const events = ['a', 'b', 'c'].map((id, offset) => sampleEvent(id, offset))
    await expect(inferEvents(events, closing, options)).rejects.toBe(cancelled)
    expect(asked).toBe(2)
  })
})

describe('topProbabilities', () => {
  it('has the most probable labels first, equal ones in the order of the model', () => {
    const labels = ['a', 'b', 'c', 'd']
    const top = topProbabilities(Float32Array.of(0.125, 0.25, 0.5, 0.25), labels, 3)
    expect(Object.entries(top)).toEqual([
      ['c', 0.5],
      ['b', 0.25],
      ['d', 0.25],
    ])
  })

  it('leaves out no label that is more probable than one it has', () => {
    const values = fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 1 })
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 12 }), (numbers, count) => {
        const probabilities = Float32Array.from(numbers)
        const labels = numbers.map((_, at) => `label ${at}`)
        const kept = Object.values(topProbabilities(probabilities, labels, count))
        expect(kept).toEqual([...probabilities].toSorted((a, b) => b - a).slice(0, count))
      }),
    )
  })
})
