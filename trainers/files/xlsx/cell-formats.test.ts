// Formats of cells as Excel and other programs define them, and dates of both calendars.
import { expect, test } from 'vitest'
import { dateText, formatOfCode } from './cell-formats.ts'

test.each([
  ['General', 'number'],
  ['0.00E+00', 'number'],
  ['#,##0.00 [$€-407]', 'number'],
  ['"day" 0', 'number'],
  ['[h]:mm:ss', 'number'],
  ['0 \\d', 'number'],
  ['[Red]0;[Blue]-0', 'number'],
  ['yyyy\\-mm\\-dd', 'date'],
  ['[$-409]d\\-mmm\\-yy;@', 'date'],
  ['dd.mm.yyyy hh:mm', 'date and time'],
  ['m/d/yy h:mm AM/PM', 'date and time'],
  ['mm:ss.0', 'date and time'],
])('%s is a %s', (code, format) => {
  expect(formatOfCode(code)).toBe(format)
})

test.each([
  [1, 1900, '1900-01-01'],
  [59, 1900, '1900-02-28'],
  [61, 1900, '1900-03-01'],
  [46_053, 1900, '2026-01-31'],
  [44_591, 1904, '2026-01-31'],
  [46_053.395833333336, 1900, '2026-01-31T09:30:00Z'],
  [0.5, 1900, '12:00:00'],
  [2_958_465, 1900, '9999-12-31'],
  [2_958_466, 1900, undefined],
  [-1, 1900, undefined],
  [Number.NaN, 1900, undefined],
] as const)('day %d of %d', (days, calendar, text) => {
  expect(dateText(days, { format: 'date', calendar })).toBe(text)
})
