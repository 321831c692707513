import { expect, it } from 'vitest'
import { certificateAge } from './certificate-age.ts'

const dayMs = 86_400_000

it.each([
  [15 * dayMs, { daysLeft: 15, isShort: false }],
  [14 * dayMs, { daysLeft: 14, isShort: false }],
  [14 * dayMs - 1, { daysLeft: 13, isShort: true }],
  [-1, { daysLeft: -1, isShort: true }],
])('a certificate with %i ms left: %o', (leftMs, age) => {
  expect(certificateAge(1_000 + leftMs, 1_000)).toEqual(age)
})
