import { expect, it } from 'vitest'
import { ago, axisTime, exactTime, rangeOf } from './times.ts'

it('says how long ago', () => {
  const now = Date.parse('2026-11-30T12:00:00Z')
  const times = [
    ...['2026-11-30T12:01:00Z', '2026-11-30T11:59:58Z', '2026-11-30T11:59:18Z'],
    ...[
      '2026-11-30T11:51:00Z',
      '2026-11-30T09:00:00Z',
      '2026-11-29T10:00:00Z',
      '2026-11-20T12:00:00Z',
    ],
  ]
  expect(times.map((time) => ago(time, now))).toEqual([
    ...['in the future', 'just now', '42 s ago', '9 min ago', '3 h ago', 'yesterday', '10 d ago'],
  ])
})

it('names the zone of an exact time', () => {
  expect(exactTime('2026-11-30T12:00:00Z')).toMatch(/^30 Nov 2026, \d\d:00:00 .+/)
})

it('takes the shortest range for an unknown key', () => {
  expect(rangeOf('24h').ms).toBe(86_400_000)
  expect(rangeOf('century').key).toBe('5m')
  expect(rangeOf(undefined).key).toBe('5m')
})

it('names days on a long axis and minutes on a short one', () => {
  const at = Date.parse('2026-11-30T12:05:00Z')
  expect(axisTime(at, 7 * 86_400_000)).toBe('30 Nov')
  expect(axisTime(at, 300_000)).toMatch(/^\d\d:05$/)
})
