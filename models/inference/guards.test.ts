import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../configs/load.ts'
import { isGuarded, trippedGuard, type GuardFigures } from './guards.ts'

const limitsWith = (...set: string[]) =>
  loadConfig({ set: ['guards.eventsMin=100', ...set.map((one) => `guards.${one}`)] }).guards

const fine: GuardFigures = {
  events: 1_000,
  errors: 0,
  latencyP95Ms: 20,
  pairs: 500,
  disagreeing: 5,
  labels: [
    { label: 'ham', now: 700, before: 1_400 },
    { label: 'spam', now: 300, before: 600 },
  ],
}

const all = [
  'errorShareMax=0.01',
  'latencyP95MsMax=50',
  'labelShiftMax=0.1',
  'disagreementMax=0.05',
]

describe('trippedGuard', () => {
  it('is off unless a limit is set', () => {
    expect(isGuarded(limitsWith())).toBe(false)
    const worst = { ...fine, errors: 1_000, latencyP95Ms: 9_999, disagreeing: 500 }
    expect(trippedGuard(limitsWith(), worst)).toBeUndefined()
    for (const one of all) expect(isGuarded(limitsWith(one))).toBe(true)
  })

  it('lets a version be that is within all limits', () => {
    expect(trippedGuard(limitsWith(...all), fine)).toBeUndefined()
  })

  it.each([
    ['errors', { errors: 20 }, /^no answer on 1\.96 % of 1020 events$/],
    ['latency', { latencyP95Ms: 50.4 }, /^p95 50 ms of 1000 events$/],
    [
      'label-shift',
      {
        labels: [
          { label: 'ham', now: 850, before: 1_400 },
          { label: 'spam', now: 150, before: 600 },
        ],
      },
      /^labels moved by 15\.00 % in 1000 events$/,
    ],
    [
      'label-shift',
      {
        labels: [
          { label: 'ham', now: 700, before: 2_000 },
          { label: 'new', now: 300, before: 0 },
        ],
      },
      /^labels moved by 30\.00 %/,
    ],
    ['disagreement', { disagreeing: 26 }, /^another answer on 5\.20 % of 500 events$/],
  ] as [string, Partial<GuardFigures>, RegExp][])('%s: %j', (guard, change, because) => {
    expect(trippedGuard(limitsWith(...all), { ...fine, ...change })).toEqual({
      guard,
      because: expect.stringMatching(because) as string,
    })
  })

  it('judges by too few events as little as by none', () => {
    const bad = {
      events: 99,
      errors: 0,
      latencyP95Ms: 9_999,
      pairs: 99,
      disagreeing: 99,
      labels: [
        { label: 'ham', now: 99, before: 0 },
        { label: 'spam', now: 0, before: 2_000 },
      ],
    }
    expect(trippedGuard(limitsWith(...all), bad)).toBeUndefined()
    const none = { ...bad, events: 0, pairs: 0, disagreeing: 0, labels: [] }
    expect(trippedGuard(limitsWith(...all), none)).toBeUndefined()
  })

  it('never trips on labels that came in the same shares', () => {
    const counts = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(counts, fc.integer({ min: 100, max: 200 }), (shares, times) => {
        const labels = shares.map((now, at) => ({
          label: `l${at}`,
          now: now * 100,
          before: now * times,
        }))
        const limits = limitsWith('labelShiftMax=0.000001')
        expect(trippedGuard(limits, { ...fine, labels })).toBeUndefined()
      }),
    )
  })
})
