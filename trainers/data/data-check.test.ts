// The profile of a data set: each problem is found where it stands, and training does what it says.
import { expect, test } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import type { SourceRow } from '../files/dataset-source.ts'
import { defaultColumns } from '../files/row-columns.ts'
import { checkData, type CheckDataOptions, type DataCheck } from './data-check.ts'
import { defaultDataRules } from './data-rules.ts'

type Given = Partial<SourceRow>

const options: CheckDataOptions = {
  columns: defaultColumns,
  rules: defaultDataRules,
  clean: (text) => text.trim(),
  textBytesMax: 1_000,
}

function source(rows: readonly (Given | WinnowError)[], name = 'a.csv') {
  return {
    name,
    open: async function* (wrongRow: (error: WinnowError) => void) {
      for (const [index, row] of rows.entries()) {
        await Promise.resolve()
        if (row instanceof WinnowError) wrongRow(row)
        else yield { place: `${name}:${index + 2}`, text: undefined, label: undefined, ...row }
      }
    },
  }
}

const check = (rows: readonly (Given | WinnowError)[], test?: readonly Given[]) =>
  checkData(source(rows), { ...options, test: test && source(test, 'test.csv') })

function problemsOf({ problems }: DataCheck) {
  return Object.fromEntries(problems.map(({ problem, rows, places }) => [problem, [rows, places]]))
}

const money = { text: 'I want my money back', label: 'refund' }
const parcel = { text: 'Where is my parcel?', label: 'delivery' }

test('counts rows, texts, columns and labels', async () => {
  const { rows, texts, columns, labels, task, problems, training } = await check([
    { ...money, id: '1', attributes: { team: 'a' } },
    { ...parcel, id: '2', attributes: { team: '' } },
    { text: 'It never came', label: 'delivery', id: '3', attributes: { team: 'b' } },
    { text: 'Please pay me back', label: 'refund' },
    { text: 'I still wait for it', label: 'delivery' },
  ])
  expect({ rows, texts, task, problems }).toEqual({ rows: 5, texts: 5, task: 'single-label', problems: [] }) // prettier-ignore
  expect(labels).toEqual([
    { label: 'delivery', texts: 3 },
    { label: 'refund', texts: 2 },
  ])
  expect(columns).toContainEqual({ name: 'team', filled: 2 })
  expect(training).toMatchObject({ kind: 'trains', examples: 5, labels: 2 })
})

test('finds wrong rows and goes on', async () => {
  const wrong = new WinnowError('dataset_invalid', 'a.csv:9: ragged', {
    details: { file: 'a.csv', line: 9 },
  })
  const found = await check([money, wrong, { text: 7, label: 'x' }, { text: 'no label' }, parcel])
  expect(found).toMatchObject({ rows: 5, texts: 3 })
  expect(problemsOf(found)).toEqual({
    row_unreadable: [1, ['a.csv:9']],
    text_missing: [1, ['a.csv:4']],
    label_missing: [1, ['a.csv:5']],
    label_rare: [2, expect.anything()],
  })
})

test.each([
  ['text_empty', { text: ' \n', label: 'refund' }],
  ['text_invisible', { text: '\u200b\u2060', label: 'refund' }],
  ['text_over_limit', { text: 'é'.repeat(501), label: 'refund' }],
  ['encoding_suspect', { text: 'Ich mÃ¶chte mein Geld', label: 'refund' }],
  ['encoding_suspect', { text: 'It doesnâ€™t work', label: 'refund' }],
  ['encoding_suspect', { text: 'caf\uFFFD', label: 'refund' }],
  ['duplicate', { text: 'i want  my money back', label: 'refund' }],
  ['id_repeated', { text: 'another', label: 'refund', id: '1' }],
  ['label_similar', { text: 'another', label: 'Refund ' }],
] as const)('finds %s', async (problem, row) => {
  const found = await check([{ ...money, id: '1' }, { ...money, text: 'refund it' }, row])
  expect(problemsOf(found)[problem]).toEqual([1, ['a.csv:4']])
})

test.each(['It costs 5 €', 'Ça va — déjà vu', 'AÇÃO', 'Ânimo', 'привет', 'naïve café'])(
  'does not suspect the encoding of %s',
  async (text) => {
    expect(problemsOf(await check([{ text, label: 'a' }]))).not.toHaveProperty('encoding_suspect')
  },
)

test('finds texts with several labels', async () => {
  const found = await check([money, money, { ...money, label: 'billing' }, parcel, parcel])
  expect(problemsOf(found)).toMatchObject({
    conflict: [3, ['a.csv:2', 'a.csv:3', 'a.csv:4']],
    duplicate: [1, ['a.csv:6']],
  })
  expect(found.problems.find(({ problem }) => problem === 'conflict')?.first).toBe(
    'a.csv:2 is refund, and a.csv:4 is billing',
  )
  expect(found.training).toMatchObject({ kind: 'trains', examples: 2 })
})

test('finds near duplicates, and leaks into test data', async () => {
  const long =
    'The parcel that I ordered two weeks ago has not arrived, and nobody answers the phone. '
  const found = await check(
    [
      { text: `${long}Please help me`, label: 'delivery' },
      { text: `${long}Please help me!`, label: 'delivery' },
      money,
      { text: 'You charged me twice', label: 'billing' },
    ],
    [
      { ...money, text: 'I WANT my money back' },
      { text: 'new', label: 'unheard' },
    ],
  )
  expect(problemsOf(found)).toMatchObject({
    near_duplicate: [2, [expect.stringMatching(/^a\.csv:[23]$/)]],
    leak: [1, ['a.csv:4']],
    test_label_unknown: [2, ['test.csv:2', 'test.csv:3']],
  })
})

test('texts without labels are no problem', async () => {
  const found = await check([{ text: 'a' }, { text: 'b' }, { text: 'b' }])
  expect(found).toMatchObject({ task: 'unlabelled', labels: [], training: { kind: 'unlabelled' } })
  expect(problemsOf(found)).toEqual({ duplicate: [1, ['a.csv:4']] })
})

test('says why training would refuse the data', async () => {
  const { training } = await check([money, { ...money, text: 'refund it' }])
  expect(training).toEqual({
    kind: 'refuses',
    reason: expect.stringContaining('at least two labels are needed') as string,
  })
  expect((await check([])).training).toEqual({ kind: 'refuses', reason: 'a.csv has no texts.' })
})

test('mixed kinds of labels are a problem of the later rows', async () => {
  const found = await check([money, { text: 'both', labels: ['a', 'b'] }, parcel])
  expect(problemsOf(found)['label_mixed']).toEqual([1, ['a.csv:3']])
})

test('counts languages', async () => {
  const rows = ['en one', 'de eins', 'en two'].map((text) => ({ text, label: 'a' }))
  const languageOf = (text: string) => text.slice(0, 2)
  const { languages } = await checkData(source(rows), { ...options, languageOf })
  expect(languages).toEqual([
    { language: 'en', texts: 2 },
    { language: 'de', texts: 1 },
  ])
})

test('counts tokens, and the texts that a base cuts', async () => {
  const counter = { base: 'words', maxTokens: 4, count: (text: string) => text.split(' ').length }
  const texts = ['one', 'one two three', 'one two three four five']
  const rows = texts.map((text) => ({ text, label: 'a' }))
  const found = await checkData(source(rows), { ...options, counter })
  expect(found.tokens).toMatchObject({
    base: 'words',
    texts: 3,
    shortest: 1,
    median: 3,
    longest: 5,
  })
  expect(problemsOf(found)['text_truncated']).toEqual([1, ['a.csv:4']])
})
