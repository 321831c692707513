import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isInShare } from './event-share.ts'

const purpose = 'mail/challenger'
const percents = fc.double({ min: 0, max: 100, noNaN: true })

describe('isInShare', () => {
  it('takes about the percentage, whatever the ids look like', () => {
    const events = 4_000
    const prefixes = fc.string({ maxLength: 20 })
    fc.assert(
      fc.property(prefixes, percents, (prefix, percent) => {
        const ids = Array.from({ length: events }, (_, number) => `${prefix}${number}`)
        const taken = ids.filter((id) => isInShare(id, { purpose, percent })).length
        const p = percent / 100
        // Six standard deviations of a fair draw: 1 run in 500 million would miss it by chance.
        const slack = 6 * Math.sqrt(events * p * (1 - p)) + 1e-6
        expect(Math.abs(taken - events * p)).toBeLessThanOrEqual(slack + 1)
      }),
      { numRuns: 50 },
    )
  })

  it('says the same of an event each time, in any order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 1 }), percents, (ids, percent) => {
        const answers = new Map(ids.map((id) => [id, isInShare(id, { purpose, percent })]))
        for (const id of ids.toReversed()) {
          expect(isInShare(id, { purpose, percent })).toBe(answers.get(id))
        }
      }),
    )
  })

  it('keeps the events of a smaller share in a larger one', () => {
    fc.assert(
      fc.property(fc.string(), percents, percents, (id, one, other) => {
        const [less, more] = [Math.min(one, other), Math.max(one, other)]
        if (isInShare(id, { purpose, percent: less })) {
          expect(isInShare(id, { purpose, percent: more })).toBe(true)
        }
      }),
    )
  })

  it('takes none with 0 and all with 100', () => {
    fc.assert(
      fc.property(fc.string(), (id) => {
        expect(isInShare(id, { purpose, percent: 0 })).toBe(false)
        expect(isInShare(id, { purpose, percent: 100 })).toBe(true)
      }),
    )
  })

  it('draws shares of different purposes independently', () => {
    const ids = Array.from({ length: 20_000 }, (_, number) => `event-${number}`)
    const both = ids.filter((id) =>
      ['mail/challenger', 'mail/shadow'].every((one) =>
        isInShare(id, { purpose: one, percent: 50 }),
      ),
    )
    expect(both.length / ids.length).toBeCloseTo(0.25, 1)
  })

  it('stays what it is, since consumers of two releases share a stream', () => {
    const ids = Array.from({ length: 10 }, (_, number) => `event-${number}`)
    const taken = ids.filter((id) => isInShare(id, { purpose, percent: 30 }))
    expect(taken).toEqual(['event-0', 'event-1', 'event-2', 'event-5'])
  })
})
