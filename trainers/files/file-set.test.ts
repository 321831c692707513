// The files behind addresses: paths, folders, globs, standard input and objects of a bucket.
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createMemoryObjects } from '../../tests/support/memory-objects.ts'
import { parseDatasetSource } from './dataset-source.ts'
import { fileSetRows } from './file-rows.ts'
import { localFiles, openFileSet, type FileAccess } from './file-set.ts'
import { defaultColumns } from './row-columns.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'winnow-set-'))
  await mkdir(join(folder, 'year/02'), { recursive: true })
  await mkdir(join(folder, 'empty'))
  const line = (text: string) => `${JSON.stringify({ text, label: 'a' })}\n`
  await writeFile(join(folder, 'b.csv'), 'text,label\nfrom b,a\n')
  await writeFile(join(folder, 'a.jsonl.gz'), gzipSync(line('from a')))
  await writeFile(join(folder, 'c.jsonl.zst'), zstdCompressSync(line('from c')))
  await writeFile(join(folder, 'README.md'), '# Not texts')
  await writeFile(join(folder, '.hidden.csv'), 'x')
  await writeFile(join(folder, '_SUCCESS'), '')
  await writeFile(join(folder, 'year/02/part-1.jsonl'), line('part 1') + line('part 1b'))
  await writeFile(join(folder, 'year/02/part-0.jsonl'), line('part 0'))
  await writeFile(join(folder, 'odd[1].jsonl'), line('odd'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function read(addresses: readonly string[], access: FileAccess = {}) {
  const reading = fileSetRows(addresses, {
    columns: defaultColumns,
    need: 'text and label',
    access,
  })
  const rows: unknown[] = []
  for await (const { text, file } of reading.rows) rows.push([text, file?.replace(folder, '')])
  return { rows, name: reading.name, facts: reading.facts() }
}

test('a file', async () => {
  const { rows, name, facts } = await read([join(folder, 'b.csv')])
  expect({ rows, name }).toEqual({ rows: [['from b', undefined]], name: 'b.csv' })
  expect(facts).toMatchObject({ file: { bytes: 20 } })
})

test('a folder, sorted, without what is no data', async () => {
  const { rows, facts } = await read([folder])
  expect(rows).toEqual([
    ['from a', '/a.jsonl.gz'],
    ['from b', '/b.csv'],
    ['from c', '/c.jsonl.zst'],
    ['odd', '/odd[1].jsonl'],
  ])
  const files = [{ name: 'a.jsonl.gz' }, { name: 'b.csv', bytes: 20 }, {}, {}]
  expect(facts).toMatchObject({ files })
})

test('globs and several addresses, in their order', async () => {
  const { rows, name } = await read([join(folder, 'year/**/*.jsonl'), join(folder, 'b.csv')])
  expect(rows).toEqual([
    ['part 0', '/year/02/part-0.jsonl'],
    ['part 1', '/year/02/part-1.jsonl'],
    ['part 1b', '/year/02/part-1.jsonl'],
    ['from b', '/b.csv'],
  ])
  expect(name).toBe('*.jsonl and 1 more')
})

test('a file whose name looks like a pattern', async () => {
  expect((await read([join(folder, 'odd[1].jsonl')])).rows).toEqual([['odd', undefined]])
})

test.each([
  ['missing.csv', /missing\.csv: there is no such file/],
  ['*.parquet', /\*\.parquet: no file matches this pattern/],
  ['empty', /empty: the folder has no file of texts \(\.jsonl, .*\.xlsx\)$/],
  ['year', /; name those further below with a pattern, '.*year\/\*\*\/\*\.csv'/],
])('refuses %s', async (address, message) => {
  const reading = localFiles(join(folder, address))
  await expect(reading).rejects.toThrow(message)
  await expect(reading).rejects.toMatchObject({ code: 'dataset_invalid' })
})

test.skipIf(process.getuid?.() === 0)('refuses a file that this user may not read', async () => {
  const path = join(folder, 'secret.csv')
  await writeFile(path, 'x')
  await chmod(path, 0)
  await expect(localFiles(path)).rejects.toThrow(/secret\.csv: .*permission/)
  await rm(path)
})

test('standard input, where the caller passes it in', async () => {
  const stdin = async function* () {
    await Promise.resolve()
    yield Buffer.from('text,label\nfrom stdin,a\n')
  }
  expect((await read(['-'], { stdin })).rows).toEqual([['from stdin', undefined]])
  await expect(read(['-'])).rejects.toThrow(/standard input cannot be read here/)
})

test('objects of a bucket: one, a folder, a pattern', async () => {
  const store = createMemoryObjects()
  const put = (key: string, content: string | Buffer) =>
    store.write(key, { bytes: Buffer.from(content) })
  await put('mails/b.csv.zst', zstdCompressSync('text,label\nb,x\n'))
  await put('mails/a.csv', 'text,label\na,x\n')
  await put('mails/_SUCCESS', '')
  await put('mails/old/c.csv', 'text,label\nc,x\n')
  const opened: string[] = []
  const openBucket = (bucket: string) => {
    opened.push(bucket)
    return Promise.resolve(store)
  }
  const texts = async (...addresses: string[]) =>
    (await read(addresses, { openBucket })).rows.map((row) => (row as string[])[0])
  expect(await texts('s3://texts/mails/a.csv')).toEqual(['a'])
  expect(await texts('s3://texts/mails/')).toEqual(['a', 'b'])
  expect(await texts('s3://texts/mails/**/*.csv')).toEqual(['a', 'c'])
  expect(await texts('s3://texts/mails/*.csv*', 's3://other/mails/old/c.csv')).toEqual([
    'a',
    'b',
    'c',
  ])
  expect(opened).toEqual(['texts', 'texts', 'texts', 'texts', 'other'])
  await expect(texts('s3://texts/none.csv')).rejects.toThrow(
    's3://texts/none.csv: there is no such object',
  )
  await expect(texts('s3://texts/none/')).rejects.toThrow(/no file of texts below this address/)
  await expect(texts('s3://texts/*.txt')).rejects.toThrow(/no object matches this pattern/)
  await expect(texts('s3://texts')).rejects.toMatchObject({ code: 'usage' })
  await expect(openFileSet(['s3://texts/a.csv'], {})).rejects.toMatchObject({ code: 'usage' })
})

test('an error names the file of the row', async () => {
  const path = join(folder, 'year/02/part-9.jsonl')
  await writeFile(path, 'no json\n')
  await expect(read([join(folder, 'year/02')])).rejects.toThrow(`${path}:1: `)
  await rm(path)
})

test('several sources are all files', () => {
  expect(parseDatasetSource(['a.csv', 's3://b/c'])).toEqual({
    kind: 'file',
    paths: ['a.csv', 's3://b/c'],
  })
  expect(parseDatasetSource(['topic:t'])).toMatchObject({ kind: 'topic' })
  expect(() => parseDatasetSource(['a.csv', 'topic:t'])).toThrow(/must all be files/)
})
