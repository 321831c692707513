// Files as other programs write them: each is read right, or refused with a sentence that says what
// it is and what to do. The small ones stand here as text.
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { collectDataset } from '../data/dataset.ts'
import type { FileFormat } from './file-format.ts'
import { fileRows } from './file-rows.ts'
import { fileSource, type FileInput } from './plain-bytes.ts'
import { defaultColumns } from './row-columns.ts'
import { lineBytesMax } from './text-lines.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'winnow-files-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

type Reading = { format?: FileFormat; quotes?: 'none'; chunkBytes?: number }

async function read(name: string, content: string | Uint8Array, options: Reading = {}) {
  const bytes = Buffer.from(content)
  const { chunkBytes = 9 } = options
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < bytes.length; i += chunkBytes) yield bytes.subarray(i, i + chunkBytes)
  }
  return readInput({ name, bytes: chunks() }, options)
}

async function readInput(input: FileInput, options: Reading = {}) {
  const notes: string[] = []
  const rows = fileRows(input, {
    columns: defaultColumns,
    need: 'text and label',
    ...options,
    onNote: ({ kind, text }) => notes.push(`${kind}: ${text}`),
  })
  const { examples, manifest } = await collectDataset(rows)
  return { pairs: examples.map(({ text, label }) => [text, label]), examples, manifest, notes }
}

const twoRows = [
  ['I was charged twice', 'billing'],
  ['Where is my parcel?', 'delivery'],
]
const objects = twoRows.map(([text, label]) => ({ text, label }))
const lines = `${objects.map((one) => JSON.stringify(one)).join('\n')}\n`

test.each([
  ['JSON Lines', 'a.jsonl', lines, 'JSON Lines'],
  ['JSON Lines with a byte order mark', 'a.jsonl', `\uFEFF${lines}`, 'JSON Lines'],
  [
    'JSON Lines with the line ends of old Macs',
    'a.jsonl',
    lines.replaceAll('\n', '\r'),
    'JSON Lines',
  ],
  ['JSON Lines named as CSV', 'a.csv', lines, 'JSON Lines'],
  ['an array on one line', 'a.json', JSON.stringify(objects), 'a JSON array'],
  ['an array over several lines', 'a.json', JSON.stringify(objects, null, 2), 'a JSON array'],
  ['an array named as JSON Lines', 'a.jsonl', ` ${JSON.stringify(objects)}\n`, 'a JSON array'],
  ['an array with a mark', 'a.json', `\uFEFF${JSON.stringify(objects)}`, 'a JSON array'],
  ['a gzipped array', 'a.json.gz', gzipSync(JSON.stringify(objects)), 'a JSON array'],
  ['CSV without its ending', 'a', csv(','), 'a table separated by commas'],
  [
    'CSV with the line ends of old Macs',
    'a.csv',
    csv(',').replaceAll('\n', '\r'),
    'a table separated by commas',
  ],
  [
    'CSV with mixed line ends',
    'a.csv',
    csv(',').replace('\n', '\r').replace('\n', '\r\n'),
    'a table separated by commas',
  ],
  ['CSV with semicolons', 'a.csv', csv(';'), 'a table separated by semicolons'],
  ["Excel's sep=", 'a.csv', `sep=;\n${csv(';')}`, 'a table separated by semicolons'],
  [
    "Excel's sep= with Windows line ends",
    'a.csv',
    `\uFEFFsep=;\r\n${csv(';').replaceAll('\n', '\r\n')}`,
    'a table separated by semicolons',
  ],
  [
    "Excel's sep= with another character",
    'a.csv',
    `"sep=^"\n${csv('^')}`,
    'a table separated by "^"',
  ],
  [
    "Excel's empty rows and the index of pandas",
    'a.csv',
    `,text,label\n0,I was charged twice,billing\n,,\n1,Where is my parcel?,delivery\n,,\n`,
    'a table separated by commas',
  ],
])('reads %s', async (_, name, content, format) => {
  const { pairs, notes } = await read(name, content)
  expect(pairs).toEqual(twoRows)
  expect(notes).toEqual([`format: ${name}: read as ${format}`])
})

function csv(delimiter: string): string {
  return [['text', 'label'], ...twoRows].map((row) => `${row.join(delimiter)}\n`).join('')
}

