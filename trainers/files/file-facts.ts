// What identifies a file that was read: the hash and size of its bytes as they lie on disk.
import { createHash } from 'node:crypto'
import type { SourceFacts } from './dataset-source.ts'
import type { ByteSource } from './plain-bytes.ts'

/** A source whose bytes are hashed as they pass; `facts` is right once all of them have. */
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
