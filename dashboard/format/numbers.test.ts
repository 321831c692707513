import { expect, it } from 'vitest'
import { bytes, count, duration, figure, percent, plural, rate, shortCount } from './numbers.ts'

it('writes counts with separators', () => {
  expect(count(1_234_567)).toBe('1,234,567')
  expect(plural(1, 'event')).toBe('1 event')
  expect(plural(2_000, 'mail')).toBe('2,000 mails')
  expect([950, 1.5, 12_345].map(shortCount)).toEqual(['950', '1.5', '12.3K'])
})

it('says all and nothing only where it is so', () => {
  const shares = [0, 0.0001, 0.123_4, 0.99999, 1]
  expect(shares.map(percent)).toEqual(['0 %', '< 0.1 %', '12.3 %', '> 99.9 %', '100 %'])
})

it('keeps the digits of rates and figures that say something', () => {
  expect([0, 0.001, 0.128, 4.24, 1_310.4].map(rate)).toEqual([
    '0',
    '< 0.01',
    '0.13',
    '4.2',
    '1,310',
  ])
  expect([0.98765, 3, 12.345, 0.00012].map(figure)).toEqual(['0.988', '3', '12.3', '1.2e-4'])
})

it('names lengths of time and sizes by their largest units', () => {
  const times = [0.42, 12.4, 1_540, 42_000, 200_000, 7_500_000, 273_600_000]
  expect(times.map(duration)).toEqual([
    ...['0.4 ms', '12 ms', '1.5 s', '42 s', '3 min 20 s', '2 h 5 min', '3 d 4 h'],
  ])
  expect([512, 1_530_000].map(bytes)).toEqual(['512 B', '1.5 MB'])
})
