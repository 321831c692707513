// The description of each kind of evaluated texts.
import { expect, test } from 'vitest'
import { measuredOnGiven, measuredOnText } from './measured-on.ts'

const manifest = { source: 'mail.jsonl', examples: 1_200, labels: {}, sha256: 'aa' }

test.each([
  ['test', '1,200 test texts (mail.jsonl) that had no part in training'],
  ['validation', '1,200 validation texts (mail.jsonl) that also chose the epoch: no test'],
  ['cross-validation', 'cross-validation: 1,200 training texts (mail.jsonl), each by a head'],
] as const)('%s', (evaluatedOn, words) => {
  expect(measuredOnText({ evaluatedOn, manifest })).toContain(words)
})

test('uses the singular for one text', () => {
  const one = { ...manifest, examples: 1 }
  expect(measuredOnText({ evaluatedOn: 'test', manifest: one })).toContain('1 test text (')
})

test('recognises texts of the training, before and after the data rules', () => {
  const run = {
    train: { sha256: 'bb', read: { examples: 1_300, sha256: 'aa' } },
    validation: { sha256: 'cc' },
  }
  expect(measuredOnGiven(manifest, undefined)).toBe('1,200 texts of mail.jsonl')
  expect(measuredOnGiven(manifest, run)).toContain('trained on: no test')
  expect(measuredOnGiven({ ...manifest, sha256: 'bb' }, run)).toContain('trained on: no test')
  expect(measuredOnGiven({ ...manifest, sha256: 'cc' }, run)).toContain('chose the epoch: no test')
  expect(measuredOnGiven({ ...manifest, sha256: 'dd' }, run)).toBe('1,200 texts of mail.jsonl')
})
