// Files in other encodings: as UTF-8 in pieces of any size, in every format of text.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeCorrectedCopy } from './corrected-copy.ts'
import { checkEncoding } from './decoded-bytes.ts'
import { fileRows } from './file-rows.ts'
import { defaultColumns } from './row-columns.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-encodings-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

async function read(content: Buffer, encoding: string | undefined, pieceBytes = 3) {
  const bytes = async function* () {
    await Promise.resolve()
    for (let at = 0; at < content.length; at += pieceBytes) {
      yield content.subarray(at, at + pieceBytes)
    }
  }
  const reading = { columns: defaultColumns, need: 'text and label', encoding } as const
  const pairs: unknown[] = []
  for await (const { text, label } of fileRows({ name: 'a.csv', bytes: bytes() }, reading).rows) {
    pairs.push([text, label])
  }
  return pairs
}

const table = 'text;label\nGröße fehlt – 5 €;größe\n'
/** The bytes of two characters that the code page has elsewhere than Unicode. */
const moved: Readonly<Record<string, number>> = { '–': 0x96, '€': 0x80 }
const windows = Buffer.from(Array.from(table, (one) => moved[one] ?? one.charCodeAt(0)))
const pairs = [['Größe fehlt – 5 €', 'größe']]

test.each([
  ['windows-1252', windows],
  ['utf-16le', Buffer.from(`\uFEFF${table}`, 'utf16le')],
  ['utf-16be', Buffer.from(`\uFEFF${table}`, 'utf16le').swap16()],
  ['UTF-8', Buffer.from(`\uFEFF${table}`)],
])('%s', async (encoding, content) => {
  expect(await read(content, encoding)).toEqual(pairs)
  expect(await read(gzipSync(content), encoding, 1_000)).toEqual(pairs)
})

test('another encoding than the file has', async () => {
  await expect(read(windows, undefined)).rejects.toThrow(
    /a\.csv:2: the line is not valid UTF-8; name the encoding of the file, such as --encoding/,
  )
  await expect(read(windows, 'shift_jis')).rejects.toThrow(/a\.csv: .*is not text in shift_jis|there is no column/) // prettier-ignore
  const wide = Buffer.from(`\uFEFF${table}`, 'utf16le')
  await expect(read(wide, undefined)).rejects.toThrow(/is UTF-16; .* or use --encoding utf-16le/)
})

test('an encoding that does not exist', () => {
  checkEncoding(undefined)
  expect(() => checkEncoding('windows-125')).toThrow(
    /no encoding "windows-125"; use a name such as/,
  )
})

test('a corrected copy is UTF-8', async () => {
  const path = join(dir, 'old.csv')
  await writeFile(path, windows)
  const out = join(dir, 'new.csv')
  const correct = () => ['klein']
  const options = { columns: defaultColumns, encoding: 'windows-1252', out, correct }
  expect(await writeCorrectedCopy(path, options)).toBe('csv')
  expect(await readFile(out, 'utf8')).toBe('text;label\nGröße fehlt – 5 €;klein\n')
})
