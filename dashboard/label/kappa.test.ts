import { expect, it } from 'vitest'
import { kappaWord } from './kappa.ts'

it('names the ranges of Landis and Koch', () => {
  expect([1, 0.8, 0.5, 0.3, 0.1, 0, -0.2].map(kappaWord)).toEqual([
    ...['almost perfect', 'substantial', 'moderate', 'fair', 'slight'],
    ...['worse than chance', 'worse than chance'],
  ])
})
