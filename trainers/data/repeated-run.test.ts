// Data of an earlier run are recognised, and differences are named.
import { expect, test } from 'vitest'
import { applyDataRules, defaultDataRules } from './data-rules.ts'
import { describeExamples, type Dataset } from './dataset.ts'
import { checkRepeated } from './repeated-run.ts'

function dataset(...texts: readonly string[]): Dataset {
  const examples = texts.map((text) => ({ text, label: text.slice(0, 1) }))
  return { examples, manifest: describeExamples('set.jsonl', examples) }
}

const parts = { train: dataset('a one', 'a one', 'b two'), test: dataset('a three', 'b four') }
const ruled = applyDataRules(parts, defaultDataRules)
const manifests = { train: ruled.train.manifest, test: ruled.test?.manifest }
const recorded: unknown = JSON.parse(JSON.stringify({ run: 'x', dataManifest: manifests }))
const options = { file: 'run.json', rules: defaultDataRules }
const given = { train: parts.train.manifest, test: parts.test.manifest }

test('accepts the same data in any order', () => {
  const turned = dataset('b two', 'a one', 'a one').manifest
  expect(() => checkRepeated(recorded, { ...given, train: turned }, options)).not.toThrow()
  expect(() => checkRepeated(manifests, given, options)).not.toThrow()
})

test.each([
  ['a text less', { ...given, train: dataset('a one', 'b two').manifest }, /The train data are/],
  ['another test', { ...given, test: dataset('a five').manifest }, /The test data are set.jsonl/],
  ['no test', { train: given.train }, /The test data are nothing/],
])('refuses %s', (_, differing, message) => {
  expect(() => checkRepeated(recorded, differing, options)).toThrow(message)
})

test('refuses other rules, and a file that is not a manifest', () => {
  const rules = { ...defaultDataRules, minExamples: 3 }
  expect(() => checkRepeated(recorded, given, { ...options, rules })).toThrow(
    /rule minExamples is 3, but was 1 in run\.json/,
  )
  expect(() => checkRepeated([], given, options)).toThrow(/neither the run\.json of a run nor/)
})
