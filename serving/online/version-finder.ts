// Finds the versions that requests name, in the local store and in the artifact store behind it. It
// bounds how much callers can have looked up and downloaded at once.
import type { HashFile, ModelVersion } from '../../models/store/version-files.ts'
import { resolveVersion } from '../../models/store/version-resolver.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { ObjectStore } from '../../schemas/object-store.ts'

/** References that are looked up at once; a lookup may download a version. */
const lookupsMax = 8
/** How long the answer of a lookup is used; a champion may change meanwhile. */
const keptMsMax = 10_000
/** The most answers that are kept. */
const keptMax = 100

/**
 * Creates a function that finds a version by reference. Concurrent calls for one reference share a
 * lookup. It rejects with `model_not_found`, `model_corrupt`, what the artifact store throws, and
 * `queue_full` while too many other references are looked up.
 */
export function createVersionFinder(options: {
  readonly storeDir: string
  readonly objects: ObjectStore | undefined
  readonly hashFile: HashFile
  readonly log: (line: string) => void
  /** A monotonic clock, in milliseconds. */
  readonly nowMs?: () => number
}): { find(ref: string): Promise<ModelVersion> } {
  const { storeDir, objects, hashFile, log: note, nowMs = () => performance.now() } = options
  /** The oldest first. */
  const kept = new Map<string, { readonly version: ModelVersion; readonly atMs: number }>()
  const lookups = new Map<string, Promise<ModelVersion>>()
  const lookUp = async (ref: string): Promise<ModelVersion> => {
    try {
      const version = await resolveVersion({ ref, storeDir, objects, note, hashFile })
      kept.delete(ref)
      const [oldest] = kept.keys()
      if (kept.size >= keptMax) kept.delete(oldest!)
      kept.set(ref, { version, atMs: nowMs() })
      return version
    } catch (error) {
      if (!(error instanceof WinnowError) || error.code !== 'model_not_found') throw error
      // The message names folders of this machine.
      const message = `There is no model ${ref}; name it as NAME, NAME@VERSION or NAME@champion`
      throw new WinnowError('model_not_found', message, { cause: error, details: { model: ref } })
    } finally {
      lookups.delete(ref)
    }
  }
  return {
    find(ref) {
      const known = kept.get(ref)
      if (known !== undefined && nowMs() - known.atMs < keptMsMax) {
        return Promise.resolve(known.version)
      }
      const running = lookups.get(ref)
      if (running !== undefined) return running
      if (lookups.size >= lookupsMax) {
        const message = `${lookupsMax} other models are being looked up already; try again later`
        return Promise.reject(new WinnowError('queue_full', message))
      }
      const lookup = lookUp(ref)
      lookups.set(ref, lookup)
      return lookup
    },
  }
}
