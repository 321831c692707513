// Exact binomial bounds, against scipy.stats.beta.ppf.
import { expect, it } from 'vitest'
import { confidenceOf, isWithinRisk, textsNeeded, upperBound } from './risk-bound.ts'

it('is the limit of Clopper and Pearson', () => {
  const bounds = [
    [5, 100, 0.95, 0.1022533776432745],
    [3, 2_000, 0.99, 0.0050137200071498],
    [0, 1_497, 0.95, 0.0019991561833475357],
    [40, 500, 0.9, 0.09784080172591092],
  ]
  for (const [lost, texts, confidence, expected] of bounds) {
    expect(upperBound({ lost: lost!, texts: texts! }, confidence!)).toBeCloseTo(expected!, 9)
  }
})

it('is 1 - (1 - confidence)^(1 / texts) without a loss, and 1 if every text is lost', () => {
  expect(upperBound({ lost: 0, texts: 500 }, 0.9)).toBeCloseTo(1 - 0.1 ** (1 / 500), 12)
  expect(upperBound({ lost: 4, texts: 4 }, 0.9)).toBe(1)
})

it('tells the same as the bound whether a risk holds', () => {
  for (let lost = 0; lost < 30; lost++) {
    const bound = upperBound({ lost, texts: 900 }, 0.95)
    for (const risk of [bound * 0.999, bound * 1.001]) {
      expect(isWithinRisk({ lost, texts: 900 }, { risk, confidence: 0.95 })).toBe(bound <= risk)
    }
  }
})

it('knows how many texts a risk takes', () => {
  const texts = textsNeeded(0.002, 0.95)
  expect(texts).toBe(1_497)
  expect(upperBound({ lost: 0, texts }, 0.95)).toBeLessThanOrEqual(0.002)
  expect(upperBound({ lost: 0, texts: texts - 1 }, 0.95)).toBeGreaterThan(0.002)
})

it('knows the confidence that so many texts can show', () => {
  const confidence = confidenceOf(1_076, 0.002)
  expect(confidence).toBeCloseTo(0.884, 3)
  expect(upperBound({ lost: 0, texts: 1_076 }, confidence)).toBeCloseTo(0.002, 9)
})

it('holds for a million texts', () => {
  expect(upperBound({ lost: 1_000, texts: 1_000_000 }, 0.95)).toBeCloseTo(0.0010535748774544362, 9)
})
