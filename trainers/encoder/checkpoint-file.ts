// The checkpoint file of a run: a JSON header and float32 tensors. However the writer is killed, a
// reader finds either the new file or the previous one, complete. What a checkpoint contains is
// training-position.ts.
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { errorMessage, WinnowError } from '../../schemas/errors.ts'

/** Tensors by name, and a JSON header. */
export type CheckpointContent = {
  readonly header: unknown
  readonly tensors: ReadonlyMap<string, Float32Array>
}

type Layout = {
  readonly header: unknown
  readonly tensors: readonly { readonly name: string; readonly length: number }[]
}

/** The format and its version. */
const magic = Buffer.from('WNWCKPT1')
const prefixBytes = magic.length + 4

/**
 * Writes a new file, flushes it to disk, then renames it over the old one. Blocks: 360 MB, which is
 * MiniLM with its moments and best epoch, takes about a second.
 */
export function writeCheckpoint(path: string, content: CheckpointContent): void {
  const tensors = [...content.tensors]
  const layout: Layout = {
    header: content.header,
    tensors: tensors.map(([name, { length }]) => ({ name, length })),
  }
  const json = Buffer.from(JSON.stringify(layout))
  const prefix = Buffer.alloc(prefixBytes)
  magic.copy(prefix)
  prefix.writeUInt32LE(json.length, magic.length)
  const pending = `${path}.part`
  const file = openSync(pending, 'w')
  try {
    let checksum = 0
    const parts = tensors.map(([, { buffer, byteOffset, byteLength }]) =>
      Buffer.from(buffer, byteOffset, byteLength),
    )
    for (const part of [prefix, json, ...parts]) {
      checksum = crc32(part, checksum)
      writeWhole(file, part)
    }
    const end = Buffer.alloc(4)
    end.writeUInt32LE(checksum)
    writeWhole(file, end)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(pending, path)
  syncFolder(dirname(path))
}

/**
 * Reads a checkpoint; undefined when there is none.
 *
 * @throws WinnowError `resume_refused` when the file is damaged.
 */
export function readCheckpoint(path: string): CheckpointContent | undefined {
  const bytes = readIfThere(path)
  if (bytes === undefined) return undefined
  try {
    return parseCheckpoint(bytes)
  } catch (cause) {
    const message = `The checkpoint ${path} is damaged (${errorMessage(cause)}); start a new run.`
    throw new WinnowError('resume_refused', message, { cause, details: { path } })
  }
}

function parseCheckpoint(bytes: Buffer): CheckpointContent {
  const body = bytes.subarray(0, -4)
  if (!bytes.subarray(0, magic.length).equals(magic))
    throw new Error('it is not a checkpoint of this version')
  if (crc32(body) !== bytes.readUInt32LE(body.length)) throw new Error('its checksum is wrong')
  const jsonBytes = bytes.readUInt32LE(magic.length)
  const json = bytes.toString('utf8', prefixBytes, prefixBytes + jsonBytes)
  // The checksum shows that `writeCheckpoint` wrote this JSON.
  const layout = JSON.parse(json) as Layout
  const tensors = new Map<string, Float32Array>()
  let start = prefixBytes + jsonBytes
  for (const { name, length } of layout.tensors) {
    const elements = new Float32Array(length)
    bytes.copy(Buffer.from(elements.buffer), 0, start, start + length * 4)
    tensors.set(name, elements)
    start += length * 4
  }
  return { header: layout.header, tensors }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function writeWhole(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(file, bytes, done, bytes.length - done)
  }
}

/** Flushes a folder, because a rename is durable only when its folder is. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
