// Small text files that a reader sees whole or not at all: written beside their place, then renamed
// into it.
import { readFile, rename, writeFile } from 'node:fs/promises'

/** Writes a file in place of the one before. One writer at a time: the caller holds the lock. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const pending = `${path}.new`
  await writeFile(pending, text, { flush: true })
  await rename(pending, path)
}

/** The text of a file; undefined when there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
