// Packed texts come back as they were, and nothing else is taken for them.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openFolderObjects } from '../../models/store/folder-objects.ts'
import { describeExamples, type Dataset } from '../data/dataset.ts'
import { packDataset, readPackedDataset } from './packed-texts.ts'

let dir: string
beforeAll(async () => void (dir = await mkdtemp(join(tmpdir(), 'winnow-packed-'))))
afterAll(() => rm(dir, { recursive: true, force: true }))

const examples = Array.from({ length: 603 }, (_, number) => ({
  id: `e${number}`,
  text: `text ${number} \u{1F600} "quoted"\nline`,
  label: number % 2 === 0 ? 'even' : 'odd',
  attributes: { customer: `c${number % 7}` },
  time: number,
  group: number % 100,
}))
const dataset: Dataset = {
  examples,
  manifest: { ...describeExamples('texts', examples), truncatedTexts: 0, emptyTexts: 2 },
}

test('come back as they were, from the model store and from the artifact store', async () => {
  const objects = openFolderObjects(join(dir, 'objects'))
  const storeDir = join(dir, 'store')
  const packed = await packDataset(dataset, { storeDir, objects })
  expect(await packDataset(dataset, { storeDir, objects })).toEqual(packed)
  expect(await readPackedDataset(packed, { storeDir, objects: undefined })).toEqual(dataset)
  const elsewhere = join(dir, 'elsewhere')
  expect(await readPackedDataset(packed, { storeDir: elsewhere, objects })).toEqual(dataset)
  await expect(
    readPackedDataset(packed, { storeDir: elsewhere, objects: undefined }),
  ).rejects.toMatchObject({ code: 'dataset_invalid' })
})

test('are refused when they are not those that the record names', async () => {
  const storeDir = join(dir, 'damaged')
  const packed = await packDataset(dataset, { storeDir, objects: undefined })
  const path = join(storeDir, 'work', `${packed.sha256}.jsonl.gz`)
  const bytes = await readFile(path)
  const lines = gunzipSync(bytes).toString()
  const wrong = [
    bytes.subarray(0, bytes.length / 2),
    Buffer.from('no gzip'),
    gzipSync(lines.replace('text 7 ', 'text 8 ')),
    // Decompressing ends at the length that the record names.
    gzipSync(lines + ' '.repeat(5_000_000)),
    gzipSync(lines.replace('"label":"odd"', '"label":7')),
    gzipSync(''),
  ]
  for (const content of wrong) {
    await writeFile(path, content)
    await expect(readPackedDataset(packed, { storeDir, objects: undefined })).rejects.toMatchObject(
      { code: 'hash_mismatch' },
    )
  }
})
