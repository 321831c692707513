// Decompresses the records of a batch in each of Kafka's codecs, never to more bytes than the
// caller allows. gzip and zstd are Node's own; snappy and LZ4 are native packages, loaded with the
// first such batch. All of them run off the event loop. This file also parses what Kafka wraps
// around a codec: xerial's framing of snappy (Java clients), and LZ4 frame headers, which bound a
// frame before it is decompressed.
import * as zlib from 'node:zlib'
import { promisify } from 'node:util'
import { WinnowError, errorMessage } from '../../schemas/errors.ts'
import type { Codec, Decompressed } from './codec.ts'

/**
 * Decompresses to at most `bytesMax` bytes.
 *
 * @throws WinnowError `prerequisite_missing` if the package of a codec has no build for this
 * platform.
 */
export async function decompress(
  codec: Codec,
  compressed: Buffer,
  bytesMax: number,
): Promise<Decompressed> {
  switch (codec) {
    case 'gzip':
      return inflated((options) => gunzip(compressed, options), compressed, bytesMax)
    case 'zstd':
      return inflated((options) => zstdDecompress(compressed, options), compressed, bytesMax)
    case 'snappy':
      return snappy(compressed, bytesMax)
    case 'lz4':
      return lz4(compressed, bytesMax)
  }
}

const gunzip = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gunzip)
const zstdDecompress = promisify<Buffer, zlib.ZstdOptions, Buffer>(zlib.zstdDecompress)

/**
 * zlib outputs chunks of this size: the minimum for a small batch, larger ones for a large batch.
 */
const pieceBytesMin = 16_384
const pieceBytesMax = 1_048_576

async function inflated(
  inflate: (options: { maxOutputLength: number; chunkSize: number }) => Promise<Buffer>,
  compressed: Buffer,
  bytesMax: number,
): Promise<Decompressed> {
  const chunkSize = Math.min(Math.max(pieceBytesMin, compressed.length * 4), pieceBytesMax)
  try {
    return { kind: 'ok', bytes: await inflate({ maxOutputLength: bytesMax, chunkSize }) }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code === 'ERR_BUFFER_TOO_LARGE') return { kind: 'too_large' }
    const isCorrupt = /^Z_|^ZSTD_error/.test(code) && !/MEM_ERROR|memory_allocation/.test(code)
    if (!isCorrupt) throw error
    return { kind: 'corrupt', reason: errorMessage(error) }
  }
}

async function snappy(compressed: Buffer, bytesMax: number): Promise<Decompressed> {
  const blocks = snappyBlocks(compressed)
  if (blocks === undefined) {
    return { kind: 'corrupt', reason: 'the framing of the snappy blocks is damaged' }
  }
  let bytes = 0
  for (const block of blocks) {
    const declared = snappyLength(block)
    if (declared === undefined) return { kind: 'corrupt', reason: 'a snappy block has no length' }
    bytes += declared
    if (bytes > bytesMax) return { kind: 'too_large' }
  }
  const { uncompress } = await load('snappy', () => import('snappy'))
  const parts: Buffer[] = []
  try {
    // The copy lives in V8's own memory, which V8 counts and frees in time.
    for (const block of blocks) {
      parts.push((await uncompress(block, { asBuffer: true, copyOutputData: true })) as Buffer)
    }
  } catch (error) {
    return { kind: 'corrupt', reason: errorMessage(error) }
  }
  return { kind: 'ok', bytes: parts.length === 1 ? parts[0]! : Buffer.concat(parts) }
}

/**
 * The header of xerial's framing: a magic word, then the writer's version and the lowest that can
 * read it.
 */
const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
const xerialHeadBytes = xerialMagic.length + 8

/** The blocks of xerial's framing, or a single bare block; undefined if the framing is damaged. */
function snappyBlocks(compressed: Buffer): Buffer[] | undefined {
  const isHeadAt = (at: number) =>
    compressed.subarray(at, at + xerialMagic.length).equals(xerialMagic)
  if (!isHeadAt(0)) return [compressed]
  const blocks: Buffer[] = []
  let at = 0
  while (at < compressed.length) {
    // Streams may be joined, each with a header.
    if (isHeadAt(at)) {
      at += xerialHeadBytes
      continue
    }
    if (at + 4 > compressed.length) return undefined
    const end = at + 4 + compressed.readUInt32BE(at)
    if (end > compressed.length) return undefined
    blocks.push(compressed.subarray(at + 4, end))
    at = end
  }
  return at === compressed.length ? blocks : undefined
}

