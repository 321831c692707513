// What an edited list changes, and how each mistake in it is named.
import { expect, test } from 'vitest'
import { collectDecisions, decideEvents, decideRows, type Decisions } from './label-decisions.ts'
import type { ReviewedRow } from './review-list.ts'
import { withLabels, type Example } from '../files/source-row.ts'

type Edited = Partial<ReviewedRow>

function collect(...edited: Edited[]): Promise<Decisions> {
  const rows = edited.map((row, at) => ({
    line: at + 2,
    reference: `t.csv:${at + 2}`,
    text: `text ${at}`,
    given: 'a',
    decision: '',
    ...row,
  }))
  return collectDecisions('list.csv', each(rows))
}

async function* each<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items
}

async function decide(edited: Edited[], examples: Example[], newLabels: string[] = []) {
  const decisions = await collect(...edited)
  if (decisions.kind !== 'row') throw new Error('the list is about events')
  const numbered = examples.map((example, at) => ({ example, number: at + 2 }))
  return [...(await decideRows(decisions, { examples: each(numbered), newLabels }))]
}

const rows: Example[] = [
  { text: 'text 0', label: 'a' },
  { text: 'text 1', label: 'a' },
  { text: 'Text  1', label: 'a' },
  { text: 'other', label: 'refund' },
]

test('an empty decision and the given label change nothing', async () => {
  expect(await decide([{}, { decision: 'a' }], rows)).toEqual([])
  expect(await decide([{}, { decision: 'refund' }], rows)).toEqual([[3, ['refund']]])
})

test('a decision also holds for rows of the same text and label', async () => {
  const equal = [{}, { decision: 'refund' }, { text: 'Text  1' }]
  expect(await decide(equal, rows)).toEqual([
    [3, ['refund']],
    [4, ['refund']],
  ])
  const apart = [{}, { decision: 'refund' }, { text: 'text 1', decision: 'a' }]
  await expect(decide(apart, rows)).rejects.toThrow(
    'list.csv:4: the decision contradicts that of line 3, which has the same text and label.',
  )
})

test('names every line that does not fit the file, and changes nothing', async () => {
  const wrong = [
    { text: 'changed', decision: 'refund' },
    { decision: 'refnud' },
    { text: 'Text  1', given: 'b', decision: 'refund' },
    { reference: 't.csv:99', text: 'x', decision: 'refund' },
  ]
  await expect(decide(wrong, rows)).rejects.toMatchObject({
    code: 'dataset_invalid',
    details: {
      problems: [
        'list.csv:2: t.csv:2 has another text than in the list; check the data again',
        expect.stringMatching(/^list\.csv:4: t\.csv:4 has the label "a", not "b" as in the list/),
        'list.csv:5: t.csv has no row 99',
        expect.stringMatching(
          /^list\.csv:3: "refnud" is not a label of t\.csv; did you mean "refund"\?/,
        ),
      ],
    },
  })
})

test('a new label needs to be named', async () => {
  const edited = [{ decision: 'chargeback' }]
  await expect(decide(edited, rows)).rejects.toThrow('--new-label "chargeback" makes it one')
  expect(await decide(edited, rows, ['chargeback'])).toEqual([[2, ['chargeback']]])
})

test('sets of labels are decided as sets', async () => {
  const sets = [
    withLabels({ text: 'text 0', label: '' }, ['a', 'b']),
    withLabels({ text: 'text 1', label: '' }, []),
  ]
  const edited = [
    { given: 'a | b', decision: '[]' },
    { given: '[]', decision: 'b|a' },
  ]
  expect(await decide(edited, sets)).toEqual([
    [2, []],
    [3, ['a', 'b']],
  ])
  await expect(decide([{ given: 'a | b', decision: 'a||' }], sets)).rejects.toThrow(
    'is not a set of labels',
  )
})

test('decisions about events become labels of their ids', async () => {
  const events = await collect(
    { reference: 'event:e-1', decision: 'b' },
    { reference: 'event:e-2', text: 'text 0' },
    { reference: 'event:e-3' },
  )
  if (events.kind !== 'event') throw new Error('the list is about a file')
  const known = new Set(['a', 'b'])
  expect(decideEvents(events, { known, newLabels: [] })).toEqual([
    { id: 'e-1', label: 'b' },
    { id: 'e-2', label: 'b' },
  ])
  expect(decideEvents(events, { known: new Set(), newLabels: [] })).toHaveLength(2)
  expect(() => decideEvents(events, { known: new Set(['a']), newLabels: [] })).toThrow(
    'list.csv:2: "b" is not a label of a known model',
  )
})

test.each<[Edited[], string]>([
  [[], 'list.csv has no rows'],
  [[{ reference: '17' }], 'list.csv:2: "17" in the column "row" is no row of a file and no event'],
  [[{}, { reference: 'u.csv:3' }], 'list.csv:3: the list is about several sources'],
  [[{}, { reference: 'event:3' }], 'list.csv:3: the list is about several sources'],
])('refuses a list about nothing or about several sources: %j', async (edited, message) => {
  await expect(collect(...edited)).rejects.toThrow(message)
})
