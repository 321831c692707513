// Computes the disk usage of versions. A file that versions share by hard links counts once, and is
// freed with the last version.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** One file of a version. */
type SizedFile = {
  /** The same for all links to one file. */
  readonly key: string
  readonly bytes: number
  /** The number of links to the file. */
  readonly links: number
}

/** The disk usage of some folders. */
export type DiskUse = {
  /** All files, each once. */
  readonly bytes: number
  /** What deleting these folders frees: files without links elsewhere. */
  readonly ownBytes: number
}

/** Adds up the files of folders; a missing folder counts as empty. */
export async function diskUse(dirs: readonly string[]): Promise<DiskUse> {
  const files = new Map<string, SizedFile & { names: number }>()
  for (const dir of dirs) {
    for (const file of await filesIn(dir)) {
      const names = (files.get(file.key)?.names ?? 0) + 1
      files.set(file.key, { ...file, names })
    }
  }
  const sum = (all: readonly SizedFile[]): number =>
    all.reduce((total, one) => total + one.bytes, 0)
  const all = [...files.values()]
  return { bytes: sum(all), ownBytes: sum(all.filter(({ links, names }) => links <= names)) }
}

async function filesIn(dir: string): Promise<SizedFile[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => [])
  const files: SizedFile[] = []
  for (const entry of entries.filter((one) => one.isFile())) {
    const found = await stat(join(dir, entry.name)).catch(() => undefined)
    if (found === undefined) continue
    files.push({ key: `${found.dev}:${found.ino}`, bytes: found.size, links: found.nlink })
  }
  return files
}
