import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ok } from '../../schemas/outcome.ts'
import { eventTime } from './event-time.ts'

const nowMs = Date.UTC(2026, 0, 1)
const recordTimeMs = nowMs - 1_000
const rules = { nowMs, limits: { futureMsMax: 60_000 } }
const earliestMs = Date.UTC(2000, 0, 1)

const timeOf = (time: number | string | null) => eventTime(time, recordTimeMs, rules)

describe('eventTime', () => {
  it('is the time of the record where the producer says none, however old it is', () => {
    expect(timeOf(null)).toEqual(ok(recordTimeMs))
    expect(eventTime(null, 5, rules)).toEqual(ok(5))
  })

  it.each([
    ['2025-12-31T23:00:00.5+01:00', Date.UTC(2025, 11, 31, 22, 0, 0, 500)],
    [nowMs - 0.5, nowMs - 1],
    [nowMs + 60_000, nowMs + 60_000],
    [earliestMs, earliestMs],
    ['2000-01-01T00:00:00Z', earliestMs],
  ])('%s is %d', (time, ms) => {
    expect(timeOf(time)).toEqual(ok(ms))
  })

  it.each([
    ['time_invalid', 'yesterday', '"yesterday" is neither RFC 3339 nor epoch ms'],
    ['time_invalid', NaN, 'null is neither RFC 3339 nor epoch ms'],
    ['time_invalid', Infinity, 'null is neither RFC 3339 nor epoch ms'],
    ['time_future', nowMs + 60_001, '2026-01-01T00:01:00.001Z is more than 60000 ms ahead'],
    ['time_future', 1e300, '1e+300 is more than 60000 ms ahead'],
    [
      'time_past',
      1_767_225_600,
      '1970-01-21T10:53:45.600Z is before the year 2000; are these seconds instead of milliseconds?',
    ],
    [
      'time_past',
      -1e300,
      '-1e+300 is before the year 2000; are these seconds instead of milliseconds?',
    ],
  ])('rejects with %s: %s', (code, time, message) => {
    expect(timeOf(time)).toEqual({ kind: 'rejected', error: { code, message } })
  })

  it('quotes no more than the beginning of what it cannot read', () => {
    const outcome = timeOf('x'.repeat(10_000))
    expect(outcome.kind === 'rejected' && outcome.error.message.length).toBeLessThan(150)
  })

  it('gives a whole number within the bounds, or a code, for any number', () => {
    const times = fc.oneof(fc.double(), fc.integer(), fc.double({ min: 1e11, max: 2e12 }))
    fc.assert(
      fc.property(times, (time) => {
        const outcome = timeOf(time)
        if (outcome.kind === 'rejected') {
          expect(outcome.error.code).toMatch(/^time_(?:invalid|future|past)$/)
          return
        }
        expect(Number.isInteger(outcome.value)).toBe(true)
        expect(outcome.value).toBeGreaterThanOrEqual(earliestMs)
        expect(outcome.value).toBeLessThanOrEqual(nowMs + 60_000)
      }),
    )
  })
})
