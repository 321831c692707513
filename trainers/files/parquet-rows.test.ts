// Parquet files written by Apache Arrow: every compression, several row groups, and files that are
// damaged or hold what is no labelled text.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseDatasetSource } from './dataset-source.ts'
import { readDataset } from '../data/dataset.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'winnow-parquet-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../tests/fixtures/rows-${name}.parquet`, import.meta.url))
const read = (path: string) => readDataset(parseDatasetSource(path))

test.each(['none', 'snappy', 'gzip', 'zstd', 'brotli', 'lz4'])('reads %s', async (codec) => {
  const { examples, manifest } = await read(fixture(codec))
  expect(examples).toHaveLength(50)
  expect(examples[41]).toEqual({
    id: '41',
    text: 'text number 41, ü',
    label: '2',
    attributes: { source: 'mail' },
    time: 1_700_000_000_041,
  })
  expect(manifest).toMatchObject({
    labels: { 0: 17, 1: 17, 2: 16 },
    from: { file: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } },
  })
})

test('has the content hash of the same rows as JSON lines', async () => {
  const { examples, manifest } = await read(fixture('zstd'))
  const path = join(folder, 'rows.jsonl')
  await writeFile(path, examples.map((example) => JSON.stringify(example)).join('\n'))
  expect((await read(path)).manifest.sha256).toBe(manifest.sha256)
})

test.each([
  ['broken-utf8', /row 2: the field "text" is not valid UTF-8/],
  ['null-label', /row 2: the field "label" must be .*, not null/],
])('refuses %s', async (name, message) => {
  await expect(read(fixture(name))).rejects.toMatchObject({
    code: 'dataset_invalid',
    message: expect.stringMatching(message),
  })
})

test('numbers, decimals and fixed bytes keep every digit and byte', async () => {
  const { examples } = await read(fixture('numbers'))
  expect(examples.map(({ id, text, label }) => [id, text, label])).toEqual([
    ['9007199254740993', 'one', '9007199254740993'],
    ['9007199254740992', 'two', '9007199254740992'],
    ['-9007199254740993', 'three', '18446744073709551615'],
  ])
  expect(examples.map(({ attributes }) => attributes)).toEqual([
    {
      decimal: '12345678901234567890.25',
      small: '1.5',
      whole: '9007199254740993',
      fixed: 'aa',
      uuid: '00010203-0405-0607-0809-0a0b0c0d0e0f',
    },
    expect.objectContaining({ decimal: '-0.05', small: '-2.0', whole: '-1', fixed: 'bbb' }),
    expect.objectContaining({
      decimal: '9007199254740993.00',
      small: '0.1',
      whole: '0',
      fixed: 'ü',
    }),
  ])
})

test.each([
  ['decimal', ['12345678901234567890.25', '-0.05', '9007199254740993.00']],
  ['small', ['1.5', '-2.0', '0.1']],
  ['whole', ['9007199254740993', '-1', '0']],
  ['fixed', ['aa', 'bbb', 'ü']],
])('labels from the column %s', async (label, labels) => {
  const source = parseDatasetSource(fixture('numbers'))
  const { examples } = await readDataset(source, { columns: { label } })
  expect(examples.map((example) => example.label)).toEqual(labels)
})

test('a label with a fraction is refused with its row', async () => {
  const source = parseDatasetSource(fixture('numbers'))
  await expect(readDataset(source, { columns: { label: 'float' } })).rejects.toThrow(
    /row 3: the label is the number 0\.5, but labels are names/,
  )
})

test('names missing columns and the nearest one', async () => {
  const source = parseDatasetSource(fixture('none'))
  await expect(readDataset(source, { columns: { label: 'labels' } })).rejects.toMatchObject({
    code: 'dataset_invalid',
    message: expect.stringMatching(
      /no column "labels" for the label; .* Did you mean .*column label/,
    ),
  })
})

test('refuses what is no Parquet file, an empty one, and one that is cut', async () => {
  const whole = await readFile(fixture('none'))
  const cut = Buffer.from(whole)
  cut.fill(0xff, 4, 200)
  for (const [name, content, message] of [
    ['empty', '', /the file is empty/],
    ['text', 'spam, ham\n', /not a Parquet file/],
    ['half', whole.subarray(0, 900), /not a Parquet file/],
    ['damaged', cut, /the Parquet file is damaged/],
  ] as const) {
    const path = join(folder, `${name}.parquet`)
    await writeFile(path, content)
    await expect(read(path)).rejects.toMatchObject({
      code: 'dataset_invalid',
      message: expect.stringMatching(message),
    })
  }
  await expect(read(join(folder, 'none.parquet'))).rejects.toThrow(/there is no such file/)
})
