// Versions with the same weights share one file; a copy takes its place where that is not possible.
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { spamManifest } from '../../tests/support/version-draft.ts'
import { createMemoryObjects } from '../../tests/support/memory-objects.ts'
import { sha256OfBytes } from '../runtime/file-hash.ts'
import { linkWeights } from './shared-weights.ts'
import { downloadVersion } from './version-download.ts'
import type { ModelVersion } from './version-files.ts'
import { diskUse } from './version-size.ts'
import { openVersion, writeVersion } from './version-store.ts'
import { uploadVersion } from './version-upload.ts'

const weights = Buffer.alloc(100_000, 7)
let dir: string
let storeDir: string
let weightsPath: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-shared-'))
  storeDir = join(dir, 'store')
  weightsPath = join(dir, 'weights')
  await writeFile(weightsPath, weights)
})

afterEach(() => rm(dir, { recursive: true }))

function write(name: string, into = storeDir): Promise<ModelVersion> {
  return writeVersion({
    storeDir: into,
    name,
    manifest: spamManifest,
    model: { bytes: Buffer.from(`graph of ${name}`) },
    weights: { path: weightsPath },
    tokenizer: { bytes: Buffer.from('{}') },
  })
}

const fileOf = ({ dir: folder }: ModelVersion) => join(folder, 'model.onnx_data')
const inodeOf = async (version: ModelVersion) => (await stat(fileOf(version))).ino

test('versions of any name share the file, and it goes with the last of them', async () => {
  const [first, second, other] = [await write('mail'), await write('mail'), await write('other')]
  expect(first.manifest.weightsSha256).toBe(sha256OfBytes(weights))
  expect(new Set([await inodeOf(first), await inodeOf(second), await inodeOf(other)]).size).toBe(1)
  expect((await diskUse([first.dir, second.dir, other.dir])).bytes).toBeLessThan(110_000)
  await rm(first.dir, { recursive: true })
  await rm(second.dir, { recursive: true })
  expect(await readFile(fileOf(await openVersion({ ref: 'other', storeDir })))).toEqual(weights)
})

test('a damaged file is named, and not passed on', async () => {
  const first = await write('mail')
  await appendFile(fileOf(first), 'x')
  await expect(openVersion({ ref: 'mail', storeDir })).rejects.toMatchObject({
    code: 'model_corrupt',
    message: expect.stringContaining('model.onnx_data has the SHA-256'),
  })
  const second = await write('mail')
  expect(await inodeOf(second)).not.toBe(await inodeOf(first))
  expect(await readFile(fileOf(second))).toEqual(weights)
})

test('where no link is possible, nothing is written', async () => {
  await write('mail')
  const wanted = { storeDir, sha256: sha256OfBytes(weights) }
  expect(await linkWeights(join(dir, 'nowhere', 'model.onnx_data'), wanted)).toBe(false)
  expect(await linkWeights(join(dir, 'linked'), { ...wanted, sha256: '0'.repeat(64) })).toBe(false)
})

test('a version that is fetched shares what is here, and brings what is not', async () => {
  const objects = createMemoryObjects()
  const there = join(dir, 'there')
  for (const name of ['mail', 'other']) {
    await uploadVersion({ objects, version: await write(name, there) })
  }
  const streamed: string[] = []
  objects.before = (call, key) => {
    if (call === 'stream') streamed.push(key)
  }
  const first = await downloadVersion({ objects, storeDir, name: 'mail', version: '1' })
  const second = await downloadVersion({ objects, storeDir, name: 'other', version: '1' })
  expect(await inodeOf(first)).toBe(await inodeOf(second))
  expect(streamed.filter((key) => key.endsWith('_data'))).toEqual([
    'versions/mail/1/model.onnx_data',
  ])
})

test('a version without its weights is not uploaded', async () => {
  const version = await write('mail')
  await rm(fileOf(version))
  await expect(uploadVersion({ objects: createMemoryObjects(), version })).rejects.toMatchObject({
    code: 'model_corrupt',
  })
})
