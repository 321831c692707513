// Workbooks as openpyxl, XlsxWriter and hostile programs write them. tests/fixtures/ has the files
// and what made them.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { zipArchive, type ZipEntry } from '../../tests/support/zip-archive.ts'
import type { SourceRow } from './dataset-source.ts'
import { fileRows, fileSetRows } from './file-rows.ts'
import { defaultColumns } from './row-columns.ts'
import { openZipParts } from './xlsx/zip-parts.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'winnow-workbooks-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const fixture = (name: string) =>
  fileURLToPath(new URL(`../../tests/fixtures/workbook-${name}.xlsx`, import.meta.url))

type Reading = { sheet?: string; need?: 'text' | 'text and label' }

async function read(path: string, { need = 'text and label', sheet }: Reading = {}) {
  const notes: string[] = []
  const rows: SourceRow[] = []
  const reading = fileSetRows([path], {
    columns: defaultColumns,
    need,
    sheet,
    access: {},
    onNote: ({ text }) => notes.push(text.replaceAll(path, 'FILE')),
  })
  for await (const row of reading.rows) rows.push(row)
  return { rows, notes, facts: reading.facts() }
}

test('reads every kind of cell', async () => {
  const path = fixture('shared')
  const { rows, notes, facts } = await read(path)
  expect(notes).toEqual([
    'FILE: read as an Excel workbook',
    'FILE: the sheet "Tickets" of several; --sheet names one of 1 other sheet',
  ])
  expect(
    rows.map(({ place, number, labels, ...row }) => {
      expect(labels).toBeUndefined()
      return [place.replace(path, 'FILE'), number, row]
    }),
  ).toEqual([
    [
      'FILE (Tickets):2',
      2,
      {
        id: '1',
        text: 'I was charged twice',
        label: 'billing',
        time: '2026-01-31T09:30:00Z',
        attributes: { team: 'a & b', paid: 'true', day: '2026-01-31' },
      },
    ],
    [
      'FILE (Tickets):3',
      3,
      {
        // Cells hold doubles, so the last digit of the number was lost when it was written.
        id: '9007199254740992',
        text: 'Where is\nmy parcel? 📦',
        label: 'delivery',
        time: '2026-02-01T00:00:00Z',
        attributes: { team: '<x>', paid: 'false', day: '12:00:00' },
      },
    ],
    [
      'FILE (Tickets):5',
      5,
      {
        id: 'x-3',
        text: 'text with A',
        label: 'delivery',
        time: '',
        attributes: { team: '', paid: '', day: '' },
      },
    ],
    [
      'FILE (Tickets):6',
      6,
      {
        id: 'x-4',
        text: '=1/0',
        label: 'billing',
        time: '',
        attributes: { team: '0.1', paid: '', day: '' },
      },
    ],
  ])
  expect(facts).toMatchObject({ file: { bytes: (await readFile(path)).length } })
})

test('reads strings within cells, and dates since 1904', async () => {
  const { rows, notes } = await read(fixture('inline'))
  expect(notes).toHaveLength(1)
  expect(rows[1]).toMatchObject({
    number: 3,
    text: 'Größe 2',
    label: 'b',
    time: '2026-03-02T18:00:00Z',
    attributes: { hours: '1.5', big: '2000000000000000', quoted: '2' },
  })
})

test.each([
  ['Old tickets', ['old']],
  ['3', ['old']],
  ['1', []],
])('reads the sheet %s', async (sheet, texts) => {
  const { rows } = await read(fixture('shared'), { sheet })
  expect(rows.map(({ text }) => text)).toEqual(texts)
})

test('names the sheets when one is not there', async () => {
  await expect(read(fixture('shared'), { sheet: 'Old ticket' })).rejects.toThrow(
    /there is no sheet "Old ticket"; the sheets are "Notes", "Tickets", "Old tickets"\. Did you mean --sheet "Old tickets"\?/,
  )
})

test('reads workbooks from pieces, and compressed', async () => {
  const content = await readFile(fixture('inline'))
  for (const bytes of [content, gzipSync(content), zstdCompressSync(content)]) {
    const pieces = async function* () {
      await Promise.resolve()
      for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100)
    }
    const input = { name: 'stdin', bytes: pieces() }
    const { rows } = fileRows(input, { columns: defaultColumns, need: 'text and label' })
    const texts: unknown[] = []
    for await (const { text } of rows) texts.push(text)
    expect(texts).toEqual(['Größe 1', 'Größe 2', 'Größe 3'])
  }
})

const links = (...targets: readonly (readonly [type: string, target: string])[]) =>
  `<Relationships>${targets.map(([type, target], at) => `<Relationship Id="r${at + 1}" Type="http://x/${type}" Target="${target}"/>`).join('')}</Relationships>`

function workbookOf(sheet: string, others: readonly ZipEntry[] = []): Buffer {
  return zipArchive([
    { name: '_rels/.rels', content: links(['officeDocument', '/xl/workbook.xml']) },
    {
      name: 'xl/workbook.xml',
      content: '<x:workbook><x:sheets><x:sheet name="S" r:id="r1"/></x:sheets></x:workbook>',
    },
    {
      name: 'xl/_rels/workbook.xml.rels',
      content: links(['worksheet', 'worksheets/s.xml'], ['sharedStrings', 'strings.xml']),
    },
    { name: 'xl/worksheets/s.xml', content: sheet },
    ...others,
  ])
}

