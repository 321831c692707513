// Explanations find what a model learned: a word that decides a label by accident is the top word
// of that label, by every method and over many texts.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openExplainer, type Explainer } from '../models/explain/explain-text.ts'
import { sumLabelWords } from '../models/explain/label-words.ts'
import { openVersion } from '../models/store/version-store.ts'
import { smallBase } from '../tests/support/small-base.ts'
import { describeExamples } from './data/dataset.ts'
import type { Example } from './files/source-row.ts'
import { trainHead } from './head/train-head.ts'

const setUpMsMax = 60_000
const planted = 'zebra'
let storeDir: string
let explainer: Explainer

beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-planted-word-'))
  const base = await smallBase(storeDir)
  const examples = [...plantedExamples()]
  const train = { examples, manifest: describeExamples('planted.jsonl', examples) }
  await trainHead({ train, base, storeDir, name: 'planted', seed: 1, maxTokens: 32, workers: 1 })
  const version = await openVersion({ ref: 'planted', storeDir })
  const sampling = { samplesMax: 200 }
  explainer = await openExplainer({ version, workers: 1, steps: ['whitespace'], ...sampling })
}, setUpMsMax)
afterAll(async () => {
  await explainer.close()
  await rm(storeDir, { recursive: true })
})

/** Texts of both labels have the same words, and those of `ham` lack one. */
function* plantedExamples(): Generator<Example> {
  const words = ['meeting', 'lunch', 'price', 'offer', 'friday', 'report', 'train', 'garden']
  for (let i = 0; i < 160; i++) {
    const chosen = [0, 1, 3, 4].map((step) => words[(i + step * (1 + (i >> 3))) % words.length]!)
    if (i % 2 === 0) yield { text: chosen.join(' '), label: 'ham' }
    else yield { text: chosen.toSpliced(i % 5, 0, planted).join(' '), label: 'spam' }
  }
}

const methods = ['integrated-gradients', 'occlusion', 'shapley'] as const

test.each(methods)('%s finds the word', async (method) => {
  for (const text of ['lunch on friday zebra please', 'Zebra! report the price of the garden']) {
    const { label, words } = await explainer.explain({ text, method })
    const top = words.toSorted((a, b) => b.attribution - a.attribution)[0]!
    expect(label).toBe('spam')
    expect(top.text.toLowerCase()).toBe(planted)
    expect(top.attribution).toBeGreaterThan(0)
    const against = await explainer.explain({ text, method, label: 'ham' })
    expect(against.words.find((word) => word.start === top.start)!.attribution).toBeLessThan(0)
  }
})

test('the word is first of those that push its label', async () => {
  const sums = sumLabelWords()
  const explained = [...plantedExamples()].slice(0, 24)
  for (const { text } of explained) sums.add(await explainer.explain({ text }))
  const spam = sums.result().find(({ label }) => label === 'spam')!
  expect(spam.wordsFor[0]).toMatchObject({ word: planted, texts: spam.texts })
})
