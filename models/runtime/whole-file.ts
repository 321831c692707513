// Writes small text files atomically: to a temporary file beside the target, then by a rename.
import { readFile, rename, writeFile } from 'node:fs/promises'

/**
 * Replaces a file atomically. The caller holds a lock, because only one writer may run at a time.
 */
export async function writeWhole(path: string, text: string): Promise<void> {
  const pending = `${path}.new`
  await writeFile(pending, text, { flush: true })
  await rename(pending, path)
}

/** The text of a file; undefined if it does not exist. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
