// Quantising a whole version, on a tiny one: what the new version has, and when it is written.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importModel } from '../../models/import/import-model.ts'
import type { ModelVersion } from '../../models/store/version-files.ts'
import { openVersion } from '../../models/store/version-store.ts'
import { writeTinyVersion } from '../../tests/support/tiny-version.ts'
import { describeExamples, type Dataset } from '../data/dataset.ts'
import { versionProbabilities } from '../evaluation/evaluate-version.ts'
import { keeps } from './agreement.ts'
import { quantiseVersion } from './quantise-version.ts'

/** Texts of one to four letters, which are words of the tiny tokenizer. */
const examples = Array.from({ length: 60 }, (_, i) => ({
  text: Array.from(
    { length: 1 + (i % 4) },
    (_, at) => 'abcdefghijklmno'[(i * 7 + at * 3) % 15],
  ).join(' '),
  label: ['a', 'b', 'c'][i % 3]!,
}))
const dataset: Dataset = { examples, manifest: describeExamples('letters.csv', examples) }

let storeDir: string
let version: ModelVersion
beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-quantise-'))
  version = await writeTinyVersion({ storeDir })
})
afterAll(() => rm(storeDir, { recursive: true }))

const quantise = (accept: 'any' | 'close', one = version) =>
  quantiseVersion({
    storeDir,
    version: one,
    calibration: examples,
    measured: dataset,
    measuredOn: '60 texts of letters.csv',
    evaluatedOn: 'test',
    accept,
    workers: 1,
  })

describe('quantiseVersion', () => {
  it('writes a version that classifies nearly as the original, and says how near', async () => {
    const { version: written, agreement, from } = await quantise('any')
    const int8 = await openVersion({ ref: written!.ref, storeDir })
    expect(int8.manifest).toMatchObject({
      precision: 'int8',
      labels: version.manifest.labels,
      quantised: { from: version.ref, texts: 60, agreement },
    })
    expect(from).toBe(version.ref)
    const [exact, rounded] = [
      await versionProbabilities({ version, dataset, workers: 1 }),
      await versionProbabilities({ version: int8, dataset, workers: 1 }),
    ]
    const largest = exact.reduce((most, p, at) => Math.max(most, Math.abs(p - rounded[at]!)), 0)
    expect(largest).toBeGreaterThan(0)
    expect(largest).toBeLessThan(0.1)
    const report = await readFile(join(int8.dir, 'report.html'), 'utf8')
    expect(report).toContain(`int8, quantised from ${version.ref}`)
  })

  it('gives the same file for the same version and texts', async () => {
    const [first, second] = [await quantise('any'), await quantise('any')]
    expect(second.version!.ref).not.toBe(first.version!.ref)
    expect(second.version!.manifest.graphSha256).toBe(first.version!.manifest.graphSha256)
  })

  it('refuses a version that is not in fp32', async () => {
    const { version: int8 } = await quantise('any')
    await expect(quantise('any', int8)).rejects.toThrow('is already int8')
  })

  it('quantises the products of an imported graph', async () => {
    const imported = await importModel({
      dir: fileURLToPath(new URL('../../tests/fixtures/imports/bert', import.meta.url)),
      storeDir,
      name: 'imported',
    })
    const [first] = imported.version.manifest.labels
    const labelled = examples.map(({ text }) => ({ text, label: first! }))
    const measured = { examples: labelled, manifest: describeExamples('letters.csv', labelled) }
    const { version: int8 } = await quantiseVersion({
      storeDir,
      version: imported.version,
      calibration: labelled,
      measured,
      measuredOn: '60 texts of letters.csv',
      evaluatedOn: 'test',
      accept: 'any',
      workers: 1,
    })
    expect(int8!.manifest).toMatchObject({ precision: 'int8', method: 'import' })
    const [exact, rounded] = [
      await versionProbabilities({ version: imported.version, dataset: measured, workers: 1 }),
      await versionProbabilities({ version: int8!, dataset: measured, workers: 1 }),
    ]
    const largest = exact.reduce((most, p, at) => Math.max(most, Math.abs(p - rounded[at]!)), 0)
    expect(largest).toBeGreaterThan(0)
    expect(largest).toBeLessThan(0.1)
  })
})

describe('keeps', () => {
  const close = { texts: 1_000, agreement: 0.99, accuracy: 0.898, accuracyBefore: 0.9 }
  it.each([
    ['labels and accuracy within the rule', close, true],
    ['too many other labels', { ...close, agreement: 0.989 }, false],
    ['too many more errors', { ...close, accuracy: 0.897 }, false],
    ['a higher accuracy', { ...close, accuracy: 0.95 }, true],
  ] as const)('%s', (_, found, kept) => {
    expect(keeps(found)).toBe(kept)
  })
})