test.each([
  [
    'UTF-16',
    'a.jsonl',
    Buffer.from(`\uFEFF${lines}`, 'utf16le'),
    /^a\.jsonl: the file is UTF-16; save it as UTF-8/,
  ],
  [
    'UTF-16 without a mark',
    'a.csv',
    Buffer.from(csv(','), 'utf16le'),
    /UTF-16 without a byte order mark/,
  ],
  [
    'a workbook that is cut off',
    'a.xlsx',
    Buffer.from('PK\x03\x04\x14\0xl/workbook.xml', 'latin1'),
    /^a\.xlsx: the workbook is damaged/,
  ],
  ['a web page', 'a.txt', '<html><body>hi</body></html>\n', /is an HTML page/],
  ['a NUL within a line', 'a.jsonl', `${lines}{"text":"\0"}`, /:3: the line holds a NUL byte/],
  [
    'other fields',
    'a.jsonl',
    '{"body": "hi", "category": "a"}\n',
    /:1: there is no field "text" .*the fields are "body", "category"\. --text-column and --label-column name/,
  ],
  [
    'one object over several lines',
    'a.json',
    '{\n  "text": "a",\n  "label": "b"\n}\n',
    /:1: .*must be on one line; `jq -c \.`/,
  ],
  [
    'an array around everything',
    'a.json',
    JSON.stringify({ data: objects }),
    /:1: .*the fields are "data"/,
  ],
  [
    'an array that is cut off',
    'a.json',
    JSON.stringify(objects).slice(0, -1),
    /the JSON array is cut off: its \] is missing/,
  ],
  [
    'text behind an array',
    'a.json',
    `${JSON.stringify(objects)}\n{}`,
    /:2: something follows the JSON array/,
  ],
  [
    'a missing item',
    'a.json',
    '[{"text":"a","label":"b"},]',
    /an item is missing before or after a comma/,
  ],
  [
    'an array of strings',
    'a.json',
    '["a"]',
    /:1: item 1 is JSON, but not an object: it is a string/,
  ],
  [
    'a wrong label in an array',
    'a.json',
    '[\n{"text":"a","label":"b"},\n{"text":"a","label":0.5}]',
    /^a\.json:3: item 2: the label is the number 0\.5/,
  ],
  ['plain text', 'a.txt', 'hello\n', /:1: .*one JSON object per line is expected/],
  ['an empty array', 'a.json', '[]', /has no examples/],
  [
    'null for labels',
    'a.jsonl',
    '{"text":"a","labels":["x"]}\n{"text":"b","labels":null}\n',
    /:2: the field "labels" is null; write \[\]/,
  ],
  [
    'a column without a name that is missing',
    'a.csv',
    'hello,a\nbye,b\n',
    /:1: there is no column "text".*The first line must name the columns/,
  ],
])('refuses %s', async (_, name, content, message) => {
  await expect(read(name, content)).rejects.toMatchObject({
    code: 'dataset_invalid',
    message: expect.stringMatching(message),
  })
})

test('a table without quoting: a warning by default, every row with quotes none', async () => {
  const tsv = 'text\tlabel\nFirst\ta\n"Second thing\tb\nThird thing\ta\nFifth thing"\ta\nSixth\tb\n'
  const quoted = await read('a.tsv', tsv)
  expect(quoted.pairs).toHaveLength(3)
  expect(quoted.notes[1]).toMatch(
    /^warning: a\.tsv: 1 row has a quoted field over several lines, first at line 3\. .*--quotes none/,
  )
  const plain = await read('a.tsv', tsv, { quotes: 'none' })
  expect(plain.pairs.map(([text]) => text)).toEqual([
    'First',
    '"Second thing',
    'Third thing',
    'Fifth thing"',
    'Sixth',
  ])
  expect(plain.notes).toEqual(['format: a.tsv: read as a table separated by tabs, without quotes'])
})

test('a quote inside a field is a character, and a quoted field may hold the delimiter', async () => {
  const { pairs } = await read('a.tsv', 'text\tlabel\n"quoted\ttab"\ta\nplain "q" in\tb\n')
  expect(pairs).toEqual([
    ['quoted\ttab', 'a'],
    ['plain "q" in', 'b'],
  ])
})

test('the line of a row counts what is above it, whatever it is', async () => {
  const table = 'sep=,\n\ntext,label\n"two\nlines",a\n\n\nbye\n'
  await expect(read('a.csv', table)).rejects.toThrow(
    /^a\.csv:8: the row has 1 field and the header 2.*line 4 begins a quoted field over several lines/,
  )
})

const big = ['9007199254740993', '9007199254740992', '18446744073709551615', '-9007199254740993']
test('numbers that are names keep every digit', async () => {
  const rows = big.map(
    (digits) =>
      `{"text":"t ${digits}","label":${digits},"id":${digits},"attributes":{"n":${digits}}}`,
  )
  for (const content of [`${rows.join('\n')}\n`, `[${rows.join(',')}]`]) {
    const { examples } = await read('a.json', content)
    expect(examples.map(({ id, label, attributes }) => [id, label, attributes])).toEqual(
      big.map((digits) => [digits, digits, { n: digits }]),
    )
  }
  const sets = await read('a.jsonl', `{"text":"a","labels":[${big.join(',')}]}\n`)
  expect(sets.examples[0]!.labels).toEqual([...big].sort())
  const table = await read('a.csv', `id,text,label\n${big[0]},a,${big[1]}\n`)
  expect(table.examples).toEqual([{ id: big[0], text: 'a', label: big[1] }])
})

