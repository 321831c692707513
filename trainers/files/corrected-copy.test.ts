// Copies of every format with some labels corrected: what changes, and what stays to the digit.
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeCorrectedCopy, type CorrectedCopyOptions } from './corrected-copy.ts'
import { defaultColumns } from './row-columns.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-copy-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

async function copied(
  name: string,
  content: string | Uint8Array,
  options: Partial<CorrectedCopyOptions> = {},
): Promise<{ text: string; format: string }> {
  const path = join(dir, name)
  await writeFile(path, content)
  const out = join(dir, `copy-${name}`)
  const correct = (_: unknown, number: number) => (number === 2 ? ['new'] : undefined)
  const format = await writeCorrectedCopy(path, {
    columns: defaultColumns,
    out,
    correct,
    ...options,
  })
  const bytes = await readFile(out)
  return { text: (out.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'), format }
}

test('JSON Lines keep their other lines as they are, and numbers to the digit', async () => {
  const lines = [
    '{"text": "a",  "label":"x"}',
    '{"text":"b","label":"x","id":12345678901234567890,"p":1.10}',
  ]
  const { text, format } = await copied('a.jsonl', `\uFEFF${lines.join('\r\n')}\r\n`)
  expect(format).toBe('jsonl')
  expect(text).toBe(`${lines[0]}\n${lines[1]!.replace('"x"', '"new"')}\n`)
})

test('a gzipped copy is gzipped, and a JSON array stays one', async () => {
  const items = '[{"text":"a","label":"x"},\n {"text":"b","label":"y"}]'
  const { text, format } = await copied('b.json.gz', gzipSync(items))
  expect(format).toBe('json')
  expect(JSON.parse(text)).toEqual([
    { text: 'a', label: 'x' },
    { text: 'b', label: 'new' },
  ])
})

test('a table keeps its separator, its columns and quoted fields', async () => {
  const table = 'id;label;text\n1;x;"a; ""b""\nc"\n2;y;=1+1\n'
  const correct = (_: unknown, number: number) => (number === 4 ? ['n;w'] : undefined)
  const { text } = await copied('c.csv', table, { correct })
  expect(text).toBe('id;label;text\n1;x;"a; ""b""\nc"\n2;"n;w";=1+1\n')
})

test('a set of labels is written as the source writes sets', async () => {
  const sets = { correct: () => ['a', 'b'] }
  expect((await copied('d.csv', 'text,labels\nhello,a\n', sets)).text).toBe(
    'text,labels\nhello,a|b\n',
  )
  const { text } = await copied('d.jsonl', '{"text":"hello","labels":[]}\n', sets)
  expect(text).toBe('{"text":"hello","labels":["a","b"]}\n')
})

test('a label that the table cannot hold is refused, and no copy is left', async () => {
  const plain = { quotes: 'none', correct: () => ['a\tb'] } as const
  await expect(copied('e.tsv', 'text\tlabel\nhello\tx\n', plain)).rejects.toThrow(
    'e.tsv:2: the label "a\\tb" holds a separator of this table',
  )
  const bar = { correct: () => ['a|b'] }
  await expect(copied('f.csv', 'text,labels\nhello,x\n', bar)).rejects.toThrow(/f\.csv:2: /)
  expect((await readdir(dir)).filter((name) => /^copy-[ef]/.test(name))).toEqual([])
})

test('Parquet becomes JSON Lines', async () => {
  const path = 'tests/fixtures/rows-none.parquet'
  const out = join(dir, 'rows.jsonl')
  const correct = (_: unknown, number: number) => (number === 1 ? ['new'] : undefined)
  expect(await writeCorrectedCopy(path, { columns: defaultColumns, out, correct })).toBe('jsonl')
  const rows = (await readFile(out, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { label: string })
  expect(rows[0]!.label).toBe('new')
  expect(rows.length).toBeGreaterThan(1)
})
