// A disk cache of embeddings, keyed by text, encoder, tokenizer and length limit. It owns the files
// and keeps them valid if a process is killed; embed-texts.ts computes embeddings.
import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rm, stat, utimes, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { deadHolderMs, takeStoreLock } from '../../models/store/store-lock.ts'
import { WinnowError } from '../../schemas/errors.ts'

/** Everything besides the text that an embedding depends on. Each combination has its own files. */
export type EmbeddingSpace = {
  readonly graphSha256: string
  readonly tokenizerSha256: string
  readonly maxTokens: number
  readonly width: number
}

/** One embedding, float32 [width], and the number of tokens that were read of the text. */
export type Embedding = { readonly row: Float32Array; readonly tokens: number }

export type EmbeddingCacheOptions = {
  readonly dir: string
  readonly space: EmbeddingSpace
  /** The bound on the folder; the least recently used spaces are removed first. Default 4 GiB. */
  readonly bytesMax?: number | undefined
}

const bytesMaxDefault = 4 * 1024 ** 3
/** The bytes of a key at the start of an index entry. */
export const keyBytes = 32
/** An index entry: 32 bytes of key, tokens uint32, CRC-32 of the row uint32. */
export const entryBytes = keyBytes + 8

/**
 * Opens the cache of one space. Rows are appended before their index entries, so a killed process
 * leaves at most rows without entries, which the next writer overwrites. A row with a wrong
 * checksum counts as absent. One process writes, and others only read. The caller closes the cache.
 *
 * @throws WinnowError `model_incompatible` if an embedding does not have the width of the space.
 */
export async function openEmbeddingCache(options: EmbeddingCacheOptions): Promise<EmbeddingCache> {
  const { dir, space } = options
  const bytesMax = options.bytesMax ?? bytesMaxDefault
  await mkdir(dir, { recursive: true })
  const name = spaceName(space)
  const files = { rows: join(dir, `${name}.rows`), index: join(dir, `${name}.index`) }
  const unlock = await takeLock(join(dir, `${name}.lock`))
  const rows = await openForAppending(files.rows)
  const index = await openForAppending(files.index)
  const places = await readIndex(files, space.width * 4)
  const room = bytesMax - (await removeOldSpaces(dir, { keep: name, bytesMax }))
  return new EmbeddingCache({ space, unlock, rows, index, indexPath: files.index, places, room })
}

type OpenFiles = {
  readonly space: EmbeddingSpace
  /** Ends the right to write; undefined while another process has it. */
  readonly unlock: Awaited<ReturnType<typeof takeLock>>
  readonly rows: FileHandle
  readonly index: FileHandle
  readonly indexPath: string
  readonly places: Awaited<ReturnType<typeof readIndex>>
  /** Bytes that the space may take. */
  readonly room: number
}

/** An open cache. `put` is silent when the cache is full or another process writes to it. */
export class EmbeddingCache {
  readonly #files: OpenFiles
  readonly #rowBytes: number
  #count: number
  #queue = Promise.resolve()

  constructor(files: OpenFiles) {
    this.#files = files
    this.#rowBytes = files.space.width * 4
    this.#count = files.places.count
  }

  get embeddings(): number {
    return this.#files.places.byKey.size
  }

