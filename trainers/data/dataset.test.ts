// Reading labelled texts: what is accepted, and that each error names its line.
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { parseDatasetSource } from '../files/dataset-source.ts'
import { collectDataset, labelIndices, readDataset, trainingLabels } from './dataset.ts'
import { fileRows } from '../files/file-rows.ts'
import type { ByteSource } from '../files/plain-bytes.ts'
import { defaultColumns } from '../files/row-columns.ts'
import { lineBytesMax } from '../files/text-lines.ts'

const good =
  '{"text":"free money","label":"spam"}\n{"text":"see you at noon","label":"ham","id":"b"}\n'

function read(source: ByteSource) {
  return collectDataset(fileRows(source, { columns: defaultColumns, need: 'text and label' }))
}

function bytesOf(content: string | Uint8Array): ByteSource {
  const bytes = Buffer.from(content)
  const chunkBytes = 7
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < bytes.length; i += chunkBytes) yield bytes.subarray(i, i + chunkBytes)
  }
  return { name: 'folder/mails.jsonl', bytes: chunks() }
}

test('reads texts, labels and ids, and describes them', async () => {
  const { examples, manifest } = await read(bytesOf(good))
  expect(examples).toEqual([
    { text: 'free money', label: 'spam' },
    { id: 'b', text: 'see you at noon', label: 'ham' },
  ])
  expect(manifest).toMatchObject({
    source: 'mails.jsonl',
    examples: 2,
    labels: { ham: 1, spam: 1 },
  })
  expect(manifest.sha256).toMatch(/^[0-9a-f]{64}$/)
})

test.each([
  ['gzip', gzipSync(good)],
  ['a byte order mark', `\uFEFF${good}`],
  ['Windows line ends', good.replaceAll('\n', '\r\n')],
  ['blank lines', `\n  \n${good}\n`],
  ['no newline at the end', good.trimEnd()],
  ['other fields and ids', good.replace('"id":"b"', '"id":7,"x":null')],
])('%s makes no difference to the content hash', async (_, content) => {
  const [plain, other] = [await read(bytesOf(good)), await read(bytesOf(content))]
  expect(other.manifest.sha256).toBe(plain.manifest.sha256)
  expect(other.manifest.labels).toEqual(plain.manifest.labels)
})

test('the content hash depends on texts and labels, not on the order', async () => {
  const [first = '', second = ''] = good.split('\n')
  const variants = [
    good,
    good.replace('noon', 'one'),
    good.replace('ham', 'eggs'),
    `${good}${first}\n`,
  ]
  const hashes = new Set<string>()
  for (const variant of variants) hashes.add((await read(bytesOf(variant))).manifest.sha256)
  expect(hashes.size).toBe(variants.length)
  const turned = await read(bytesOf(`${second}\n${first}`))
  expect(hashes).toContain(turned.manifest.sha256)
})

test('accepts integers and booleans as labels', async () => {
  const { examples } = await read(bytesOf('{"text":"a","label":0}\n{"text":"b","label":true}'))
  expect(examples.map(({ label }) => label)).toEqual(['0', 'true'])
})

test('accepts a label that is named like a property of Object', async () => {
  const dataset = await read(
    bytesOf('{"text":"a","label":"__proto__"}\n{"text":"b","label":"constructor"}'),
  )
  expect(trainingLabels(dataset)).toEqual(['__proto__', 'constructor'])
})

const invalidUtf8 = Buffer.concat([Buffer.from(`${good}{"text":"`), Buffer.from([0xc3, 0x28])])
test.each([
  ['broken JSON', `${good}{"text":`, /mails\.jsonl:3: .*not valid JSON/],
  ['an array', `${good}[1]`, /:3: .*not an object/],
  [
    'no text',
    `${good}{"label":"ham"}`,
    /:3: there is no field "text" .*; the fields are "label"\. --text-column/,
  ],
  [
    'a text of another type',
    `${good}{"text":5,"label":"ham"}`,
    /:3: .*"text" must be a string, not a number/,
  ],
  ['half a surrogate pair', `${good}{"text":"\\ud83d","label":"ham"}`, /:3: .*surrogate/],
  [
    'no label',
    `${good}{"text":"x"}`,
    /:3: there is no field "label" .*; the fields are "text"\. --label-column/,
  ],
  ['a null label', `${good}{"text":"x","label":null}`, /:3: .*"label" must be .*, not null/],
  ['an empty label', `${good}{"text":"x","label":""}`, /:3: .*"label" is empty; it must be /],
  ['a broken line after blank ones', `\n\n${good}\n}`, /:6: /],
  ['invalid UTF-8', invalidUtf8, /:3: .*UTF-8/],
  ['nothing', '\n\n', /has no examples/],
  ['cut-off gzip', gzipSync(good.repeat(99)).subarray(0, 60), /gzip data is damaged or cut off/],
])('refuses %s', async (_, content, message) => {
  const reading = read(bytesOf(content))
  await expect(reading).rejects.toMatchObject({
    code: 'dataset_invalid',
    message: expect.stringMatching(message),
  })
})

