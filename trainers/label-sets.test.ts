// Multi-label data sets: how each format writes label sets, what the manifest counts, and what the
// data rules do.
import { expect, test } from 'vitest'
import { applyDataRules, defaultDataRules } from './data/data-rules.ts'
import {
  collectDataset,
  labelIndices,
  labelTargets,
  trainingLabels,
  type Dataset,
} from './data/dataset.ts'
import type { SourceRow } from './files/dataset-source.ts'
import { fileRows } from './files/file-rows.ts'
import { defaultColumns } from './files/row-columns.ts'

const source = (name: string, content: string) => ({
  name,
  bytes: (async function* () {
    await Promise.resolve()
    yield Buffer.from(content)
  })(),
})
const reading = { columns: defaultColumns, need: 'text and label' } as const
const jsonl = (lines: readonly unknown[]): Promise<Dataset> => {
  const content = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  return collectDataset(fileRows(source('mails.jsonl', content), reading))
}

const rows = [
  { text: 'late and broken', labels: ['delivery', 'damage', 'delivery'] },
  { text: 'just saying hello', labels: [] },
  { text: 'where is my parcel', labels: ['delivery'] },
]

test('the manifest counts labels, and examples without any', async () => {
  const dataset = await jsonl(rows)
  expect(dataset.examples.map(({ labels }) => labels)).toEqual([
    ['damage', 'delivery'],
    [],
    ['delivery'],
  ])
  expect(dataset.manifest).toMatchObject({
    task: 'multi-label',
    examples: 3,
    unlabelled: 1,
    labels: { damage: 1, delivery: 2 },
  })
  expect(trainingLabels(dataset)).toEqual(['damage', 'delivery'])
  expect(Array.from(labelTargets(dataset, ['damage', 'delivery']))).toEqual([1, 1, 0, 0, 0, 1])
})

test('CSV and Parquet give the same hash for label sets as a list or with a separator', async () => {
  const content =
    'text,labels\nlate and broken,damage | delivery\njust saying hello,\nwhere is my parcel,delivery\n'
  const fromCsv = await collectDataset(fileRows(source('mails.csv', content), reading))
  const listed = await collectDataset({
    name: 'mails.parquet',
    rows: (async function* (): AsyncGenerator<SourceRow> {
      await Promise.resolve()
      for (const row of rows) yield { place: 'row', label: undefined, ...row }
    })(),
    facts: () => ({}),
  })
  const { manifest } = await jsonl(rows)
  expect(fromCsv.manifest.sha256).toBe(manifest.sha256)
  expect(listed.manifest.sha256).toBe(manifest.sha256)
})

test.each([
  [
    'a mixture',
    [rows[0], { text: 'b', label: 'x' }],
    /:2: some rows have a field "label" and others "labels"/,
  ],
  ['both fields', [{ text: 'b', label: 'x', labels: ['x'] }], /:1: the row has both/],
  ['a number', [{ text: 'b', labels: 7 }], /"labels" must be an array of strings.* not a number/],
  ['an empty label', [{ text: 'b', labels: ['x', ''] }], /"labels", a label is empty; it must be /],
])('refuses %s', async (_, lines, message) => {
  await expect(jsonl(lines)).rejects.toMatchObject({
    code: 'dataset_invalid',
    message: expect.stringMatching(message),
  })
})

test('refuses label sets where one label per text is needed, and the other way round', async () => {
  const sets = await jsonl(rows)
  const single = await jsonl([{ text: 'a', label: 'x' }])
  expect(() => labelIndices(sets, ['damage', 'delivery'])).toThrow(/one label per text is needed/)
  expect(() => labelTargets(single, ['x'])).toThrow(/one label per text, but this model has sets/)
  expect(() => labelTargets(sets, ['damage'])).toThrow(/not seen in training: "delivery"/)
})

test('equal texts with different sets conflict, and a rare label is removed from its sets', async () => {
  const train = await jsonl([
    ...rows,
    { text: 'Where is  my parcel', labels: ['delivery'] },
    { text: 'JUST saying hello', labels: ['praise'] },
    { text: 'nice', labels: ['praise', 'delivery'] },
  ])
  const ruled = applyDataRules({ train }, { ...defaultDataRules, minExamples: 2 }).train
  expect(ruled.manifest.rules).toMatchObject({
    duplicates: 1,
    conflicts: { texts: 1, examples: 2 },
    droppedLabels: { damage: 1, praise: 1 },
  })
  expect(ruled.manifest.labels).toEqual({ delivery: 3 })
  expect(ruled.examples.map(({ text }) => text).sort()).toEqual([
    'late and broken',
    'nice',
    'where is my parcel',
  ])
})