  async get(text: string): Promise<Embedding | undefined> {
    const { places, rows, space } = this.#files
    const place = places.byKey.get(keyOf(text))
    if (place === undefined) return undefined
    const bytes = Buffer.alloc(this.#rowBytes)
    const { bytesRead } = await rows.read(bytes, 0, this.#rowBytes, place.at * this.#rowBytes)
    if (bytesRead !== this.#rowBytes || crc32(bytes) !== place.checksum) return undefined
    return {
      row: new Float32Array(bytes.buffer, bytes.byteOffset, space.width),
      tokens: place.tokens,
    }
  }

  put(entries: readonly { text: string; embedding: Embedding }[]): Promise<void> {
    // One append after the other: two at once would claim the same places.
    const appended = this.#queue.then(() => this.#append(entries))
    this.#queue = appended.catch(() => undefined)
    return appended
  }

  async close(): Promise<void> {
    const { rows, index, indexPath, unlock } = this.#files
    await this.#queue
    await rows.close()
    await index.close()
    const now = new Date()
    await utimes(indexPath, now, now)
    await unlock?.()
  }

  async #append(entries: readonly { text: string; embedding: Embedding }[]): Promise<void> {
    const { unlock, rows, index, places, room, space } = this.#files
    const bytes = (this.#count + entries.length) * (this.#rowBytes + entryBytes)
    if (unlock === undefined || bytes > room) return
    const packed = packEntries(entries, space)
    await writeAt(rows, packed.rows, this.#count * this.#rowBytes)
    await writeAt(index, packed.index, this.#count * entryBytes)
    for (const entry of packed.entries) {
      places.byKey.set(entry.key, { ...entry, at: this.#count++ })
    }
  }
}

type Place = { readonly at: number; readonly tokens: number; readonly checksum: number }

function spaceName(space: EmbeddingSpace): string {
  const { graphSha256, tokenizerSha256, maxTokens, width } = space
  const identity = JSON.stringify([graphSha256, tokenizerSha256, maxTokens, width])
  return createHash('sha256').update(identity).digest('hex').slice(0, 32)
}

/** The SHA-256 of the text as a string of 32 one-byte characters, which is a compact Map key. */
export function keyOf(text: string): string {
  return createHash('sha256').update(text).digest().toString('latin1')
}

function packEntries(
  entries: readonly { text: string; embedding: Embedding }[],
  { width }: EmbeddingSpace,
): { rows: Buffer; index: Buffer; entries: { key: string; tokens: number; checksum: number }[] } {
  const rows = Buffer.alloc(entries.length * width * 4)
  const index = Buffer.alloc(entries.length * entryBytes)
  const packed = entries.map(({ text, embedding }, i) => {
    if (embedding.row.length !== width) {
      const message = `An embedding has ${embedding.row.length} numbers instead of ${width}.`
      throw new WinnowError('model_incompatible', message)
    }
    const bytes = Buffer.from(new Uint8Array(Float32Array.from(embedding.row).buffer))
    const entry = { key: keyOf(text), tokens: embedding.tokens, checksum: crc32(bytes) }
    bytes.copy(rows, i * bytes.length)
    index.write(entry.key, i * entryBytes, 'latin1')
    index.writeUInt32LE(entry.tokens, i * entryBytes + keyBytes)
    index.writeUInt32LE(entry.checksum, i * entryBytes + keyBytes + 4)
    return entry
  })
  return { rows, index, entries: packed }
}

/** Reads all complete entries whose rows are complete. */
async function readIndex(
  files: { rows: string; index: string },
  rowBytes: number,
): Promise<{ byKey: Map<string, Place>; count: number }> {
  const bytes = await readFile(files.index)
  const wholeRows = Math.floor((await stat(files.rows)).size / rowBytes)
  const count = Math.min(Math.floor(bytes.length / entryBytes), wholeRows)
  const byKey = new Map<string, Place>()
  for (let at = 0; at < count; at++) {
    const start = at * entryBytes
    const key = bytes.toString('latin1', start, start + keyBytes)
    const tokens = bytes.readUInt32LE(start + keyBytes)
    const checksum = bytes.readUInt32LE(start + keyBytes + 4)
    byKey.set(key, { at, tokens, checksum })
  }
  return { byKey, count }
}

/** Removes the least recently used spaces until the rest fits; returns the bytes of the rest. */
async function removeOldSpaces(
  dir: string,
  { keep, bytesMax }: { keep: string; bytesMax: number },
): Promise<number> {
  const sizes = new Map<string, { bytes: number; usedMs: number }>()
  for (const file of await readdir(dir)) {
    const [name = '', kind] = file.split('.')
    if (name === keep || (kind !== 'rows' && kind !== 'index')) continue
    const { size, mtimeMs } = await stat(join(dir, file))
    const known = sizes.get(name) ?? { bytes: 0, usedMs: 0 }
    sizes.set(name, { bytes: known.bytes + size, usedMs: Math.max(known.usedMs, mtimeMs) })
  }
  const own = await Promise.all(
    ['rows', 'index'].map(async (kind) => (await stat(join(dir, `${keep}.${kind}`))).size),
  )
  const ownBytes = own.reduce((sum, bytes) => sum + bytes, 0)
  let others = [...sizes.values()].reduce((sum, { bytes }) => sum + bytes, 0)
  // Half of the bound is reserved for the space in use, so that it has room to grow.
  const othersMax = Math.min(bytesMax / 2, bytesMax - ownBytes)
  for (const [name, { bytes }] of [...sizes].sort(([, a], [, b]) => a.usedMs - b.usedMs)) {
    if (others <= othersMax) break
    for (const kind of ['rows', 'index']) await rm(join(dir, `${name}.${kind}`), { force: true })
    others -= bytes
  }
  return others
}

async function openForAppending(path: string): Promise<FileHandle> {
  const create = await open(path, 'a')
  await create.close()
  return open(path, 'r+')
}

async function writeAt(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}

/** Takes the exclusive right to write; undefined if another process has it. */
async function takeLock(path: string): Promise<(() => Promise<void>) | undefined> {
  try {
    return await takeStoreLock({ path, waitMsMax: deadHolderMs })
  } catch (error) {
    if (error instanceof WinnowError && error.code === 'deadline_exceeded') return undefined
    throw error
  }
}
