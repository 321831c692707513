// Removes the embeddings of texts from the cache, in all spaces. An entry is overwritten in place,
// so that other processes may use the cache meanwhile; they find no such text.
import { open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { entryBytes, keyBytes, keyOf } from './embedding-cache.ts'

/** A space of the cache, and how many embeddings of the texts it has or had. */
export type ForgottenEmbeddings = { readonly path: string; readonly embeddings: number }

/**
 * Overwrites the embeddings of the texts with zeros. Where the files do not fit each other, the
 * whole space goes; it is made again when it is needed. With `dryRun` it only counts.
 */
export async function forgetEmbeddings(
  dir: string,
  texts: readonly string[],
  { dryRun }: { dryRun: boolean },
): Promise<ForgottenEmbeddings[]> {
  const keys = new Set(texts.map(keyOf))
  const found: ForgottenEmbeddings[] = []
  for (const file of await filesIn(dir)) {
    if (!file.endsWith('.index')) continue
    const space = {
      index: join(dir, file),
      rows: join(dir, file.replace(/\.index$/, '.rows')),
    }
    const index = await readFile(space.index)
    const places = placesIn(index, keys)
    if (places.length === 0) continue
    found.push({ path: space.rows, embeddings: places.length })
    if (!dryRun) await overwrite(space, { index, places })
  }
  return found
}

/** The numbers of the entries whose text is among the keys. */
function placesIn(index: Buffer, keys: ReadonlySet<string>): number[] {
  const places: number[] = []
  for (let at = 0; (at + 1) * entryBytes <= index.length; at++) {
    const key = index.toString('latin1', at * entryBytes, at * entryBytes + keyBytes)
    if (keys.has(key)) places.push(at)
  }
  return places
}

async function overwrite(
  space: { index: string; rows: string },
  { index, places }: { index: Buffer; places: readonly number[] },
): Promise<void> {
  const rowBytes = await rowBytesOf(space.rows, index)
  if (rowBytes === undefined) {
    await rm(space.index, { force: true })
    await rm(space.rows, { force: true })
    return
  }
  await writeZeros(space.rows, { places, bytes: rowBytes })
  await writeZeros(space.index, { places, bytes: entryBytes })
}

/** The length of a row, which no file says; the checksum of the first row confirms it. */
async function rowBytesOf(path: string, index: Buffer): Promise<number | undefined> {
  const count = Math.floor(index.length / entryBytes)
  const { size } = await stat(path)
  const bytes = Math.floor(size / count / 4) * 4
  const file = await open(path, 'r')
  try {
    const row = Buffer.alloc(bytes)
    // The first entry may have been forgotten before, so any one that is left confirms it.
    for (let at = 0; at < count; at++) {
      await file.read(row, 0, bytes, at * bytes)
      const checksum = index.readUInt32LE(at * entryBytes + keyBytes + 4)
      if (checksum !== 0) return crc32(row) === checksum ? bytes : undefined
    }
    return undefined
  } finally {
    await file.close()
  }
}

async function writeZeros(
  path: string,
  { places, bytes }: { places: readonly number[]; bytes: number },
): Promise<void> {
  const file = await open(path, 'r+')
  try {
    const zeros = Buffer.alloc(bytes)
    for (const at of places) await file.write(zeros, 0, bytes, at * bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function filesIn(dir: string): Promise<string[]> {
  try {
    return await readdir(dir)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
