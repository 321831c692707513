// Hashes files once for as long as they stay the same, for a process that opens the same versions
// again and again: each swap would else read 90 MB to learn what it knows. What a hash must be is
// version-files.ts.
import { stat } from 'node:fs/promises'
import { sha256OfFile } from '../runtime/file-hash.ts'

/**
 * A file changed so shortly before may change again within the same tick of the file system's
 * clock.
 */
const settledMs = 2_000
/** Files that are remembered: more than the versions that a process swaps between. */
const filesMax = 64

/**
 * A `sha256OfFile` that reads a file again only when its inode, size, or time of modification or
 * change (which no program can set, unlike the former) is another, or was just now. Damage by the
 * disk itself, under an unchanged inode, is found by the next process.
 */
export function rememberHashes(): typeof sha256OfFile {
  const known = new Map<string, { identity: string; sha256: string }>()
  return async (path) => {
    const before = await stat(path, { bigint: true })
    const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = before
    const identity = [dev, ino, size, mtimeNs, ctimeNs].join(':')
    const remembered = known.get(path)
    if (remembered?.identity === identity) return remembered.sha256
    const sha256 = await sha256OfFile(path)
    known.delete(path)
    if (Date.now() - Number(ctimeMs) <= settledMs) return sha256
    const [oldest] = known.keys()
    if (known.size >= filesMax) known.delete(oldest!)
    known.set(path, { identity, sha256 })
    return sha256
  }
}
