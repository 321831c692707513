// Caches the hashes of files that have not changed, for a process that opens the same versions
// repeatedly. Otherwise each model swap would read 90 MB again. version-files.ts compares the
// hashes.
import { stat } from 'node:fs/promises'
import { sha256OfFile } from '../runtime/file-hash.ts'

/** A file that changed this recently may change again within the same file system timestamp. */
const settledMs = 2_000
/** The most cached files, more than a process swaps between. */
const filesMax = 64

/**
 * A `sha256OfFile` that reads a file again only if its inode, size, modification time or change
 * time differs, or is very recent. (Programs can set the modification time, but not the change
 * time.) Damage by the disk itself does not change the inode; the next process finds it.
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
