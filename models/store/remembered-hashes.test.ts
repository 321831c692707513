// A cached hash must never hide that a file has changed.
import { mkdtemp, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { sha256OfBytes } from '../runtime/file-hash.ts'
import * as fileHash from '../runtime/file-hash.ts'
import { rememberHashes } from './remembered-hashes.ts'

let folder: string
let path: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'winnow-hashes-'))
  path = join(folder, 'model.onnx')
})

afterEach(() => vi.restoreAllMocks())
afterAll(() => rm(folder, { recursive: true }))

const hashOf = (text: string): string => sha256OfBytes(Buffer.from(text))
/** As if so much time had gone by since the last change. */
const later = (ms: number): void => void vi.spyOn(Date, 'now').mockReturnValue(Date.now() + ms)

/** What remembers the hash of the file `weights`. */
async function rememberFile(): Promise<ReturnType<typeof rememberHashes>> {
  await writeFile(path, 'weights')
  later(10_000)
  const hashFile = rememberHashes()
  await hashFile(path)
  return hashFile
}

test('a file that stays the same is read once', async () => {
  await writeFile(path, 'weights')
  later(10_000)
  const read = vi.spyOn(fileHash, 'sha256OfFile')
  const hashFile = rememberHashes()
  expect([await hashFile(path), await hashFile(path)]).toEqual([
    hashOf('weights'),
    hashOf('weights'),
  ])
  expect(read).toHaveBeenCalledTimes(1)
})

test('a change in place is seen, also one of the same size with the old time put back', async () => {
  const hashFile = await rememberFile()
  const { atime, mtime } = await stat(path)
  await writeFile(path, 'WEIGHTS')
  await utimes(path, atime, mtime)
  expect(await hashFile(path)).toBe(hashOf('WEIGHTS'))
})

test('another file under the same name is seen', async () => {
  const hashFile = await rememberFile()
  const other = join(folder, 'other')
  await writeFile(other, 'WEIGHTS')
  await rename(other, path)
  expect(await hashFile(path)).toBe(hashOf('WEIGHTS'))
})

test('the hash of a file that was just written is not remembered', async () => {
  await writeFile(path, 'weights')
  const read = vi.spyOn(fileHash, 'sha256OfFile')
  const hashFile = rememberHashes()
  await hashFile(path)
  await hashFile(path)
  expect(read).toHaveBeenCalledTimes(2)
})

test('a file that is gone is an error, as without memory', async () => {
  const hashFile = await rememberFile()
  await rm(path)
  await expect(hashFile(path)).rejects.toMatchObject({ code: 'ENOENT' })
})

test('no more than 64 files are remembered, and the oldest goes first', async () => {
  const paths = Array.from({ length: 65 }, (_, number) => join(folder, `file-${number}`))
  for (const each of paths) await writeFile(each, each)
  later(10_000)
  const hashFile = rememberHashes()
  for (const each of paths) await hashFile(each)
  const read = vi.spyOn(fileHash, 'sha256OfFile')
  await hashFile(paths[64]!)
  expect(read).toHaveBeenCalledTimes(0)
  await hashFile(paths[0]!)
  expect(read).toHaveBeenCalledTimes(1)
})
