// What each data rule finds and removes, and what holds for all rules together.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { applyDataRules, defaultDataRules } from './data-rules.ts'
import { describeExamples, type Dataset } from './dataset.ts'
import { ruleLines } from './rule-report.ts'
import type { DataRules } from './rule-findings.ts'
import type { Example } from '../files/source-row.ts'
import { duplicateKey, stratifiedFolds, stratifiedSplit } from './split.ts'

const long = 'where is my parcel, it should have been here three days ago according to your mail'

function dataset(...examples: readonly (readonly [text: string, label: string])[]): Dataset {
  const listed = examples.map(([text, label]) => ({ text, label }))
  return { examples: listed, manifest: describeExamples('set.jsonl', listed) }
}

function trained(parts: Parameters<typeof applyDataRules>[0], rules: Partial<DataRules> = {}) {
  const { train } = applyDataRules(parts, { ...defaultDataRules, ...rules })
  const texts = train.examples.map(({ text, label }) => `${text}/${label}`).sort()
  return { texts, findings: train.manifest.rules!, manifest: train.manifest, train }
}

test('keeps one of several equal texts, ignoring case and white space', () => {
  const train = dataset(['Hello  you', 'a'], ['hello you\n', 'a'], ['hello you', 'a'], ['bye', 'b'])
  const { texts, findings, manifest } = trained({ train })
  expect(texts).toEqual(['Hello  you/a', 'bye/b'])
  expect(findings).toMatchObject({ duplicates: 2, removed: 2 })
  expect(manifest).toMatchObject({ examples: 2, labels: { a: 1, b: 1 }, read: { examples: 4 } })
  expect(ruleLines(manifest)[0]).toBe('2 duplicates of a text with the same label: removed')
  expect(trained({ train }, { duplicates: 'keep' }).texts).toHaveLength(4)
})

test('keeps the majority label of a text with several labels, and none without a majority', () => {
  const train = dataset(
    ...([
      ['hi', 'a'],
      ['hi', 'a'],
      ['HI', 'b'],
    ] as const),
    ...([
      ['yes', 'a'],
      ['yes', 'b'],
      ['no', 'b'],
    ] as const),
  )
  const { texts, findings } = trained({ train })
  expect(texts).toEqual(['hi/a', 'no/b'])
  expect(findings).toMatchObject({ conflicts: { texts: 2, examples: 5 }, removed: 4 })
})

test('does not train on texts of test or validation, nor on near duplicates of them', () => {
  const parts = {
    train: dataset([`${long}!`, 'a'], ['Bye', 'b'], ['stay', 'a'], ['there', 'b']),
    validation: dataset(['bye ', 'b'], ['there', 'b']),
    test: dataset([long, 'a'], ['there', 'b']),
  }
  const { texts, findings } = trained(parts)
  expect(texts).toEqual(['stay/a'])
  expect(findings.heldOut).toEqual({ exact: 2, near: 1 })
  const result = applyDataRules(parts, defaultDataRules)
  expect(result.validation?.examples.map(({ text }) => text)).toEqual(['bye '])
  expect(result.test).toBe(parts.test)
  expect(trained(parts, { nearDuplicates: undefined }).texts).toContain(`${long}!/a`)
  const all = { train: parts.test, test: parts.test }
  expect(() => trained(all)).toThrow(
    'set.jsonl: the data rules leave none of 2 examples to train on: 2 texts are also in the test or ' +
      'validation data (use other texts there).',
  )
})

test.each([
  [
    { train: dataset(['a', 'x'], ['a', 'y'], ['b', 'x'], ['b', 'y']) },
    {},
    /none of 4 examples .*: 4 texts are the same as others under another label \(--duplicates keep/,
  ],
  [
    { train: dataset(['a', 'x'], ['A', 'x'], ['c', 'y']) },
    { minExamples: 2 },
    /none of 3 .*: 1 text is the same as another with its label; 2 texts are of labels with fewer than 2 examples \(set a lower --min-examples/,
  ],
  [
    {
      train: dataset([`${'long text '.repeat(20)}!`, 'x']),
      test: dataset(['long text '.repeat(20), 'x']),
    },
    {},
    /none of 1 example .*: 1 text is nearly the same as one in the test .*--near-duplicates off/,
  ],
])('says which rules leave nothing, and how many texts each removed', (parts, rules, message) => {
  expect(() => trained(parts, rules)).toThrow(message)
})

test('reports rare labels, and drops them everywhere if configured', () => {
  const parts = {
    train: dataset(['a1', 'a'], ['a2', 'a'], ['c1', 'c']),
    test: dataset(['a3', 'a'], ['c3', 'c']),
  }
  expect(trained(parts).findings).toMatchObject({ singleExampleLabels: ['c'], droppedLabels: {} })
  const { texts, findings } = trained(parts, { minExamples: 2 })
  expect(texts).toEqual(['a1/a', 'a2/a'])
  expect(findings.droppedLabels).toEqual({ c: 1 })
  const { test } = applyDataRules(parts, { ...defaultDataRules, minExamples: 2 })
  expect(test?.manifest.labels).toEqual({ a: 1 })
})

test('changes nothing in a clean data set, and reports nothing', () => {
  const { findings, manifest, texts } = trained({
    train: dataset(['one', 'a'], ['two', 'a'], ['three', 'b'], ['four', 'b']),
  })
  expect(texts).toHaveLength(4)
  expect(findings.removed).toBe(0)
  expect(ruleLines(manifest)).toEqual([])
})

const example: fc.Arbitrary<Example> = fc.record({
  text: fc
    .constantFrom('refund', 'parcel', 'thanks', 'late')
    .chain((word) => fc.constantFrom(word, ` ${word.toUpperCase()}`, `${long} ${word}`)),
  label: fc.constantFrom('x', 'y', 'z'),
})
const anything = fc.array(example, { minLength: 1, maxLength: 40 })

test('keeps near duplicates on one side of splits and folds, whatever the order', () => {
  fc.assert(
    fc.property(anything, fc.nat(), (examples, seed) => {
      const set = (list: readonly Example[]): Dataset => ({
        examples: list,
        manifest: describeExamples('set', list),
      })
      const rules = { ...defaultDataRules, duplicates: 'keep' as const, nearDuplicates: 0.8 }
      const { train } = applyDataRules({ train: set(examples) }, rules)
      const turned = applyDataRules({ train: set([...examples].reverse()) }, rules)
      expect(turned).toEqual({ train })
      const foldOf = stratifiedFolds(train.examples, { folds: 3, seed })
      const { validation } = stratifiedSplit(train.examples, { fraction: 0.4, seed })
      const held = new Set(validation)
      const sideOf = new Map<string | number, string>()
      for (const [index, { text, group }] of train.examples.entries()) {
        const side = `${foldOf[index]} ${held.has(index)}`
        for (const key of [group!, duplicateKey(text)]) {
          expect(sideOf.get(key) ?? side).toBe(side)
          sideOf.set(key, side)
        }
      }
    }),
  )
})