/** The length that a snappy block declares: a varint of at most 32 bits. */
function snappyLength(block: Buffer): number | undefined {
  let length = 0
  for (let at = 0; at < 5 && at < block.length; at++) {
    length += (block[at]! & 0x7f) * 2 ** (7 * at)
    if (block[at]! < 0x80) return length
  }
  return undefined
}

async function lz4(compressed: Buffer, bytesMax: number): Promise<Decompressed> {
  const frame = lz4Frame(compressed)
  if (frame === undefined) return { kind: 'corrupt', reason: 'the LZ4 frame is damaged' }
  // Blocks may hold less than they could. Only reading all of them gives the exact length.
  if (frame.bytesMax > bytesMax && exactBytes(frame.blocks, bytesMax) > bytesMax) {
    return { kind: 'too_large' }
  }
  const { decompressFrame } = await load('lz4', () => import('lz4-napi'))
  try {
    return { kind: 'ok', bytes: await decompressFrame(compressed.subarray(0, frame.end)) }
  } catch (error) {
    return { kind: 'corrupt', reason: errorMessage(error) }
  }
}

const lz4Magic = 0x184d2204
/** Most bytes that a block holds, by the number in the frame's second byte. */
const lz4BlockBytes: Record<number, number> = { 4: 65_536, 5: 262_144, 6: 1_048_576, 7: 4_194_304 }
/** No byte of an LZ4 block stands for more bytes than this. */
const lz4RatioMax = 255

type Lz4Block = { readonly bytes: Buffer; readonly isCompressed: boolean }
type Lz4Frame = {
  readonly end: number
  readonly blocks: readonly Lz4Block[]
  /** Most bytes that the blocks can hold. */
  readonly bytesMax: number
}

/**
 * The blocks of the first frame and where it ends; undefined if the frame is damaged. Format: "LZ4
 * Frame Format Description", version 1.6.
 */
function lz4Frame(compressed: Buffer): Lz4Frame | undefined {
  if (compressed.length < 7 || compressed.readUInt32LE(0) !== lz4Magic) return undefined
  const flags = compressed[4]!
  const has = (bit: number) => (flags & bit) !== 0
  const blockBytes = lz4BlockBytes[(compressed[5]! >> 4) & 7]
  if (flags >> 6 !== 1 || blockBytes === undefined) return undefined
  let at = 7 + (has(0x08) ? 8 : 0) + (has(0x01) ? 4 : 0)
  let bytesMax = 0
  const blocks: Lz4Block[] = []
  while (at + 4 <= compressed.length) {
    const head = compressed.readUInt32LE(at)
    at += 4
    if (head === 0) {
      const end = at + (has(0x04) ? 4 : 0)
      return end <= compressed.length ? { end, blocks, bytesMax } : undefined
    }
    const size = head & 0x7fffffff
    const isCompressed = head < 0x80000000
    blocks.push({ bytes: compressed.subarray(at, at + size), isCompressed })
    bytesMax += isCompressed ? Math.min(blockBytes, size * lz4RatioMax) : size
    at += size + (has(0x10) ? 4 : 0)
  }
  return undefined
}

/** The exact length of the blocks; stops above `bytesMax`. */
function exactBytes(blocks: readonly Lz4Block[], bytesMax: number): number {
  let total = 0
  for (const { bytes, isCompressed } of blocks) {
    total += isCompressed ? lz4BlockLength(bytes) : bytes.length
    if (total > bytesMax) break
  }
  return total
}

/** Adds up the literals and matches of a block ("LZ4 Block Format Description"). */
function lz4BlockLength(block: Buffer): number {
  let at = 0
  let length = 0
  const extended = (nibble: number) => {
    let sum = nibble
    if (nibble < 15) return sum
    for (let byte = 255; byte === 255 && at < block.length; sum += byte) byte = block[at++]!
    return sum
  }
  while (at < block.length) {
    const token = block[at++]!
    const literals = extended(token >> 4)
    length += literals
    // After the literals comes the offset of the match; the last sequence has none.
    at += literals + 2
    if (at <= block.length) length += extended(token & 15) + 4
  }
  return length
}

async function load<T>(codec: Codec, loading: () => Promise<T>): Promise<T> {
  try {
    return await loading()
  } catch (cause) {
    const platform = `${process.platform} ${process.arch}`
    const text = `A batch in ${codec} cannot be read: the codec has no build for ${platform}. Set another compression.type in the producers.`
    throw new WinnowError('prerequisite_missing', text, { cause })
  }
}
