// Kafka and the Apicurio registry in the cache folder: Maven fetches them once as the pinned
// pom.xml beside this file says, and jar-hashes.json holds the SHA-256 of every file that may be
// run.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import packs from '../jar-hashes.json' with { type: 'json' }
import { ensurePacks, packDir } from './pinned-jars.ts'
import { requireJava, requireMaven } from './prerequisites.ts'

/** Where the stack's Java programs lie. */
export type StackJars = {
  /** Folder of Kafka's jars, for `java -cp 'DIR/*'`. */
  kafkaLib: string
  /** Folder of the registry: its runner jar, and `lib` with all others. */
  registryDir: string
}

/** Paths below `cacheDir`, whether or not anything is there yet. */
export function jarPaths(cacheDir: string): StackJars {
  const stackDir = join(cacheDir, 'stack')
  return {
    kafkaLib: join(packDir(stackDir, 'kafka', packs.kafka), 'lib'),
    registryDir: packDir(stackDir, 'apicurio', packs.apicurio),
  }
}

/**
 * Makes sure that the jars are there and are the pinned ones, and fetches them if they are missing.
 *
 * @throws WinnowError `prerequisite_missing` without Java 17 or Maven, `hash_mismatch` when a file
 * is
 *   not the pinned one, `download_failed` with the end of Maven's report, `cancelled` when `signal`
 *   fires.
 */
export async function ensureJars(options: {
  cacheDir: string
  /** Those that are needed; both when absent. */
  programs?: readonly ('kafka' | 'registry')[]
  onProgress?: (line: string) => void
  signal?: AbortSignal
}): Promise<StackJars> {
  const { cacheDir, programs, onProgress = () => undefined, signal } = options
  const { apicurio, ...kafkaOnly } = packs
  const needed = programs?.includes('registry') === false ? kafkaOnly : packs
  await ensurePacks({
    stackDir: join(cacheDir, 'stack'),
    pom: fileURLToPath(new URL('../pom.xml', import.meta.url)),
    packs: needed,
    beforeFetch: async () => {
      await requireJava()
      await requireMaven()
      const { kafka } = packs
      onProgress(
        `fetching Kafka ${kafka.version} and the Apicurio registry ${apicurio.version} ` +
          'with Maven (180 MB, once)',
      )
    },
    onProgress,
    signal,
  })
  return jarPaths(cacheDir)
}
