// Puts Kafka and the Apicurio registry into the cache folder, fetched once by Maven from the pinned
// pom.xml beside this file. A folder that exists is complete: it appears by one rename.
import { randomUUID } from 'node:crypto'
import { access, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { runMaven } from './maven.ts'
import { requireJava, requireMaven } from './prerequisites.ts'

/** Where the stack's Java programs lie. */
export type StackJars = {
  /** Folder of Kafka's jars, for `java -cp 'DIR/*'`. */
  kafkaLib: string
  /** The registry's runner jar, for `java -jar`. */
  registryJar: string
}

/** Paths below `cacheDir`, whether or not anything is there yet. */
export function jarPaths(cacheDir: string): StackJars {
  const stack = join(cacheDir, 'stack')
  return {
    kafkaLib: join(stack, 'kafka-4.1.0', 'lib'),
    registryJar: join(stack, 'apicurio-2.6.13', 'apicurio-registry-app-2.6.13.Final-runner.jar'),
  }
}

/**
 * Makes sure that the jars are there; nothing is fetched or started when they are. Safe for several
 * processes at once: each fetches into a folder of its own, and the first to finish wins.
 *
 * @throws WinnowError `prerequisite_missing` without Java 17 or Maven, `download_failed` with the
 *   end of Maven's report, `cancelled` when `signal` fires.
 */
export async function ensureJars(options: {
  cacheDir: string
  onProgress?: (line: string) => void
  signal?: AbortSignal
}): Promise<StackJars> {
  const { cacheDir, onProgress = () => undefined } = options
  const paths = jarPaths(cacheDir)
  if ((await exists(paths.kafkaLib)) && (await exists(paths.registryJar))) return paths
  await requireJava()
  await requireMaven()
  const stack = join(cacheDir, 'stack')
  await mkdir(stack, { recursive: true })
  await removeAbandoned(stack)
  const fetched = join(stack, `.fetching-${randomUUID()}`)
  try {
    await mkdir(fetched)
    onProgress('fetching Kafka 4.1.0 and the Apicurio registry 2.6.13 with Maven (180 MB, once)')
    const pom = fileURLToPath(new URL('pom.xml', import.meta.url))
    await runMaven({ pom, targetDir: fetched, onProgress, signal: options.signal })
    await keep(join(fetched, 'kafka'), join(stack, 'kafka-4.1.0'))
    await keep(join(fetched, 'apicurio'), join(stack, 'apicurio-2.6.13'))
  } finally {
    await rm(fetched, { recursive: true, force: true })
  }
  return paths
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
async function removeAbandoned(stack: string): Promise<void> {
  const names = (await readdir(stack)).filter((name) => name.startsWith('.fetching-'))
  for (const name of names) {
    const { mtimeMs } = await stat(join(stack, name))
    if (Date.now() - mtimeMs < 3_600_000) continue
    await rm(join(stack, name), { recursive: true, force: true })
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
