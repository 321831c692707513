// A disk cache for the hidden states of frozen layers, keyed by the hash of their inputs, so that
// later runs on the same texts do not compute them again. Computing them is text-feeds.ts.
import { randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, openSync } from 'node:fs'
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'

const bytesMaxDefault = 4 * 1024 ** 3
const extension = '.states'
/** An incomplete file that is this old has no writer any more. */
const abandonedAfterMs = 24 * 3_600_000

/** One file of the cache. */
export type StateFileOptions = {
  readonly dir: string
  /** The hash of everything that the content depends on. */
  readonly key: string
  /** The size of the content. */
  readonly bytes: number
  /** Writes the content to an open file. */
  readonly fill: (file: number) => Promise<void>
  /** The bound on the folder; the least recently used files are removed first. Default 4 GiB. */
  readonly bytesMax?: number | undefined
}

/**
 * Opens a file for reading, and fills it first unless the cache has it. A file gets its final name
 * when it is complete and on disk, so a killed writer leaves no incomplete file. A removed file
 * stays readable for processes that have it open. The caller closes the file.
 */
export async function openStateFile(options: StateFileOptions): Promise<number> {
  const { dir, key, bytes, fill, bytesMax = bytesMaxDefault } = options
  await mkdir(dir, { recursive: true })
  const path = join(dir, `${key}${extension}`)
  const found = await stat(path).catch(() => undefined)
  if (found?.size === bytes) {
    const now = new Date()
    await utimes(path, now, now)
    return openSync(path, 'r')
  }
  await makeRoom(dir, bytesMax - bytes)
  const pending = join(dir, `.${key}-${randomUUID()}.part`)
  const file = openSync(pending, 'w+')
  try {
    await fill(file)
    fsyncSync(file)
    // A file that exceeds the bound serves this run only.
    if (bytes <= bytesMax) await rename(pending, path)
    else await rm(pending)
    return file
  } catch (error) {
    closeSync(file)
    await rm(pending, { force: true })
    throw error
  }
}

/**
 * Removes all files of the cache, because no file says whose states it holds; returns their paths.
 * Processes that have one open go on reading it. With `dryRun` it only lists them.
 */
export async function removeStateFiles(
  dir: string,
  { dryRun }: { dryRun: boolean },
): Promise<string[]> {
  const names = await readdir(dir).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  })
  const paths = names
    .filter((name) => name.endsWith(extension) || name.endsWith('.part'))
    .map((name) => join(dir, name))
  if (!dryRun) for (const path of paths) await rm(path, { force: true })
  return paths
}

/** Removes files, oldest first, until the others fit into `bytesMax`. */
async function makeRoom(dir: string, bytesMax: number): Promise<void> {
  const files: { path: string; size: number; mtimeMs: number }[] = []
  for (const name of await readdir(dir)) {
    const path = join(dir, name)
    const found = await stat(path).catch(() => undefined)
    if (found === undefined) continue
    const abandoned = name.endsWith('.part') && Date.now() - found.mtimeMs > abandonedAfterMs
    if (abandoned) await rm(path, { force: true })
    else if (name.endsWith(extension))
      files.push({ path, size: found.size, mtimeMs: found.mtimeMs })
  }
  let total = files.reduce((sum, { size }) => sum + size, 0)
  for (const { path, size } of files.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
    if (total <= bytesMax) return
    await rm(path, { force: true })
    total -= size
  }
}
