// Zstandard for a Node without it (before 22.15), by the JavaScript decoder fzstd. It works on the event
// loop, slice by slice. What would make it slow or large is refused: windows beyond what every decoder has
// to support, and frames that hold more than the caller allows.
import { setImmediate } from 'node:timers/promises'
import { Decompress, decompress } from 'fzstd'
import { errorMessage } from '../../schemas/errors.ts'
import type { Decompressed } from './codec.ts'

/** RFC 8878, section 3.1.1.1.2: a decoder should support 8 MB, and an encoder should not ask for more. */
const windowBytesMax = 8_388_608
/** Input that is decompressed at once when the frame does not say what it holds. */
const sliceBytes = 16_384

/** Decompresses one frame to at most `bytesMax` bytes. */
export async function decompressZstdPortably(
  compressed: Buffer,
  bytesMax: number,
): Promise<Decompressed> {
  const head = frameHead(compressed)
  if (head === undefined) return { kind: 'corrupt', reason: 'the zstd frame has no valid head' }
  if (head.contentBytes !== undefined && head.contentBytes > bytesMax) return { kind: 'too_large' }
  try {
    if (head.contentBytes !== undefined) {
      const { buffer } = decompress(compressed, new Uint8Array(head.contentBytes))
      return { kind: 'ok', bytes: Buffer.from(buffer) }
    }
    if (head.windowBytes > windowBytesMax) {
      const reason = `the zstd window has ${head.windowBytes} bytes; at most ${windowBytesMax}`
      return { kind: 'corrupt', reason: `${reason} are read before Node 22.15` }
    }
    return await inSlices(compressed, bytesMax)
  } catch (error) {
    return { kind: 'corrupt', reason: errorMessage(error) }
  }
}

async function inSlices(compressed: Buffer, bytesMax: number): Promise<Decompressed> {
  const parts: Uint8Array[] = []
  let bytes = 0
  const tooLarge = new Error('too large')
  const decoder = new Decompress((part) => {
    bytes += part.length
    // The decoder goes on within a slice until it is interrupted.
    if (bytes > bytesMax) throw tooLarge
    parts.push(part)
  })
  for (let at = 0; at < compressed.length; at += sliceBytes) {
    const end = Math.min(at + sliceBytes, compressed.length)
    try {
      decoder.push(compressed.subarray(at, end), end === compressed.length)
    } catch (error) {
      if (error === tooLarge) return { kind: 'too_large' }
      throw error
    }
    await setImmediate()
  }
  return { kind: 'ok', bytes: Buffer.concat(parts) }
}

/** What a frame says of itself (RFC 8878, section 3.1.1.1); undefined for anything but a plain frame. */
function frameHead(
  compressed: Buffer,
): { windowBytes: number; contentBytes: number | undefined } | undefined {
  if (compressed.length < 6 || compressed.readUInt32LE(0) !== 0xfd2fb528) return undefined
  const flags = compressed[4]!
  const isSingleSegment = (flags & 0x20) !== 0
  const windowByte = compressed[5]!
  const windowBase = 2 ** (10 + (windowByte >> 3))
  const windowBytes = isSingleSegment ? 0 : windowBase + (windowBase / 8) * (windowByte & 7)
  const dictionaryBytes = [0, 1, 2, 4][flags & 3]!
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][flags >> 6]!
  if (sizeBytes === 0) return { windowBytes, contentBytes: undefined }
  const at = 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes
  if (at + sizeBytes > compressed.length) return undefined
  if (sizeBytes === 8) return { windowBytes, contentBytes: Number(compressed.readBigUInt64LE(at)) }
  const contentBytes = compressed.readUIntLE(at, sizeBytes) + (sizeBytes === 2 ? 256 : 0)
  return { windowBytes, contentBytes }
}
