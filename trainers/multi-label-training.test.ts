// A multi-label model from end to end: training on label sets gives a version that predicts label
// sets, with the same scores when served. The base encoder is small: single words tell the labels.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Base } from '../models/bases/base-store.ts'
import { openVersion } from '../models/store/version-store.ts'
import { smallBase } from '../tests/support/small-base.ts'
import { classifyTexts, type ClassifiedLine } from './evaluation/classify-file.ts'
import { describeExamples, type Dataset } from './data/dataset.ts'
import { evaluateModel } from './evaluation/evaluate-version.ts'
import type { MultiLabelEvaluation } from './evaluation/multi-label-evaluation.ts'
import { withLabels, type Example } from './files/source-row.ts'
import { trainEncoder } from './encoder/train-encoder.ts'
import { trainHead } from './head/train-head.ts'

let storeDir: string
let base: Base
beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-multi-label-'))
  base = await smallBase(storeDir)
}, 120_000)
afterAll(() => rm(storeDir, { recursive: true, force: true }))

const parts: Record<string, string[]> = {
  billing: ['I was charged twice', 'the invoice is wrong', 'please refund my payment'],
  delivery: ['the parcel is late', 'the courier never came', 'my package has not arrived'],
  damage: ['the box was crushed', 'the screen is broken', 'it arrived in pieces'],
}
const openings = ['Hello,', 'Hi there,', 'Good morning,', 'To whom it may concern,', 'Dear team,']

/** Every combination of complaints, including none, with each opening. */
function complaints(): Dataset {
  const names = Object.keys(parts)
  const examples: Example[] = []
  for (const opening of openings) {
    for (let set = 0; set < 8; set++) {
      const labels = names.filter((_, at) => (set >> at) % 2 === 1).sort()
      for (const variant of [0, 1, 2]) {
        const said = labels.map((label) => parts[label]![variant]!)
        const text = `${opening} ${said.length === 0 ? `greetings ${variant}` : said.join(' and ')}`
        examples.push(withLabels({ text, label: '' }, labels))
      }
    }
  }
  return { examples, manifest: describeExamples('complaints.jsonl', examples) }
}

test('a head learns label sets, and the version predicts them', { timeout: 120_000 }, async () => {
  const train = complaints()
  const trained = await trainHead({
    train,
    test: train,
    base,
    storeDir,
    name: 'tags',
    maxTokens: 40,
    workers: 2,
    pooledLayers: 'last',
  })
  expect(trained.labels).toEqual(['billing', 'damage', 'delivery'])
  expect(trained.metrics).toMatchObject({ task: 'multi-label', evaluatedOn: 'test', examples: 120 })
  expect(trained.metrics.accuracy).toBeGreaterThan(0.95)
  const version = await openVersion({ ref: 'tags', storeDir })
  expect(version.manifest).toMatchObject({ task: 'multi-label', metrics: { examples: 120 } })
  expect(version.manifest.thresholds).toHaveLength(3)

  const measured = await evaluateModel({ version, dataset: train, workers: 2 })
  const told = trained.metrics as MultiLabelEvaluation
  expect(measured).toMatchObject({ accuracy: told.accuracy, hammingLoss: told.hammingLoss })
  expect(measured.logLoss).toBeCloseTo(told.logLoss, 4)

  const said = ['The invoice is wrong and the parcel is late', 'greetings']
  const source = { name: 'said', bytes: [Buffer.from(said.join('\n'))] }
  const lines: ClassifiedLine[] = []
  const stdin = async function* () {
    await Promise.resolve()
    yield* source.bytes
  }
  const input = { files: ['-'], access: { stdin } }
  for await (const { line } of classifyTexts({ version, ...input, workers: 1 })) {
    lines.push(line as ClassifiedLine)
  }
  expect(lines[0]).toMatchObject({ labels: ['billing', 'delivery'] })
  expect(lines[0]!.labels).toContain(lines[0]!.label)
  expect(lines[0]!.probabilities[lines[0]!.label]).toBe(lines[0]!.score)
  expect(lines[1]).toMatchObject({ labels: [], label: 'winnow.none' })
  const single = { ...train, examples: [{ text: 'a', label: 'billing' }] }
  await expect(evaluateModel({ version, dataset: single })).rejects.toMatchObject({
    code: 'dataset_invalid',
  })
})

test('fine-tuning learns label sets', { timeout: 120_000 }, async () => {
  const train = complaints()
  const trained = await trainEncoder({
    train,
    test: train,
    base,
    storeDir,
    name: 'tuned',
    maxTokens: 40,
    workers: 2,
    method: { kind: 'partial', layers: 1 },
    recipe: { epochs: 1 },
  })
  expect(trained.metrics).toMatchObject({ task: 'multi-label', evaluatedOn: 'test' })
  expect(trained.metrics.macroF1).toBeGreaterThan(0.9)
  const version = await openVersion({ ref: 'tuned', storeDir })
  const served = await evaluateModel({ version, dataset: train, workers: 2 })
  expect(served.accuracy).toBe(trained.metrics.accuracy)
  expect(served.logLoss).toBeCloseTo(trained.metrics.logLoss, 4)
})
