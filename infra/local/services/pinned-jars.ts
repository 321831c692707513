// Jars that Maven fetches into the cache folder. Checks that every file matches its committed
// SHA-256, when it is fetched and each time before it is run. The caller names the jars: jars.ts
// for the embedded stack.
import { createHash, randomUUID } from 'node:crypto'
import { access, mkdir, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { WinnowError } from '../../../schemas/errors.ts'
import { runMaven } from './maven.ts'

/** One program: its release, and the SHA-256 of each of its files by path in its folder. */
export type JarPack = {
  readonly version: string
  readonly files: Readonly<Record<string, string>>
}

/** The folder of a pack below `stackDir`; other hashes give another folder. */
export function packDir(stackDir: string, name: string, pack: JarPack): string {
  const digest = createHash('sha256').update(JSON.stringify(Object.entries(pack.files).sort()))
  return join(stackDir, `${name}-${pack.version}-${digest.digest('hex').slice(0, 12)}`)
}

/**
 * Makes sure that every pack is present and unchanged. Runs Maven only if one is missing. Several
 * processes may call it at once: each fetches into its own folder, and the first to finish wins.
 *
 * @throws WinnowError `hash_mismatch` if a file does not match its hash, `download_failed` with the
 * end of Maven's report, `cancelled` if `signal` aborts.
 */
export async function ensurePacks(options: {
  stackDir: string
  /** A pom that copies each pack into `${targetDir}/NAME`. */
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
    // Checks all packs before it keeps any: if one file is wrong, the repository is not trusted.
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
    `Maven fetched a file that does not match its pinned hash: ${difference}. Nothing was kept. ` +
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
 * The first file that is changed, missing or not in the pack. Extra files count, because everything
 * in the folder is on the class path. Reads all bytes: 168 MB take 0.12 s.
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

/** The SHA-256 of each file below `dir`, by path with slashes, sorted by path. */
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

/** Moves a complete folder into place; if another process put one there first, that one stays. */
async function keep(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if (!(await exists(to))) throw error
  }
}

/** Removes folders that killed fetches left; a fetch takes less than an hour. */
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
