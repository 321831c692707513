// Predictions of cv read back: joined with their examples, averaged over repeats, and refused when
// they are about other data.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeExamples, type Dataset } from '../data/dataset.ts'
import type { Example } from '../files/source-row.ts'
import { readPredictions } from './read-predictions.ts'
import { predictionLines, writePredictions } from './predictions-file.ts'

let path: string
beforeAll(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'winnow-predictions-')), 'p.jsonl')
})
afterAll(() => rm(join(path, '..'), { recursive: true }))

function datasetOf(examples: readonly Example[]): Dataset {
  return { examples, manifest: describeExamples('mails.csv', examples) }
}

const labels = ['ham', 'spam']
const mails = datasetOf([
  { text: 'lunch?', label: 'ham' },
  { text: 'free money', label: 'spam' },
  { text: 'report', label: 'ham' },
])

/** Writes predictions of two repeats, in which the last example is not tested. */
async function writeFolds(): Promise<void> {
  const fold = (repeat: number, test: number[], probabilities: number[]) => ({
    ...{ train: Int32Array.of(2), test: Int32Array.from(test), fold: 1, repeat, seed: 1 },
    probabilities: Float32Array.from(probabilities),
    thresholds: undefined,
  })
  const folds = [fold(1, [1, 0], [0.25, 0.75, 0.9, 0.1]), fold(2, [0, 1], [0.5, 0.5, 0.75, 0.25])]
  await writePredictions(path, predictionLines(folds, { dataset: mails, labels }))
}

const read = (dataset = mails) => readPredictions(path, { dataset, labels })

it('gives the mean over repeats, of the examples that have predictions', async () => {
  await writeFolds()
  const { dataset, probabilities } = await read()
  expect(dataset.examples.map(({ text }) => text)).toEqual(['lunch?', 'free money'])
  for (const [at, value] of [0.7, 0.3, 0.5, 0.5].entries()) {
    expect(probabilities[at]).toBeCloseTo(value, 6)
  }
})

it.each([
  ['another text', { text: 'lunch at one?', label: 'ham' }, /the data has another text there/],
  ['another label', { text: 'lunch?', label: 'spam' }, /its label is "ham", in the data "spam"/],
])('refuses %s', async (_, first, message) => {
  await writeFolds()
  const reading = read(datasetOf([first, ...mails.examples.slice(1)]))
  await expect(reading).rejects.toMatchObject({ code: 'dataset_invalid' })
  await expect(reading).rejects.toThrow(message)
  await expect(reading).rejects.toThrow(/p\.jsonl:2: example 0 .* winnow cv --predictions FILE/)
})

it.each([
  ['{"index": 0, "text": "lunch?", "label": "ham", "repeat": 1}', /probabilities is missing/],
  [line({ index: 7 }), /the data has fewer examples/],
  [line({ probabilities: { ham: 1 } }), /no probability of the label "spam"/],
  [line({ probabilities: { ham: 1, spam: 0, x: 0 } }), /the data has no label "x"/],
  [line({ probabilities: { ham: 2, spam: 0 } }), /must be at most 1/],
  [`${line({})}\n${line({})}`, /p\.jsonl:2: .* it stands there twice/],
  ['{"index": 0, ', /not valid JSON/],
  ['\n', /has no predictions/],
])('refuses %s', async (content, message) => {
  await writeFile(path, content)
  const reading = read()
  await expect(reading).rejects.toMatchObject({ code: 'dataset_invalid' })
  await expect(reading).rejects.toThrow(message)
})

it('compares sets of labels in any order', async () => {
  const set = datasetOf([{ text: 'lunch?', label: 'ham|spam', labels: ['ham', 'spam'] }])
  await writeFile(path, line({ label: undefined, labels: ['spam', 'ham'] }))
  expect([...(await read(set)).probabilities]).toEqual([0.5, 0.5])
  await writeFile(path, line({ label: undefined, labels: ['spam'] }))
  await expect(read(set)).rejects.toThrow(/its label is \["spam"\], in the data \["ham","spam"\]/)
})

function line(changed: object): string {
  const probabilities = { ham: 0.5, spam: 0.5 }
  const given = { index: 0, text: 'lunch?', label: 'ham', probabilities, fold: 1, repeat: 1 }
  return JSON.stringify({ ...given, ...changed })
}
