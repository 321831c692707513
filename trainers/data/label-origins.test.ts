// Labels that only people used: which ones they are, and the line about them.
import { expect, test } from 'vitest'
import { describeExamples } from './dataset.ts'
import { LabelOrigins, type EarlierVersion } from './label-origins.ts'
import { ruleLines } from './rule-report.ts'

type Noted = readonly [own: string | null, said: string | undefined]

function factsOf(noted: readonly Noted[], earlier?: EarlierVersion) {
  const origins = new LabelOrigins()
  for (const [own, said] of noted) origins.add({ own, said })
  return origins.facts(earlier)
}

function linesOf(noted: readonly Noted[], earlier?: EarlierVersion): string[] {
  const manifest = describeExamples('winnow.events', [{ text: 'a', label: 'b' }])
  return ruleLines({ ...manifest, from: factsOf(noted, earlier) })
}

const noted: readonly Noted[] = [
  ['ham', undefined],
  [null, 'ham'],
  [null, 'spam'],
  ['ham', 'spam'],
  ['news', 'spamm'],
  [null, 'news'],
  [null, undefined],
  [null, '__proto__'],
]

test('a label that an event came with is known, even if a person replaced it', () => {
  const { labelsOnlyPeopleUsed, labelsComparedWith } = factsOf(noted)
  expect(Object.entries(labelsOnlyPeopleUsed!)).toEqual([
    ['__proto__', 1],
    ['spam', 2],
    ['spamm', 1],
  ])
  expect(labelsComparedWith).toBeNull()
})

test('labels of the earlier version are known', () => {
  const facts = factsOf(noted, { ref: 'mail@4', labels: ['spam', '__proto__'] })
  expect(facts).toEqual({ labelsOnlyPeopleUsed: { spamm: 1 }, labelsComparedWith: 'mail@4' })
})

test('one line lists them, the rarest first; without such labels there is no line', () => {
  expect(linesOf(noted)).toEqual([
    '3 labels that only people used, to check for typing errors: "__proto__" (1 example), ' +
      '"spamm" (1 example), "spam" (2 examples); no event came with them',
  ])
  expect(linesOf(noted, { ref: 'mail@4', labels: ['spam', '__proto__'] })).toEqual([
    '1 label that only people used, to check for typing errors: "spamm" (1 example); ' +
      'no event came with it, and mail@4 does not have it',
  ])
  const many = Array.from({ length: 7 }, (_, at): Noted => [null, `l${at}`])
  expect(linesOf(many, { ref: 'mail@4', labels: [] })[0]).toMatch(
    /^7 labels .*"l4" \(1 example\), …; no event came with them, and mail@4 has none of them$/,
  )
  expect(linesOf([['ham', 'ham']])).toEqual([])
})
