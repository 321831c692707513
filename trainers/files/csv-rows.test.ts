// Delimited text: what counts as a table, and that each defect is named with its line.
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { collectDataset } from '../data/dataset.ts'
import { fileRows } from './file-rows.ts'
import { defaultColumns, type RowColumns } from './row-columns.ts'
import { lineBytesMax } from './text-lines.ts'

function read(content: string | Uint8Array, columns: RowColumns = defaultColumns, chunkBytes = 11) {
  const bytes = Buffer.from(content)
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < bytes.length; i += chunkBytes) yield bytes.subarray(i, i + chunkBytes)
  }
  return collectDataset(
    fileRows({ name: 'folder/mails.csv', bytes: chunks() }, { columns, need: 'text and label' }),
    { columns },
  )
}

const good = 'label,text\nspam,"free, ""real"" money\nnow"\nham,see you at noon\n'
const expected = [
  { text: 'free, "real" money\nnow', label: 'spam' },
  { text: 'see you at noon', label: 'ham' },
]

test.each([
  ['commas', good],
  ['gzip', gzipSync(good)],
  ['a byte order mark', `\uFEFF${good}`],
  ['Windows line ends', good.replaceAll('\n', '\r\n')],
  ['blank lines', `\n\n${good}\n\n`],
  ['no newline at the end', good.trimEnd()],
  ['semicolons', 'label;text\nspam;"free, ""real"" money\nnow"\nham;see you at noon'],
  ['tabs', 'label\ttext\nspam\t"free, ""real"" money\nnow"\nham\tsee you at noon'],
  ['bars', 'label|text\nspam|"free, ""real"" money\nnow"\nham|see you at noon'],
  ['quoted names', good.replace('label,text', '"label", "text"').replace(' ', '')],
])('reads %s', async (_, content) => {
  expect((await read(content)).examples).toEqual(expected)
})

test('id and time mean what they do elsewhere, other columns are attributes', async () => {
  const { examples } = await read(
    'id,body,class,time,team,empty\n7,hello,x,2026-01-31T12:00:00Z,red,\n,bye,y,,blue,\n',
    { text: 'body', label: 'class' },
  )
  expect(examples).toEqual([
    {
      id: '7',
      text: 'hello',
      label: 'x',
      time: Date.parse('2026-01-31T12:00:00Z'),
      attributes: { team: 'red', empty: '' },
    },
    { text: 'bye', label: 'y', attributes: { team: 'blue', empty: '' } },
  ])
})

test('what a table holds comes back, whatever the chunks', async () => {
  const cell = fc.string({
    unit: fc.constantFrom('a', '"', ',', '\n', ';', 'ü', '😀'),
    minLength: 1,
  })
  const rows = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 8 })
  const quoted = (value: string): string => `"${value.replaceAll('"', '""')}"`
  await fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 1, max: 40 }), async (cells, chunkBytes) => {
      const kept = cells.filter((pair) => pair.every((value) => value.trim() !== ''))
      fc.pre(kept.length > 0)
      const lines = kept.map((pair) => pair.map(quoted).join(','))
      const content = `text,label\n${lines.join('\n')}\n`
      const { examples } = await read(content, defaultColumns, chunkBytes)
      expect(examples.map(({ text, label }) => [text, label])).toEqual(kept)
    }),
    { numRuns: 60 },
  )
})

const invalidUtf8 = Buffer.concat([Buffer.from(good), Buffer.from([0x68, 0xe9, 0x2c, 0x0a])])
test.each([
  [
    'a missing column',
    'text,labell\na,b\n',
    /:1: there is no column "label" for the label; the columns are "text", "labell".*mean --label-column labell/,
  ],
  ['no header', 'free money,spam\nsee you,ham\n', /:1: there is no column "text"/],
  ['a column named twice', 'text,label,text\na,b,c\n', /:1: .*"text" twice/],
  [
    'a row with too many fields',
    `${good}ham,hello, you\n`,
    /:5: the row has 3 fields and the header 2/,
  ],
  ['a row with too few fields', `${good}ham\n`, /:5: the row has 1 field /],
  ['an empty label', `${good},hello\n`, /:5: .*"label" is empty; it must be /],
  ['a quote inside a field', `${good}ham,"a"b\n`, /:5: the row is not valid CSV/],
  [
    'a quote that is never closed',
    `${good}ham,"hello\n\n\n`,
    /:5: a quote is opened and never closed/,
  ],
  ['Latin-1', invalidUtf8, /:5: the line is not valid UTF-8/],
  [
    'UTF-16',
    Buffer.from(`\uFEFF${good}`, 'utf16le'),
    /mails\.csv: the file is UTF-16; save it as UTF-8/,
  ],
  ['nothing', '\n\n', /has no examples/],
  ['a header alone', 'text,label\n', /has no examples/],
  ['cut-off gzip', gzipSync(good.repeat(99)).subarray(0, 60), /gzip data is damaged or cut off/],
])('refuses %s', async (_, content, message) => {
  await expect(read(content)).rejects.toMatchObject({
    code: 'dataset_invalid',
    message: expect.stringMatching(message),
  })
})

test('refuses a line over the limit without reading on', async () => {
  const chunk = Buffer.alloc(1 << 20, 'a')
  let chunks = 0
  const endless = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from(good)
    for (;;) {
      chunks++
      yield chunk
    }
  }
  const rows = fileRows(
    { name: 'endless.csv', bytes: endless() },
    { columns: defaultColumns, need: 'text and label' },
  )
  await expect(collectDataset(rows)).rejects.toMatchObject({
    code: 'dataset_invalid',
    message: 'endless.csv:5: the line is longer than 32 MiB',
  })
  expect(chunks).toBeLessThan(lineBytesMax / chunk.length + 3)
})