const cell = (text: string) => `<c t="inlineStr"><is><t>${text}</t></is></c>`
const header = `<row>${cell('text')}${cell('label')}</row>`
const sheetOf = (...rows: string[]) =>
  `<worksheet><sheetData>${rows.join('')}</sheetData></worksheet>`

describe('what other programs write', () => {
  async function readBytes(bytes: Buffer, reading: Reading = {}) {
    const path = join(folder, 'other.xlsx')
    await writeFile(path, bytes)
    return read(path, reading)
  }

  test('prefixes, and cells without references', async () => {
    const row = `<row>${cell('hi &amp; &#x68;i')}${cell('a')}</row>`
    const { rows } = await readBytes(workbookOf(sheetOf(header, row)))
    expect(rows).toMatchObject([{ text: 'hi & hi', label: 'a', number: 2 }])
  })

  test('dates in words, which have no zone', async () => {
    const times = `<row>${cell('text')}${cell('label')}${cell('time')}</row>`
    const row = `<row>${cell('hi')}${cell('a')}<c t="d"><v>2026-01-31T09:30:00</v></c></row>`
    const { rows } = await readBytes(workbookOf(sheetOf(times, row)))
    expect(rows[0]?.time).toBe('2026-01-31T09:30:00Z')
  })

  test('no nested entities are expanded', async () => {
    const bomb = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    const row = `<row>${cell('&b;')}${cell('a')}</row>`
    const { rows } = await readBytes(workbookOf(bomb + sheetOf(header, row)))
    expect(rows[0]?.text).toBe('&b;')
  })

  test.each([
    [
      'a cell beyond the header',
      sheetOf(header, `<row>${cell('x')}${cell('a')}${cell('b')}</row>`),
      /:2: the row has a cell in column 3/,
    ],
    ['rows in no order', sheetOf(header, '<row r="5"/>', '<row r="4"/>'), /a row has the number 4/],
    ['a row beyond the last', sheetOf('<row r="1048577"/>'), /a row has the number 1048577/],
    ['a column beyond the last', sheetOf('<row><c r="XFE1"/></row>'), /more than 16384 columns/],
    ['no cells', sheetOf(), /\(S\): no cells/],
    [
      'other columns',
      sheetOf(`<row>${cell('body')}</row>`),
      /there is no column "text".*"body".*--text-column/,
    ],
    [
      'a missing string',
      sheetOf(header, `<row><c t="s"><v>7</v></c>${cell('a')}</row>`),
      undefined,
    ],
  ])('%s', async (_, sheet, message) => {
    const reading = readBytes(workbookOf(sheet))
    if (message === undefined) expect((await reading).rows[0]?.text).toBe('')
    else await expect(reading).rejects.toThrow(message)
  })

  test('an archive that is no workbook', async () => {
    const document = [
      { name: '_rels/.rels', content: links(['officeDocument', 'word/document.xml']) },
      { name: 'word/document.xml', content: '<w:document/>' },
    ]
    await expect(readBytes(zipArchive(document))).rejects.toThrow(
      /an Office document, but no workbook/,
    )
    const other = zipArchive([{ name: 'notes.txt', content: 'hi' }])
    await expect(readBytes(other)).rejects.toThrow(/a ZIP archive, but no Excel workbook/)
  })

  test('a part that unpacks to far more than it may', async () => {
    const strings = { name: 'xl/_rels/workbook.xml.rels', content: Buffer.alloc(40 * 1024 ** 2) }
    await expect(readBytes(workbookOf(sheetOf(header), [strings]))).rejects.toThrow(
      /xl\/_rels\/workbook\.xml\.rels unpacks to more than 32 MiB; save the sheet as CSV/,
    )
  })
})

test.each([
  ['an honest one', undefined, /PART\.xml unpacks to more than 0 MiB/],
  ['one that claims less', 500, /the workbook is damaged/],
])('a bomb stops at the limit: %s', async (_, claimedBytes, message) => {
  const path = join(folder, 'bomb.zip')
  const content = Buffer.alloc(10_000_000)
  const entry = { name: 'part.xml', content, ...(claimedBytes !== undefined && { claimedBytes }) }
  await writeFile(path, zipArchive([entry]))
  const parts = await openZipParts(path, 'bomb.xlsx')
  let bytes = 0
  const reading = (async () => {
    for await (const chunk of parts.read('PART.xml', { bytesMax: 1_000 })) bytes += chunk.length
  })()
  await expect(reading).rejects.toThrow(message)
  expect(bytes).toBeLessThan(200_000)
  parts.close()
})

test(
  'a damaged workbook is read or refused, whatever byte is wrong',
  { timeout: 60_000 },
  async () => {
    const contents = await Promise.all(['shared', 'inline'].map((name) => readFile(fixture(name))))
    const path = join(folder, 'damaged.xlsx')
    const change = fc.record({
      content: fc.constantFrom(...contents),
      bytes: fc.array(fc.tuple(fc.nat(6_000), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      cut: fc.option(fc.nat(6_000), { freq: 4 }),
    })
    await fc.assert(
      fc.asyncProperty(change, async ({ content, bytes, cut }) => {
        const damaged = Buffer.from(content.subarray(0, cut ?? content.length))
        for (const [at, byte] of bytes) if (at < damaged.length) damaged[at] = byte
        await writeFile(path, damaged)
        const failure = await read(path, { need: 'text' }).then(
          () => undefined,
          (error: unknown) => error,
        )
        if (failure !== undefined) expect(failure).toMatchObject({ code: 'dataset_invalid' })
      }),
      { numRuns: 300 },
    )
  },
)
