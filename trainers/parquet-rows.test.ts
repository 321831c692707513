// Parquet files written by Apache Arrow: every compression, several row groups, and files that are
// damaged or hold what is no labelled text.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseDatasetSource } from './dataset-source.ts'
import { readDataset } from './dataset.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'winnow-parquet-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../tests/fixtures/rows-${name}.parquet`, import.meta.url))
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
  ['null-label', /row 2: the field "label" must be .*, and is null/],
])('refuses %s', async (name, message) => {
  await expect(read(fixture(name))).rejects.toMatchObject({
    code: 'dataset_invalid',
    message: expect.stringMatching(message),
  })
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
    ['text', 'spam, ham\n', /no Parquet file/],
    ['half', whole.subarray(0, 900), /no Parquet file/],
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
