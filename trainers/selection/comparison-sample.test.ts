// How many examples are compared in a given time, and which.
import { describe, expect, it } from 'vitest'
import { describeExamples, type Dataset } from '../data/dataset.ts'
import {
  comparedExamples,
  comparedMin,
  comparisonSample,
  type SampleTime,
} from './comparison-sample.ts'

/** Texts of two labels, one of them nine times as frequent. */
function datasetOf(count: number): Dataset {
  const examples = Array.from({ length: count }, (_, at) => ({
    text: `text ${at}`,
    label: at % 10 === 0 ? 'rare' : 'frequent',
  }))
  return { examples, manifest: describeExamples('texts.jsonl', examples) }
}

const train = datasetOf(20_000)
const time: SampleTime = {
  base: { name: 'small', layers: 6, hidden: 384, isStored: true },
  folds: 5,
  secondsPerStep: 0.5,
  secondsLeft: 7_200,
}

describe('the number of examples', () => {
  it('is all of them where there is time', () => {
    expect(comparedExamples(train, { ...time, secondsLeft: 1e6 })).toBe(20_000)
    expect(comparedExamples(datasetOf(500), { ...time, secondsLeft: 1 })).toBe(500)
  })

  it('leaves the time for the final training', () => {
    const count = comparedExamples(train, time)
    // 3,125 steps of full on all examples take 1,562 seconds; five folds of a part take as many
    // steps again as the part is of them, four times, at 5 epochs for full and 2 for partial.
    const stepsOfFold = (epochs: number): number => (epochs * 0.8 * count) / 32
    const compared = 5 * (stepsOfFold(5) * 0.5 + stepsOfFold(2) * 0.5 * (5 / 6))
    expect(compared).toBeLessThan(0.75 * (7_200 - 1_562))
    expect(compared).toBeGreaterThan(0.55 * (7_200 - 1_562))
  })

  it('grows with the time, and is never too small to tell candidates apart', () => {
    const counts = [7_200, 9_000, 14_400].map((secondsLeft) =>
      comparedExamples(train, { ...time, secondsLeft }),
    )
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
    const few = comparedExamples(datasetOf(1_200), { ...time, secondsLeft: 270 })
    expect(few).toBe(comparedMin)
  })

  it('is all of them where only the head can be trained on all', () => {
    expect(comparedExamples(train, { ...time, secondsLeft: 600 })).toBe(20_000)
  })

  it('is the smallest where not even the head can be', () => {
    expect(comparedExamples(train, { ...time, secondsLeft: 60 })).toBe(comparedMin)
  })
})

it('keeps the labels in proportion, the same for a seed', () => {
  const sample = comparisonSample(train, { count: 2_000, seed: 3 })
  expect(sample.examples).toHaveLength(2_000)
  expect(sample.manifest.labels).toEqual({ frequent: 1_800, rare: 200 })
  expect(comparisonSample(train, { count: 2_000, seed: 3 })).toEqual(sample)
  expect(comparisonSample(train, { count: 2_000, seed: 4 })).not.toEqual(sample)
  expect(comparisonSample(train, { count: 30_000, seed: 3 })).toBe(train)
})
