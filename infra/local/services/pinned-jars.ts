// Jars that Maven fetches into the cache folder. It owns the check that every file is byte for byte
// the one whose SHA-256 is committed, when the files arrive and each time before they are run.
// Which jars these are is the caller's: jars.ts for the embedded stack.
import { createHash, randomUUID } from 'node:crypto'
import { access, mkdir, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { WinnowError } from '../../../schemas/errors.ts'
import { runMaven } from './maven.ts'

/** One program: its release, and the SHA-256 of each of its files by the path in its folder. */
export type JarPack = {
  readonly version: string
  readonly files: Readonly<Record<string, string>>
}

/** Where a pack lies below `stackDir`; other hashes give another folder. */
export function packDir(stackDir: string, name: string, pack: JarPack): string {
  const digest = createHash('sha256').update(JSON.stringify(Object.entries(pack.files).sort()))
  return join(stackDir, `${name}-${pack.version}-${digest.digest('hex').slice(0, 12)}`)
}

/**
 * Makes sure that every pack is there and unchanged. Maven runs only if one is missing. Safe for
 * several processes at once: each fetches into its own folder, and the first to finish wins.
 *
 * @throws WinnowError `hash_mismatch` when a file is not the one that is pinned, `download_failed`
 *   with the end of Maven's report, `cancelled` when `signal` fires.
 */
export async function ensurePacks(options: {
  stackDir: string
  /** Copies each pack into `${targetDir}/NAME`. */
  pom: string
  packs: Readonly<Record<string, JarPack>>
  /** Called once before Maven runs. */
  beforeFetch?: () => Promise<void>
  onProgress?: (line: string) => void
  signal?: AbortSignal | undefined
}): Promise<void> {
  const { stackDir, pom, onProgress = () => undefined } = options
  const packs = Object.entries(options.packs).map(([name, pack]) => {
    return { name, pack, dir: packDir(stackDir, name, pack) }
  })
  const missing: typeof packs = []
  for (const entry of packs) {
    if (!(await exists(entry.dir))) missing.push(entry)
    else await checkBeforeUse(entry.dir, entry.pack)
  }
  if (missing.length === 0) return
  await options.beforeFetch?.()
  await mkdir(stackDir, { recursive: true })
  await removeAbandoned(stackDir)
  const fetched = join(stackDir, `.fetching-${randomUUID()}`)
  try {
    await mkdir(fetched)
    await runMaven({ pom, targetDir: fetched, onProgress, signal: options.signal })
    // All of them before any is kept: what one repository serves is judged as a whole.
    for (const { name, pack } of missing) await checkFetched(join(fetched, name), pack)
    for (const { name, dir } of missing) await keep(join(fetched, name), dir)
  } finally {
    await rm(fetched, { recursive: true, force: true })
  }
}

async function checkFetched(dir: string, pack: JarPack): Promise<void> {
  const difference = await firstDifference(dir, pack)
  if (difference === undefined) return
  const text =
    `Maven fetched files that are not the pinned ones: ${difference}. Nothing was kept. ` +
    "Check the repositories and mirrors in Maven's settings."
  throw new WinnowError('hash_mismatch', text, { details: { dir } })
}

async function checkBeforeUse(dir: string, pack: JarPack): Promise<void> {
  const difference = await firstDifference(dir, pack)
  if (difference === undefined) return
  const text =
    `The jars in ${dir} have changed since they were fetched: ${difference}. ` +
    'Nothing was run. Remove the folder and run the command again to fetch them.'
  throw new WinnowError('hash_mismatch', text, { details: { dir } })
}

/**
 * The first file that is changed, missing or not in the pack. Extra files count, since the class
 * path is everything in the folder. All bytes are read: 168 MB take 0.12 s.
 */
async function firstDifference(dir: string, pack: JarPack): Promise<string | undefined> {
  const present = await hashesBelow(dir)
  for (const [path, expected] of Object.entries(pack.files)) {
    const actual = present[path]
    if (actual === undefined) return `${path} is missing`
    if (actual !== expected) return `${path} has the SHA-256 ${actual} instead of ${expected}`
  }
  const extra = Object.keys(present).find((path) => pack.files[path] === undefined)
  return extra === undefined ? undefined : `${extra} does not belong there`
}

/** The SHA-256 of each file below `dir`, by its path with slashes, in order of the paths. */
export async function hashesBelow(dir: string): Promise<Record<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  const files: Record<string, string> = {}
  for (const path of paths) {
    const digest = createHash('sha256').update(await readFile(path))
    files[path.slice(dir.length + 1).replaceAll('\\', '/')] = digest.digest('hex')
  }
  return files
}

/** Moves a complete folder into place; one that another process put there first stays. */
async function keep(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if (!(await exists(to))) throw error
  }
}

/** A fetch that was killed leaves its folder; after an hour nobody works on it any more. */
async function removeAbandoned(stackDir: string): Promise<void> {
  const names = (await readdir(stackDir)).filter((name) => name.startsWith('.fetching-'))
  for (const name of names) {
    const { mtimeMs } = await stat(join(stackDir, name))
    if (Date.now() - mtimeMs < 3_600_000) continue
    await rm(join(stackDir, name), { recursive: true, force: true })
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
