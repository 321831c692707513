// Copies of every format with some labels corrected: what changes, and what stays to the digit.
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
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
  const plain = name.endsWith('.gz')
    ? gunzipSync(bytes)
    : name.endsWith('.zst')
      ? zstdDecompressSync(bytes)
      : bytes
  return { text: plain.toString('utf8'), format }
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

test('a copy that is compressed with zstd stays so, Parquet within too', async () => {
  const { text } = await copied('g.csv.zst', zstdCompressSync('text,label\na,x\nb,y\n'))
  expect(text).toBe('text,label\na,new\nb,y\n')
  const parquet = await readFile('tests/fixtures/rows-none.parquet')
  const rows = await copied('h.parquet.zst', zstdCompressSync(parquet))
  expect(rows.text.split('\n')[1]).toContain('"label":"new"')
})

test('the sheet of a workbook becomes a table with its columns and row numbers', async () => {
  const workbook = await readFile('tests/fixtures/workbook-shared.xlsx')
  const correct = (_: unknown, number: number) => (number === 5 ? ['a, b'] : undefined)
  for (const [name, bytes] of [
    ['i.xlsx', workbook],
    ['j.xlsx.gz', gzipSync(workbook)],
  ] as const) {
    const { text, format } = await copied(name, bytes, { correct })
    expect(format).toBe('csv')
    expect(text.split('\n').slice(0, 2)).toEqual([
      'id, text ,label,time,team,paid,day',
      '1,I was charged twice,billing,2026-01-31T09:30:00Z,a & b,true,2026-01-31',
    ])
    expect(text).toContain('\nx-3,text with A,"a, b",,,,\n')
  }
})

test('a label that a path or a template gives is refused', async () => {
  const columns = { text: 'text', label: 'queue.name' }
  const line = '{"text":"a","queue":{"name":"x"}}\n'
  const correct = () => ['y']
  await expect(copied('k.jsonl', line, { columns, correct })).rejects.toThrow(
    /k\.jsonl:1: the label comes from "queue\.name", and only a column/,
  )
  const table = 'text,a,b\nhi,x,y\n'
  const template = { columns: { text: 'text', label: '{a}-{b}' }, correct }
  await expect(copied('l.csv', table, template)).rejects.toThrow(/l\.csv:2: the label comes from/)
})
