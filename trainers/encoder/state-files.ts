// States of frozen layers on disk, keyed by what they were computed from, so that later runs
// on the same texts need not compute them. It owns the files' names, their bound and that they are
// whole.
import { randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, openSync } from 'node:fs'
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'

const bytesMaxDefault = 4 * 1024 ** 3
const extension = '.states'
/** A file that is being written this long has lost its writer. */
const abandonedAfterMs = 24 * 3_600_000

export type StateFileOptions = {
  readonly dir: string
  /** Hash of everything that the content depends on. */
  readonly key: string
  /** Size of the content. */
  readonly bytes: number
  /** Writes the content to an open file. */
  readonly fill: (file: number) => Promise<void>
  /** Bound of the folder; files that were used longest ago are removed first. 4 GiB. */
  readonly bytesMax?: number | undefined
}

/**
 * Gives a file open for reading, filled now unless it was before. A file gets its name when it is
 * whole and on disk, so that a killed writer leaves none; one that is removed stays readable for
 * who has it open. The caller closes it.
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
    // What is larger than the bound serves this run only.
    if (bytes <= bytesMax) await rename(pending, path)
    else await rm(pending)
    return file
  } catch (error) {
    closeSync(file)
    await rm(pending, { force: true })
    throw error
  }
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
