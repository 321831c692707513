// Resolves a reference with an artifact store behind the local store. Published versions are
// immutable, so a local version is not fetched again. If the artifact store is unreachable, the
// newest local version serves, and the log says so.
import { WinnowError } from '../../schemas/errors.ts'
import type { ObjectStore } from '../../schemas/object-store.ts'
import { adoptChampion } from './champion.ts'
import { parseModelRef } from './model-ref.ts'
import { readStateCopy, remoteVersions } from './remote-versions.ts'
import { downloadVersion } from './version-download.ts'
import { versionNumbers, type HashFile, type ModelVersion } from './version-files.ts'
import { openVersion } from './version-store.ts'

/**
 * Opens the version that `ref` means, and downloads it if the local store does not have it. If the
 * artifact store is unreachable, it opens the local version and calls `note`. Without `objects`, it
 * is the same as `openVersion`.
 */
export async function resolveVersion(options: {
  ref: string
  storeDir: string
  objects: ObjectStore | undefined
  note: (line: string) => void
  signal?: AbortSignal | undefined
  hashFile?: HashFile | undefined
}): Promise<ModelVersion> {
  const { ref, storeDir, objects, note, signal, hashFile } = options
  if (objects === undefined) return openVersion({ ref, storeDir, hashFile })
  const parsed = parseModelRef(ref)
  const { name } = parsed
  const place = { objects, storeDir, name, signal, hashFile }
  const local = await versionNumbers(storeDir, name)
  if (parsed.kind === 'version' && local.includes(parsed.version)) {
    return openVersion({ ref, storeDir, hashFile })
  }
  try {
    if (parsed.kind === 'version') {
      return await downloadVersion({ ...place, version: parsed.version })
    }
    const state = await readStateCopy(objects, name)
    if (typeof state?.champion === 'string') {
      const { champion, previous } = state
      const opened = await downloadVersion({ ...place, version: champion })
      await adoptChampion({ storeDir, name, champion, previous })
      return opened
    }
    const newest = (await remoteVersions(objects, name)).at(-1)?.version
    const isNewer = Number(newest ?? 0) > Number(local.at(-1) ?? 0)
    if (parsed.kind === 'default' && newest !== undefined && isNewer) {
      return await downloadVersion({ ...place, version: newest })
    }
  } catch (error) {
    const isAway = error instanceof WinnowError && error.code === 'store_unavailable'
    if (!isAway || local.length === 0 || parsed.kind === 'version') throw error
    const opened = await openVersion({ ref, storeDir, hashFile })
    note(`${objects.url} did not answer (${error.message}); serving ${opened.ref} from ${storeDir}`)
    return opened
  }
  return openVersion({ ref, storeDir, hashFile })
}
