// A registry of models without servers, on folders of the caller: what publishing and promoting do
// to the model store, the artifact store, the announcements and the record.
import { configSchema, type Config } from '../../configs/schema.ts'
import type { Release } from '../../infra/sinks/release-rows.ts'
import { rememberHashes } from '../../models/store/remembered-hashes.ts'
import type { ModelVersion } from '../../models/store/version-files.ts'
import { writeVersion } from '../../models/store/version-store.ts'
import type { ObjectStore } from '../../schemas/object-store.ts'
import type { Registry } from '../../serving/publishing.ts'
import { createMemoryAnnouncements, type MemoryAnnouncements } from './memory-announcements.ts'
import { createMemoryObjects, type MemoryObjects } from './memory-objects.ts'
import { spamManifest } from './version-draft.ts'

export type RegistryInMemory = Registry & {
  readonly objects: (ObjectStore & MemoryObjects) | undefined
  readonly announcements: MemoryAnnouncements
  readonly recorded: Release[]
  readonly runs: string[]
  /** Writes a version of `mail` into the model store; `accuracy` is what the gate judges by. */
  write(graph: string, accuracy?: number): Promise<ModelVersion>
}

/** Makes one over `storeDir`, with an artifact store unless it is `local`. */
export function registryInMemory(
  storeDir: string,
  options: { store?: 'local' | 'memory'; publish?: Partial<Config['publish']> } = {},
): RegistryInMemory {
  const { store = 'memory' } = options
  const defaults = configSchema.parse({})
  const recorded: Release[] = []
  const runs: string[] = []
  return {
    config: {
      ...defaults,
      publish: {
        ...defaults.publish,
        accuracyMin: 0.5,
        comparison: 'when-possible',
        ...options.publish,
      },
    },
    storeDir,
    objects: store === 'memory' ? createMemoryObjects() : undefined,
    announcements: createMemoryAnnouncements(),
    hashFile: rememberHashes(),
    recorded,
    runs,
    record(release) {
      recorded.push(release)
      return Promise.resolve()
    },
    recordRun({ run }) {
      runs.push(run)
      return Promise.resolve()
    },
    write: (graph, accuracy = 0.9) =>
      writeVersion({
        storeDir,
        name: 'mail',
        manifest: { ...spamManifest, metrics: { accuracy, macroF1: accuracy } },
        model: { bytes: Buffer.from(graph) },
        tokenizer: { bytes: Buffer.from('{"tokenizer":1}') },
      }),
  }
}
