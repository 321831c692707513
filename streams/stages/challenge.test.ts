import { describe, expect, it } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import { sampleEvent, sampleModel } from '../../tests/support/sample-models.ts'
import { LoopTurns } from '../../models/runtime/sliced-work.ts'
import { BoundTokens } from './bound-tokens.ts'
import { inferByShare } from './challenge.ts'
import { isInShare } from './event-share.ts'
import type { ModelPort } from './infer.ts'

const events = Array.from({ length: 200 }, (_, offset) => sampleEvent(`event-${offset}`, offset))
const champion = sampleModel({ label: 'ham' })
const share = { purpose: 'mail/challenger', percent: 40 }

async function results(challenger: ModelPort | undefined, of = champion) {
  const counts: Record<string, number> = {}
  const outcomes = await inferByShare(
    events,
    { champion: of, challenger: challenger && { model: challenger, percent: share.percent } },
    {
      topLabels: 1,
      nowMs: () => 0,
      tokens: new BoundTokens(new LoopTurns()),
      onChallenge: (outcome, count) => (counts[outcome] = (counts[outcome] ?? 0) + count),
    },
  )
  const rows = outcomes.map((outcome) => (outcome.kind === 'ok' ? outcome.value : undefined))
  return { counts, rows, outcomes }
}

const challengerWith = (classify?: Parameters<typeof sampleModel>[0]) =>
  sampleModel({ version: '2', role: 'challenger', label: 'spam', ...classify })

describe('inferByShare', () => {
  it('gives each event to the version that its id falls to, in the order of the events', async () => {
    const { rows, counts } = await results(challengerWith())
    expect(rows.map((row) => row?.eventId)).toEqual(events.map(({ id }) => id))
    for (const row of rows) {
      const expected = isInShare(row!.eventId, share) ? ['2', 'challenger'] : ['1', 'champion']
      expect([row!.version, row!.role]).toEqual(expected)
    }
    const challenged = events.filter(({ id }) => isInShare(id, share)).length
    expect(counts).toEqual({ answered: challenged, passed_on: 0 })
  })

  it('lets the champion answer all when there is no challenger', async () => {
    const { rows, counts } = await results(undefined)
    expect(rows.every((row) => row?.version === '1')).toBe(true)
    expect(counts).toEqual({})
  })

  it('passes on what the challenger fails at, as a whole or text by text', async () => {
    const failing = challengerWith({
      classify: () => Promise.reject(new WinnowError('worker_crashed', 'gone')),
    })
    const failed = await results(failing)
    expect(failed.rows.every((row) => row?.role === 'champion')).toBe(true)
    expect(failed.counts['answered']).toBe(0)
    const challenged = events.filter(({ id }) => isInShare(id, share)).length
    let asked = 0
    const odd = challengerWith({
      classify: () =>
        Promise.resolve(
          asked++ % 2 === 0
            ? { kind: 'rejected', error: { code: 'output_invalid', message: 'NaN' } }
            : {
                kind: 'ok',
                label: 'spam',
                score: 1,
                labels: ['spam'],
                outOfScope: 0,
                answeredBy: '',
                probabilities: Float32Array.of(1),
                queueMs: 0,
                inferMs: 1,
              },
        ),
    })
    const { rows, counts } = await results(odd)
    expect(rows.map((row) => row?.eventId)).toEqual(events.map(({ id }) => id))
    expect(counts['passed_on']).toBe(Math.ceil(challenged / 2))
    expect(rows.filter((row) => row?.version === '2')).toHaveLength(Math.floor(challenged / 2))
  })

  it('throws a defect on, which no challenger could have caused', async () => {
    const defect = { classify: () => Promise.reject(new TypeError('a is undefined')) }
    await expect(results(challengerWith(defect))).rejects.toThrow(TypeError)
  })

  it("throws the champion's failure, which the runner tries again", async () => {
    const broken = sampleModel({
      classify: () => Promise.reject(new WinnowError('session_failed', 'broken')),
    })
    await expect(results(challengerWith(), broken)).rejects.toMatchObject({
      code: 'session_failed',
    })
  })
})
