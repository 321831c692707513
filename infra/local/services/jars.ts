// The jars of Kafka and the Apicurio registry in the cache folder. Maven fetches them once as the
// pinned infra/local/pom.xml says; jar-hashes.json holds the SHA-256 of every file that may run.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import packs from '../jar-hashes.json' with { type: 'json' }
import { ensurePacks, packDir } from './pinned-jars.ts'
import { requireJava, requireMaven } from './prerequisites.ts'

/** Where the jars of the stack's Java programs are. */
export type StackJars = {
  /** Folder of Kafka's jars, for `java -cp 'DIR/*'`. */
  kafkaLib: string
  /** Folder of the registry: its runner jar, and `lib` with all others. */
  registryDir: string
}

/** Paths below `cacheDir`, whether or not they exist. */
export function jarPaths(cacheDir: string): StackJars {
  const stackDir = join(cacheDir, 'stack')
  return {
    kafkaLib: join(packDir(stackDir, 'kafka', packs.kafka), 'lib'),
    registryDir: packDir(stackDir, 'apicurio', packs.apicurio),
  }
}

/**
 * Makes sure that the jars are present and match their pinned hashes; fetches missing ones.
 *
 * @throws WinnowError `prerequisite_missing` without Java 17 or Maven, `hash_mismatch` if a file
 * does not match, `download_failed` with the end of Maven's report, `cancelled` if `signal` aborts.
 */
export async function ensureJars(options: {
  cacheDir: string
  /** The programs that are needed; both if absent. */
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