test.each([
  ['1.0', '1'],
  ['1e3', '1000'],
  ['-5', '-5'],
  ['true', 'true'],
])('the label %s is "%s"', async (label, name) => {
  expect((await read('a.jsonl', `{"text":"a","label":${label}}\n`)).pairs).toEqual([['a', name]])
})

test.each([
  [
    '0.5',
    /the label is the number 0\.5, but labels are names: write it as a string, such as "0\.5"/,
  ],
  ['9007199254740993.0', /a number beyond 2\^53, which loses digits/],
  ['1e400', /the label is the number Infinity/],
  ['{}', /must be a string with visible characters, not an object/],
  ['"\\u200b"', / is empty; it must be /],
])('the label %s is refused', async (label, message) => {
  await expect(read('a.jsonl', `{"text":"a","label":${label}}\n`)).rejects.toThrow(message)
  await expect(read('a.jsonl', `{"text":"a","labels":[${label}]}\n`)).rejects.toMatchObject({
    code: 'dataset_invalid',
  })
})

test('an id with a fraction is refused', async () => {
  const line = '{"id":0.1,"text":"a","label":"b"}\n'
  await expect(read('a.jsonl', line)).rejects.toThrow(/:1: the id is 0\.1, .*write it as a string/)
})

test('texts of invisible characters are empty', async () => {
  const texts = ['\\u200b\\u200b', '\\ufe0f', '\\u202a\\u202c', '\\u2060\\ufeff', '\\u00ad', ' ']
  const content = texts.map((text) => `{"text":"${text}","label":"a"}\n`).join('')
  const { manifest } = await read('a.jsonl', `${content}{"text":"b","label":"b"}\n`)
  expect(manifest).toMatchObject({ examples: 1, emptyTexts: texts.length })
  await expect(read('a.jsonl', content)).rejects.toThrow(/no examples, only 6 empty texts/)
})

test('Parquet is read by its content, compressed and from pieces', async () => {
  const parquet = new URL('../../tests/fixtures/rows-none.parquet', import.meta.url)
  const { readFile } = await import('node:fs/promises')
  const content = await readFile(parquet)
  const path = join(folder, 'rows.bin')
  const temporary = join(folder, 'temporary')
  await mkdir(temporary)
  vi.stubEnv('TMPDIR', temporary)
  await writeFile(path, content)
  expect((await readInput({ ...fileSource(path), path })).pairs).toHaveLength(50)
  const { manifest } = await readInput({ ...fileSource(path), path })
  expect(manifest.from).toMatchObject({ file: { bytes: content.length } })
  for (const [name, bytes] of [
    ['stdin', content],
    ['rows.parquet.gz', gzipSync(content)],
    ['rows.parquet.zst', zstdCompressSync(content)],
  ] as const) {
    expect((await read(name, bytes)).pairs).toHaveLength(50)
    await writeFile(path, bytes)
    expect((await readInput({ ...fileSource(path), path })).pairs).toHaveLength(50)
  }
  expect(await readdir(temporary)).toEqual([])
  vi.unstubAllEnvs()
  await expect(read('a.csv', content, { format: 'csv' })).rejects.toThrow(/is a Parquet file/)
})

test.each([
  ['jsonl', '[{"text":"a"}]', /the line is JSON, but not an object: it is an array/],
  ['json', lines, /this is not a JSON array/],
  ['text', lines, /plain text has no labels/],
  ['csv', lines, /the row is not valid CSV/],
  ['parquet', lines, /stdin: this is not a Parquet file/],
] as const)('%s that is asked for is not guessed', async (format, content, message) => {
  await expect(read('stdin', content, { format })).rejects.toThrow(message)
})

test('an item over the limit is refused without reading on', async () => {
  const chunk = Buffer.alloc(1 << 20, 'a')
  let chunks = 0
  const endless = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('[{"text":"')
    for (;;) {
      chunks++
      yield chunk
    }
  }
  await expect(readInput({ name: 'endless.json', bytes: endless() })).rejects.toThrow(
    /endless\.json:1: item 1 is longer than 32 MiB/,
  )
  expect(chunks).toBeLessThan(lineBytesMax / chunk.length + 3)
})

test('names a folder and a file that is not there', async () => {
  await expect(readInput({ ...fileSource(folder), path: folder })).rejects.toThrow(
    /this is a folder/,
  )
  const path = join(folder, 'none.csv')
  await expect(readInput({ ...fileSource(path), path })).rejects.toThrow(/there is no such file/)
})
