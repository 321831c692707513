// Small differences between epochs are chance; larger ones decide which epoch is kept.
import { describe, expect, it } from 'vitest'
import type { EpochReport } from '../evaluation/epoch-report.ts'
import { isLastKept, isOutOfPatience } from './epoch-choice.ts'

function reports(scores: readonly number[]): EpochReport[] {
  const others = { trainLoss: 1, accuracy: 0.5, logLoss: 1 }
  return scores.map((macroF1, i) => ({ epoch: i + 1, macroF1, ...others }))
}

describe('isLastKept', () => {
  it.each([
    { scores: [0.5], texts: 100, kept: true },
    { scores: [0.8, 0.9], texts: 100, kept: true },
    // The standard error of 0.9 is 0.03 with 100 texts and 0.003 with 10,000.
    { scores: [0.9, 0.871], texts: 100, kept: true },
    { scores: [0.9, 0.869], texts: 100, kept: false },
    { scores: [0.9, 0.896], texts: 10_000, kept: false },
    // The highest score decides, not the one that was kept last.
    { scores: [0.9, 0.88, 0.86], texts: 100, kept: false },
    { scores: [1, 1], texts: 100, kept: true },
    { scores: [1, 0.99], texts: 100, kept: false },
    { scores: [0, 0], texts: 100, kept: true },
    // Too few texts to tell.
    { scores: [1, 0.5], texts: 49, kept: true },
  ])('$kept after $scores on $texts texts', ({ scores, texts, kept }) => {
    expect(isLastKept(reports(scores), texts)).toBe(kept)
  })
})

describe('isOutOfPatience', () => {
  it.each([
    { scores: [], patience: 1, ended: false },
    { scores: [0.5], patience: 1, ended: false },
    { scores: [0.5, 0.4], patience: 1, ended: true },
    { scores: [0.5, 0.4], patience: 2, ended: false },
    { scores: [0.5, 0.4, 0.5], patience: 2, ended: false },
    { scores: [0.5, 0.4, 0.49], patience: 2, ended: true },
    { scores: [0.5, 0.4, 0.6, 0.5, 0.5], patience: 2, ended: true },
  ])('$ended after $scores with a patience of $patience', ({ scores, patience, ended }) => {
    expect(isOutOfPatience(reports(scores), patience)).toBe(ended)
  })
})
