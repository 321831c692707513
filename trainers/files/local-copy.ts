// Formats that are read at random places, such as Parquet, need a file on disk. This puts bytes
// from elsewhere (standard input, an object store, compressed files) into a temporary file.
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { WinnowError } from '../../schemas/errors.ts'
import { fileError, fileSource, openPlainBytes, type ByteSource } from './plain-bytes.ts'

/** The largest copy, which also bounds what a small compressed file can unpack to. */
const copyBytesMax = 4 * 1024 ** 3

/** A file that `close` deletes. */
export type LocalCopy = { readonly path: string; readonly close: () => Promise<void> }

/**
 * A file on disk that can be read at random places: the file itself, or a decompressed copy of it.
 *
 * @throws WinnowError the errors of `openPlainBytes` and `copyToDisk`.
 */
export async function seekableFile(
  path: string,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<LocalCopy> {
  const { source, compression, close } = await openPlainBytes(fileSource(path))
  try {
    if (compression === 'none') return { path, close: () => Promise.resolve() }
    return await copyToDisk(source, options)
  } finally {
    await close()
  }
}

/**
 * Writes all bytes of a source to a temporary file, which only this user can read.
 *
 * @throws WinnowError `dataset_invalid` over 4 GiB, or if the disk is full; `cancelled`.
 */
export async function copyToDisk(
  { name, bytes }: ByteSource,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<LocalCopy> {
  const folder = await mkdtemp(join(tmpdir(), 'winnow-data-'))
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true })
  const path = join(folder, 'copy')
  const bounded = async function* (): AsyncGenerator<Uint8Array> {
    let written = 0
    for await (const chunk of bytes) {
      if (signal?.aborted === true) {
        throw new WinnowError('cancelled', `Reading ${name} was cancelled.`)
      }
      written += chunk.length
      if (written > copyBytesMax) {
        const message = `${name}: more than ${copyBytesMax / 1024 ** 3} GiB; divide it into several files.`
        throw new WinnowError('dataset_invalid', message)
      }
      yield chunk
    }
  }
  try {
    await pipeline(bounded(), createWriteStream(path, { mode: 0o600 }))
    return { path, close }
  } catch (cause) {
    await close()
    throw fileError(name, cause)
  }
}
