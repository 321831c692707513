// Counting the rows of a file agrees with reading them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultColumns } from './row-columns.ts'
import { countRows } from './row-count.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'winnow-count-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const count = (path: string) => countRows([path], { columns: defaultColumns })

test.each([
  ['a.jsonl', '{"text":"a"}\n\n{"text":"b"}\r\n\r\n{"text":"c"}', 3, 'exact'],
  ['a.jsonl.gz', gzipSync('{"text":"a"}\n'.repeat(70_000)), 70_000, 'exact'],
  ['a.json', '[\n{"text":"a, b"},\n{"text":"]"}\n]\n', 2, 'exact'],
  ['a.csv', 'text,label\na,b\nc,d\n', 2, 'about'],
  ['empty.csv', '', 0, 'about'],
])('%s', async (name, content, rows, accuracy) => {
  const path = join(folder, name)
  await writeFile(path, content)
  expect(await count(path)).toEqual({ rows, accuracy })
})

test('Parquet, and what is no file', async () => {
  const parquet = new URL('../../tests/fixtures/rows-zstd.parquet', import.meta.url)
  expect(await count(fileURLToPath(parquet))).toEqual({ rows: 50, accuracy: 'exact' })
  await expect(count(join(folder, 'missing.csv'))).rejects.toThrow(/there is no such file/)
})
