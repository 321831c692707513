// Reading labelled texts: what is accepted, and that each defect is named with its line.
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { labelIndices, parseDatasetSource, readDataset, trainingLabels } from './dataset.ts'
import { lineBytesMax, type ByteSource } from './text-lines.ts'

const good =
  '{"text":"free money","label":"spam"}\n{"text":"see you at noon","label":"ham","id":"b"}\n'

function bytesOf(content: string | Uint8Array, chunkBytes = 7): ByteSource {
  const bytes = Buffer.from(content)
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < bytes.length; i += chunkBytes) yield bytes.subarray(i, i + chunkBytes)
  }
  return { name: 'folder/mails.jsonl', bytes: chunks() }
}

test('reads texts, labels and ids, and describes them', async () => {
  const { examples, manifest } = await readDataset(bytesOf(good))
  expect(examples).toEqual([
    { id: undefined, text: 'free money', label: 'spam' },
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
  const [plain, other] = [await readDataset(bytesOf(good)), await readDataset(bytesOf(content))]
  expect(other.manifest).toEqual(plain.manifest)
})

test('the content hash changes with a text, a label and the order', async () => {
  const [first = '', second = ''] = good.split('\n')
  const variants = [
    good,
    good.replace('noon', 'one'),
    good.replace('ham', 'eggs'),
    `${second}\n${first}`,
  ]
  const hashes = new Set<string>()
  for (const variant of variants) hashes.add((await readDataset(bytesOf(variant))).manifest.sha256)
  expect(hashes.size).toBe(variants.length)
})

test('whole numbers and booleans are labels too', async () => {
  const { examples } = await readDataset(
    bytesOf('{"text":"a","label":0}\n{"text":"b","label":true}'),
  )
  expect(examples.map(({ label }) => label)).toEqual(['0', 'true'])
})

test('a label named like a property of objects is a label', async () => {
  const dataset = await readDataset(
    bytesOf('{"text":"a","label":"__proto__"}\n{"text":"b","label":"constructor"}'),
  )
  expect(trainingLabels(dataset)).toEqual(['__proto__', 'constructor'])
})

const invalidUtf8 = Buffer.concat([Buffer.from(`${good}{"text":"`), Buffer.from([0xc3, 0x28])])
test.each([
  ['broken JSON', `${good}{"text":`, /mails\.jsonl:3: .*not valid JSON/],
  ['an array', `${good}[1]`, /:3: .*not an object/],
  ['no text', `${good}{"label":"ham"}`, /:3: the field "text" is missing/],
  [
    'a text of another type',
    `${good}{"text":5,"label":"ham"}`,
    /:3: .*"text" must be a string, and is a number/,
  ],
  ['an empty text', `${good}{"text":" ","label":"ham"}`, /:3: the text is empty/],
  ['half a surrogate pair', `${good}{"text":"\\ud83d","label":"ham"}`, /:3: .*surrogate/],
  ['no label', `${good}{"text":"x"}`, /:3: the field "label" is missing/],
  ['a null label', `${good}{"text":"x","label":null}`, /:3: .*"label" must be .*, and is null/],
  ['an empty label', `${good}{"text":"x","label":""}`, /:3: .*"label" must be .*, and is empty/],
  ['a broken line after blank ones', `\n\n${good}\n}`, /:6: /],
  ['invalid UTF-8', invalidUtf8, /:3: .*UTF-8/],
  ['nothing', '\n\n', /has no examples/],
  ['cut-off gzip', gzipSync(good.repeat(99)).subarray(0, 60), /gzip data is damaged or cut off/],
])('refuses %s', async (_, content, message) => {
  const reading = readDataset(bytesOf(content))
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
  const reading = readDataset({ name: 'endless', bytes: endless() })
  await expect(reading).rejects.toMatchObject({ code: 'dataset_invalid' })
  expect(chunks).toBeLessThan(lineBytesMax / chunk.length + 3)
})

test('names a file that is not there', async () => {
  const reading = readDataset({ kind: 'file', path: '/nowhere/mails.jsonl' })
  await expect(reading).rejects.toMatchObject({
    code: 'dataset_invalid',
    message: '/nowhere/mails.jsonl: there is no such file',
  })
})

test('refuses to train with one label, and to test with labels unseen in training', async () => {
  const dataset = await readDataset(bytesOf(good))
  const single = await readDataset(bytesOf('{"text":"a","label":"ham"}'))
  expect(() => trainingLabels(single)).toThrow(/every example has the label "ham"/)
  expect(() => labelIndices(dataset, ['ham', 'eggs'])).toThrow(/not seen in training: "spam"/)
  const none = await readDataset(bytesOf(`${good}{"text":"a","label":"winnow.none"}`))
  expect(() => trainingLabels(none)).toThrow(/winnow\.none stands for/)
  expect(labelIndices(dataset, ['ham', 'spam'])).toEqual(Int32Array.of(1, 0))
})

test('a topic is not a source yet', () => {
  expect(() => parseDatasetSource('topic:winnow.events@0..10')).toThrow(/not supported yet/)
  expect(parseDatasetSource('mails.jsonl.gz')).toEqual({ kind: 'file', path: 'mails.jsonl.gz' })
})
