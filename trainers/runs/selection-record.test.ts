// What a report says of a comparison.
import { expect, it } from 'vitest'
import { selectionFacts, type SelectionRecord } from './selection-record.ts'

it('says what was chosen, of how many, and why', () => {
  const candidate = { base: 'minilm-l6', seconds: 1, folds: [] }
  const selection: SelectionRecord = {
    metric: 'macroF1',
    rule: 'one-standard-error',
    secondsMax: 60,
    seconds: 50,
    examples: 100,
    comparedExamples: 100,
    folds: 5,
    foldsSha256: 'a',
    candidates: [
      { ...candidate, method: 'head', state: 'complete' },
      { ...candidate, method: 'partial', state: 'complete' },
      { ...candidate, method: 'full', state: 'stopped', reason: 'It needs too long.' },
    ],
    best: { method: 'partial', base: 'minilm-l6' },
    chosen: { method: 'partial', base: 'minilm-l6' },
    finalSeconds: 5,
    reason: 'It is the best.',
  }
  expect(selectionFacts(selection)).toEqual([
    ['Chosen by comparison', 'partial on minilm-l6, of 2 candidates. It is the best.'],
  ])
  expect(selectionFacts(undefined)).toEqual([])
})
