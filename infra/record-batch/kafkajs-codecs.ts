// Gives kafkajs the codecs of decompression.ts, in place of its own gzip, which has no bound. Winnow
// compresses nothing that it sends.
import kafkajs from 'kafkajs'
import { WinnowError } from '../../schemas/errors.ts'
import { codecs, type Codec } from './codec.ts'
import { decompress } from './decompression.ts'

/** Most bytes that a batch may hold: four records of the largest size that topics accept by default. */
const batchBytesMax = 67_108_864

/** Registers all codecs, for every client of this process. Safe to call again. */
export function registerCodecs(): void {
  const registered: Record<number, () => unknown> = kafkajs.CompressionCodecs
  for (const [type, codec] of Object.entries(codecs)) {
    registered[Number(type)] = () => ({
      compress: () => Promise.reject(new TypeError(`nothing is sent in ${codec}`)),
      decompress: (compressed: Buffer) => decompressOrThrow(codec, compressed),
    })
  }
}

async function decompressOrThrow(codec: Codec, compressed: Buffer): Promise<Buffer> {
  try {
    const result = await decompress(codec, compressed, batchBytesMax)
    if (result.kind === 'ok') return result.bytes
    const reason =
      result.kind === 'too_large' ? `it holds more than ${batchBytesMax} bytes` : result.reason
    const message = `a batch in ${codec} cannot be read: ${reason}`
    throw new WinnowError('broker_refused', message)
  } catch (error) {
    // What the client asks before it tries again: the batch would be as unreadable the next time.
    throw error instanceof WinnowError ? Object.assign(error, { retriable: false }) : error
  }
}
