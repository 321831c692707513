// Rates and times left of progress lines, and the text for each kind of training progress.
import { expect, test } from 'vitest'
import { trainingProgressText } from './training/training-progress.ts'
import { joinedParts, measureRate, timeLeftText } from './work-rate.ts'

test('is empty at first, then shows rate and time left since the first call', () => {
  let ms = 0
  const rate = measureRate({ now: () => ms })
  expect(rate({ done: 400, total: 1_000 })).toBe('')
  ms = 2_000
  expect(rate({ done: 600, total: 1_000 })).toBe('100 per second, 4.0 s left')
})

test('an unknown time is left out', () => {
  expect(joinedParts('3 of 9', timeLeftText(Infinity))).toBe('3 of 9')
})

const said: readonly (readonly [Parameters<typeof trainingProgressText>[0], string])[] = [
  [
    { kind: 'embedding', part: 'train', done: 500, total: 2_000, textsPerSecond: 100 },
    'embedding train: 500 of 2,000 texts, 100 per second, 15.0 s left',
  ],
  [
    { kind: 'embedding', part: 'test', done: 9, total: 9, textsPerSecond: 0 },
    'embedding test: 9 of 9 texts',
  ],
  [
    {
      kind: 'fitting',
      inverseRegularisation: 30,
      fit: 11,
      fits: 22,
      share: 0.25,
      stepsPerSecond: 12.3,
      secondsLeft: 18.4,
    },
    '█████░░░░░░░░░░░░░░░ training the head: fit 11 of at most 22 (C = 30), 12.3 steps per second, 18.0 s left',
  ],
]

test.each(said)('%j', (progress, text) => {
  expect(trainingProgressText(progress)).toBe(text)
})
