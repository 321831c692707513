// The identity of a file that is read: the hash and the number of its bytes on disk.
import { createHash } from 'node:crypto'
import type { SourceFacts } from './dataset-source.ts'
import type { ByteSource } from './plain-bytes.ts'

/** Hashes the bytes of a source as they are read; `facts` is right after all have been read. */
export function hashedBytes(source: ByteSource): { source: ByteSource; facts: () => SourceFacts } {
  const hash = createHash('sha256')
  let size = 0
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of source.bytes) {
      hash.update(chunk)
      size += chunk.length
      yield chunk
    }
  }
  return {
    source: { name: source.name, bytes: bytes() },
    facts: () => ({ file: { sha256: hash.digest('hex'), bytes: size } }),
  }
}
