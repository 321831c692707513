// What a manifest must hold, and how a wrong one is refused.
import { expect, test } from 'vitest'
import { parseManifest, type Manifest } from './manifest.ts'

const manifest: Manifest = {
  formatVersion: 1,
  name: 'spam',
  version: '3',
  labels: ['ham', 'spam'],
  base: 'minilm-l6',
  method: 'head',
  tokenizerSha256: 'a'.repeat(64),
  graphSha256: 'b'.repeat(64),
  precision: 'fp32',
  maxTokens: 256,
  pooling: 'mean',
  hidden: 384,
  temperature: 1.5,
  metrics: { accuracy: 0.98, perClass: { ham: { f1: 0.99 } } },
  calibration: { temperature: 0.8, eceBefore: 0.06, eceAfter: 0.02 },
  abstain: { score: 'entropy', threshold: 0.4, coverage: 0.95, risk: 0.05 },
  trainingRun: null,
  created: '2024-05-06T07:08:09.123Z',
}
const parse = (value: unknown) => parseManifest(JSON.stringify(value), '/models/manifest.json')

test('a manifest survives being written and read', () => {
  expect(parse(manifest)).toEqual(manifest)
})

const cascade: Manifest['cascade'] = {
  sha256: 'c'.repeat(64),
  full: 'spam@2',
  temperature: 0.9,
  thresholds: [0.97, null],
  answered: 0.7,
  risk: {
    max: 0.002,
    confidence: 0.95,
    bound: 0.0019,
    counted: 'wrong answers',
    texts: 4_000,
    lost: 3,
  },
  accuracy: { full: 0.97, cascade: 0.9693 },
}

test('a cascade survives too, and has a threshold or none for each label', () => {
  expect(parse({ ...manifest, cascade })).toEqual({ ...manifest, cascade })
  const one = { ...manifest, cascade: { ...cascade, thresholds: [0.9] } }
  expect(() => parse(one)).toThrow(/cascade.*one for each label/)
})

test('the temperature is 1 unless stated, and fields of later releases are kept', () => {
  const older = { ...manifest, temperature: undefined, pruned: true }
  expect(parse(older)).toEqual({ ...manifest, temperature: 1, pruned: true })
})

test.each<[string, Partial<Record<keyof Manifest, unknown>>, RegExp]>([
  ['labels that repeat', { labels: ['a', 'a'] }, /labels: labels must differ/],
  ['no labels', { labels: [] }, /labels/],
  ['a name that leads elsewhere', { name: '../x' }, /name/],
  ['a version that is not counted', { version: '0' }, /version/],
  ['a hash that is none', { graphSha256: 'ABC' }, /graphSha256: must be a SHA-256/],
  ['a score that does not exist', { abstain: { score: 'mood' } }, /abstain\.score/],
  ['a temperature of 0', { temperature: 0 }, /temperature/],
  ['a field that is missing', { maxTokens: undefined }, /maxTokens/],
  ['a precision that is unknown', { precision: 'fp7' }, /precision/],
  ['a time that is none', { created: 'yesterday' }, /created/],
])('%s is refused by name', (_, change, message) => {
  expect(() => parse({ ...manifest, ...change })).toThrow(
    expect.objectContaining({ code: 'model_corrupt', message: expect.stringMatching(message) }),
  )
})

test('text that is not JSON is refused with its path', () => {
  expect(() => parseManifest('{"name"', '/models/manifest.json')).toThrow(
    expect.objectContaining({
      code: 'model_corrupt',
      message: expect.stringContaining('/models/manifest.json'),
    }),
  )
})

test('a later format is refused as such, not as damage', () => {
  expect(() => parse({ formatVersion: 2 })).toThrow(
    expect.objectContaining({ code: 'model_incompatible', message: expect.stringContaining('2') }),
  )
})