test('refuses a line over the limit without reading on', async () => {
  const chunk = Buffer.alloc(1 << 20, 'a')
  let chunks = 0
  const endless = async function* (): AsyncGenerator<Uint8Array> {
    for (;;) {
      chunks++
      yield chunk
    }
  }
  const reading = read({ name: 'endless', bytes: endless() })
  await expect(reading).rejects.toMatchObject({ code: 'dataset_invalid' })
  expect(chunks).toBeLessThan(lineBytesMax / chunk.length + 3)
})

test('names a file that does not exist', async () => {
  const reading = readDataset({ kind: 'file', paths: ['/nowhere/mails.jsonl'] })
  await expect(reading).rejects.toMatchObject({
    code: 'dataset_invalid',
    message: '/nowhere/mails.jsonl: there is no such file',
  })
})

test('refuses to train with one label, and to test with labels unseen in training', async () => {
  const dataset = await read(bytesOf(good))
  const single = await read(bytesOf('{"text":"a","label":"ham"}'))
  expect(() => trainingLabels(single)).toThrow(/every example has the label "ham"/)
  expect(() => labelIndices(dataset, ['ham', 'eggs'])).toThrow(/not seen in training: "spam"/)
  const none = await read(bytesOf(`${good}{"text":"a","label":"winnow.none"}`))
  expect(() => trainingLabels(none)).toThrow(/winnow\.none is reserved for/)
  expect(labelIndices(dataset, ['ham', 'spam'])).toEqual(Int32Array.of(1, 0))
})

test('leaves out and counts empty texts, including those that cleaning empties', async () => {
  const content = `${good}{"text":" ","label":"ham"}\n{"text":"--","label":"ham"}`
  const rows = fileRows(bytesOf(content), { columns: defaultColumns, need: 'text and label' })
  const { examples, manifest } = await collectDataset(rows, {
    clean: (text) => text.replace('--', ''),
  })
  expect(examples).toHaveLength(2)
  expect(manifest).toMatchObject({ examples: 2, emptyTexts: 2 })
  await expect(read(bytesOf('{"text":"","label":"ham"}'))).rejects.toMatchObject({
    code: 'dataset_invalid',
    message: 'mails.jsonl has no examples, only 1 empty text.',
  })
})

test.each([
  ['mails.jsonl.gz', { kind: 'file', paths: ['mails.jsonl.gz'] }],
  ['a b/mails.CSV', { kind: 'file', paths: ['a b/mails.CSV'] }],
  ['topic:winnow.events@0..10', { kind: 'topic', topic: 'winnow.events', from: '0', to: '10' }],
  ['topic:winnow.events@..', { kind: 'topic', topic: 'winnow.events' }],
  ['clickhouse: SELECT 1', { kind: 'clickhouse', query: 'SELECT 1' }],
])('%s is a source', (address, source) => {
  expect(parseDatasetSource(address)).toEqual(source)
})

test.each(['', 'topic:', 'topic:a@5', 'clickhouse: '])('"%s" is not a source', (address) => {
  expect(() => parseDatasetSource(address)).toThrow(
    expect.objectContaining({ code: 'usage' }) as Error,
  )
})

test('takes the rows and the source facts from a reader that is passed in', async () => {
  const rows = async function* () {
    yield { place: 'events/0@7', text: 'free money', label: 'spam' }
  }
  const source = parseDatasetSource('topic:events@7..8')
  const readers = {
    topic: () => ({ name: 'events@7..8', rows: rows(), facts: () => ({ offsets: [[7, 8]] }) }),
  }
  const { manifest } = await readDataset(source, { readers })
  expect(manifest).toMatchObject({ source: 'events@7..8', from: { offsets: [[7, 8]] } })
  await expect(readDataset(source)).rejects.toMatchObject({ code: 'usage' })
})
