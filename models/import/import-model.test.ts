// Exports of all families become versions that give what the references give. The fixtures say how
// they were made: tests/fixtures/make-imports.py.
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  exportFixtures,
  goldenOf,
  openVersion,
  pairsOf,
  classified,
  golden,
  without,
  type Json,
} from '../../tests/support/import-exports.ts'
import { importModel } from './import-model.ts'

/** The tokenizer of `words` is none of Winnow's own kinds. */
const families = [
  'bert',
  'distilbert',
  'roberta',
  'xlm-r',
  'modernbert',
  'words',
  'deberta',
] as const

let scratch: string

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'winnow-import-'))
})

afterAll(() => rm(scratch, { recursive: true, force: true }))

describe.each(families)('an export of %s', (family) => {
  test('gives the ids, logits and labels of the references, alone and in batches', async () => {
    const { version, check } = await importModel({
      dir: join(exportFixtures, family),
      storeDir: join(scratch, family),
      name: family,
    })
    expect(version.manifest).toMatchObject({ method: 'import', maxTokens: 48, precision: 'fp32' })
    expect(version.manifest.tokenizerEngine).toBe(family === 'words' ? 'library' : 'own')
    expect(check.idTexts).toBe(goldenOf(family).length)
    expect(check.largestDifference).toBeLessThan(1e-5)
    const classifier = await openVersion(version)
    try {
      const golden = goldenOf(family)
      const encoded = golden.map(({ text }) => classifier.tokenize(text))
      const together = await Promise.all(encoded.map(({ ids }) => classified(classifier, ids)))
      for (const [index, reference] of golden.entries()) {
        const { ids, truncated } = encoded[index]!
        expect(Array.from(ids)).toEqual(reference.ids)
        expect(truncated).toBe(reference.truncated)
        const { logits, probabilities } = together[index]!
        for (const [i, logit] of reference.logits.entries()) {
          expect(logits[i]).toBeCloseTo(logit, 4)
          expect(probabilities[i]).toBeCloseTo(reference.probabilities[i]!, 4)
        }
        expect(classifier.labels[logits.indexOf(Math.max(...logits))]).toBe(reference.label)
        const alone = await classified(classifier, ids)
        expect(alone.logits).toEqual(logits)
      }
    } finally {
      await classifier.close()
    }
  })
})

test('labels of a multi-label export apply or not by themselves', async () => {
  const dir = join(exportFixtures, 'roberta')
  const { version } = await importModel({ dir, storeDir: join(scratch, 'multi'), name: 'multi' })
  expect(version.manifest).toMatchObject({
    task: 'multi-label',
    labels: ['anger', 'joy', 'fear', 'surprise'],
    thresholds: [0.5, 0.5, 0.5, 0.5],
  })
})

test.each([
  ['first', 'bert'],
  ['second', 'bert'],
  ['second', 'roberta'],
  ['first', 'deberta'],
] as const)('pairs with the same %s text give what %s gives', async (place, family) => {
  const pairs = pairsOf(family).filter(({ paired }) => paired.place === place)
  const pairedText = pairs[0]!.paired
  const dir = await exportWithout('golden.json', family)
  const storeDir = join(scratch, 'pairs')
  const { version } = await importModel({ dir, storeDir, name: family, pairedText })
  expect(version.manifest).toMatchObject({ pairedText, maxTokens: 48 })
  const classifier = await openVersion(version)
  try {
    const encoded = pairs.map(({ text }) => classifier.tokenize(text))
    const together = await Promise.all(encoded.map(({ ids }) => classified(classifier, ids)))
    for (const [index, { ids, truncated, logits }] of pairs.entries()) {
      expect(Array.from(encoded[index]!.ids)).toEqual(ids)
      expect(encoded[index]!.truncated).toBe(truncated)
      for (const [i, logit] of logits.entries()) {
        expect(together[index]!.logits[i]).toBeCloseTo(logit, 4)
      }
      const alone = await classified(classifier, encoded[index]!.ids)
      expect(alone.logits).toEqual(together[index]!.logits)
    }
  } finally {
    await classifier.close()
  }
})

test('weights in a file of their own end up in the one graph, the same each time', async () => {
  const inOne = await importModel({
    dir: join(exportFixtures, 'xlm-r'),
    storeDir: join(scratch, 'layout'),
    name: 'one',
  })
  const again = await importModel({
    dir: join(exportFixtures, 'xlm-r'),
    storeDir: join(scratch, 'layout'),
    name: 'one',
  })
  expect(again.version.ref).toBe('one@2')
  expect(again.version.manifest.graphSha256).toBe(inOne.version.manifest.graphSha256)
  expect(await readdir(again.version.dir)).not.toContain('model.onnx_data')
})

test('a text is cut where it is asked, within what the export takes', async () => {
  const options = {
    dir: join(exportFixtures, 'distilbert'),
    storeDir: join(scratch, 'cut'),
    name: 'cut',
  }
  const dir = await exportWithout('golden.json', 'distilbert')
  const { version } = await importModel({ ...options, dir, maxTokens: 16 })
  expect(version.manifest.maxTokens).toBe(16)
  for (const maxTokens of [4, 49]) {
    await expect(importModel({ ...options, dir, maxTokens })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/8 to 48/),
    })
  }
})

/** A copy of an export without one of its files. */
async function exportWithout(file: string, family: string): Promise<string> {
  const dir = await mkdtemp(join(scratch, 'export-'))
  await cp(join(exportFixtures, family), dir, { recursive: true })
  await without(file)(dir)
  return dir
}

test('a golden mismatch names the text, what was expected and what was found', async () => {
  const dir = await mkdtemp(join(scratch, 'export-'))
  await cp(join(exportFixtures, 'bert'), dir, { recursive: true })
  await golden({ logits: [0, 0, 0] })(dir)
  const { text, logits } = goldenOf('bert')[7]!
  const refused = importModel({ dir, storeDir: join(scratch, 'named'), name: 'named' })
  const error = (await refused.catch((thrown: unknown) => thrown)) as { details: Json }
  expect(error.details).toMatchObject({ text, what: 'logits', expected: [0, 0, 0] })
  const found = error.details['found'] as number[]
  for (const [i, logit] of logits.entries()) expect(found[i]).toBeCloseTo(logit, 4)
})
