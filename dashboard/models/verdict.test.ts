import { expect, it } from 'vitest'
import { comparisonWords } from './verdict.ts'

const comparison = {
  a: '1',
  b: '2',
  events: 1_000,
  agreement: 0.95,
  flips: [],
  alone: [],
  judged: null,
}
const judged = {
  labelled: 80,
  accuracyA: 0.8,
  accuracyB: 0.9,
  onlyARight: 4,
  onlyBRight: 12,
  pValue: 0.0768,
}

it('says when there is nothing to compare', () => {
  expect(comparisonWords('mail', { ...comparison, events: 0 })[0]).toContain('as a shadow first')
  expect(comparisonWords('mail', comparison).at(-1)).toContain('nobody knows')
})

it('names the better version only where chance is no explanation', () => {
  const words = (pValue: number) =>
    comparisonWords('mail', { ...comparison, judged: { ...judged, pValue } })
  expect(words(0.0768)).toEqual([
    '1,000 events were classified by both, and 95 % got the same label.',
    'Of 80 with a known label, only mail@2 is right on 12 and only mail@1 on 4.',
    'That may be chance: equally good versions would differ so much in 7.7 % of the cases (McNemar). Label more events to tell.',
  ])
  expect(words(0.0001).at(-1)).toMatch(/^mail@2 is better: .* less than 0.1 %/)
  const even = { ...judged, onlyARight: 4, onlyBRight: 4 }
  expect(comparisonWords('mail', { ...comparison, judged: even }).at(-1)).toBe('Neither is better.')
})
