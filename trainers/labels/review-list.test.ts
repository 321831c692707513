// The table that people edit: what a spreadsheet does to it, and that every cell comes back.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { collect } from '../../tests/support/collect.ts'
import {
  labelCell,
  parseReference,
  parseSetCell,
  readReviewList,
  referenceCell,
  writeReviewList,
  type ReviewRow,
  type ReviewedRow,
} from './review-list.ts'

let dir: string
let path: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-review-'))
  path = join(dir, 'list.csv')
})
afterAll(() => rm(dir, { recursive: true, force: true }))

const row: ReviewRow = {
  reference: 'tickets.csv:17',
  text: 'where is my parcel',
  given: 'refund',
  suggested: 'parcel',
  score: 0.0123,
}

async function read(content?: string): Promise<ReviewedRow[]> {
  if (content !== undefined) await writeFile(path, content)
  return collect(readReviewList(path))
}

test('a list is UTF-8 with a byte order mark, every cell quoted', async () => {
  await writeReviewList(path, [{ ...row, text: 'say "hi"\ncafé' }])
  expect(await readFile(path, 'utf8')).toBe(
    '\uFEFF"row","text","given","suggested","score","decision"\r\n' +
      '"tickets.csv:17","say ""hi""\ncafé","refund","parcel","0.0123",""\r\n',
  )
})

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', "'=1", '\uFF1D1', '\rhi', '\nhi'])(
  'a spreadsheet does not take %j for a formula',
  async (cell) => {
    await writeReviewList(path, [{ ...row, text: cell, given: cell }])
    const [, line = ''] = (await readFile(path, 'utf8')).split('\r\n"t')
    expect(line).not.toContain(`"${cell}"`)
    expect(line).toContain(`"'${cell}"`)
    expect((await read())[0]).toMatchObject({ text: cell, given: cell })
  },
)

test('every text and label comes back as it was', async () => {
  const cell = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.stringMatching(/^['=+\-@\t \r\n|;,"]*$/),
  )
  await fc.assert(
    fc.asyncProperty(cell, cell, async (text, given) => {
      // Readers of text refuse NUL, and read every line end as \n.
      fc.pre(!/\0|\r\n/.test(text + given))
      await writeReviewList(path, [{ ...row, text, given }])
      expect((await read())[0]).toMatchObject({ text, given, reference: row.reference })
    }),
    { numRuns: 100 },
  )
})

test('reads what a spreadsheet saved: semicolons, no byte order mark, other columns', async () => {
  const saved = 'Row;note;Text;Given;Decision\r\nevent:7;ask ann;hi;refund; parcel \r\n'
  expect(await read(saved)).toEqual([
    { line: 2, reference: 'event:7', text: 'hi', given: 'refund', decision: 'parcel' },
  ])
})

test('says what is missing', async () => {
  await expect(read('row,text,given\na:1,b,c\n')).rejects.toThrow(
    /list\.csv:1: there is no column "decision"; give the file that `winnow labels check --out`/,
  )
  await expect(read('row,text,given,decision\na:1,b\n')).rejects.toThrow(
    /list\.csv:2: the row has 2/,
  )
})

test('references name a row of a file or an event', () => {
  for (const reference of [
    { kind: 'row', path: 'a:b/c.csv', row: 3 },
    { kind: 'event', id: '=my:1' },
  ] as const) {
    expect(parseReference(referenceCell(reference))).toEqual(reference)
  }
  for (const cell of ['', 'tickets.csv', 'tickets.csv:0', 'event:', ':3']) {
    expect(parseReference(cell)).toBeUndefined()
  }
})

test('sets of labels come back, also those that bars cannot write', () => {
  for (const labels of [[], ['a'], ['a', 'b c'], ['a|b'], ['[x]', 'y']]) {
    expect(parseSetCell(labelCell(labels))).toEqual(labels)
  }
  expect(labelCell(['a', 'b'])).toBe('a | b')
  expect(parseSetCell('b|a | b')).toEqual(['a', 'b'])
  for (const cell of ['', 'a||b', '[1]', '["a"', '["a",""]']) {
    expect(parseSetCell(cell)).toBeUndefined()
  }
})
