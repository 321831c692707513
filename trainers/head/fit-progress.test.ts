// The progress estimate on fits of known length.
import { expect, test } from 'vitest'
import { trackFits, type FitProgress } from './fit-progress.ts'

test('reports the fit, the fraction done and the time left', () => {
  const told: FitProgress[] = []
  let ms = 0
  const tracker = trackFits({
    searchFits: 30,
    onFit: (progress) => told.push(progress),
    now: () => ms,
  })
  const first = tracker.begin({ inverseRegularisation: 1, gradientMax: 1e-4 })
  first(1)
  ms = 1_000
  first(1e-2)
  expect(told[0]).toMatchObject({ fit: 1, fits: 31, share: 0 })
  expect(told[1]).toMatchObject({ share: 0.5 / 40, stepsPerSecond: 2, secondsLeft: 79 })
})

test('lowers the time left when the search ends early', () => {
  const told: FitProgress[] = []
  const tracker = trackFits({ searchFits: 20, onFit: (progress) => told.push(progress) })
  for (let fit = 0; fit < 10; fit++) {
    tracker.begin({ inverseRegularisation: 1, gradientMax: 1e-4 })(1e-4)
  }
  expect(told.at(-1)).toMatchObject({ fit: 10, fits: 21, share: 1 / 3 })
  tracker.endSearch()
  const last = tracker.begin({ inverseRegularisation: 3, gradientMax: 1e-4 })
  last(1)
  last(1e-4)
  expect(told.at(-2)).toMatchObject({ fit: 11, fits: 11, share: 0.5 })
  expect(told.at(-1)).toMatchObject({ share: 1, secondsLeft: 0 })
})
