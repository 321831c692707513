// An object store in a folder, such as a mounted share. An object is a file that appears
// atomically, by a rename or a link. The local model store is models/store/version-store.ts.
import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, link, mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { WinnowError, errorMessage } from '../../schemas/errors.ts'
import type { ObjectContent, ObjectStore, StoredObject } from '../../schemas/object-store.ts'

/** Opens a folder as an object store; the first write creates the folder. */
export function openFolderObjects(folder: string): ObjectStore {
  const root = resolve(folder)
  return {
    url: `${pathToFileURL(root).href}/`,

    write: (key, content, { signal } = {}) =>
      folderCall(`write ${key}`, async () => {
        refuseCancelled(signal)
        const path = pathOf(root, key)
        await withTemporary(path, content, (temporary) => rename(temporary, path))
      }),

    create: (key, bytes) =>
      folderCall(`create ${key}`, async () => {
        const path = pathOf(root, key)
        try {
          // A link fails where the name is taken: unlike an exclusive open it shows whole files
          // only.
          await withTemporary(path, { bytes }, (temporary) => link(temporary, path))
          return 'created'
        } catch (error) {
          if (codeOf(error) === 'EEXIST') return 'exists'
          throw error
        }
      }),

    stream: (key, { fromByte = 0, signal } = {}) =>
      folderCall(`read ${key}`, async () => {
        refuseCancelled(signal)
        const path = pathOf(root, key)
        const found = await stat(path).catch((error: unknown) => {
          if (codeOf(error) === 'ENOENT') return undefined
          throw error
        })
        if (found === undefined) return undefined
        if (fromByte >= found.size) return noBytes()
        // Every read allocates a buffer of this size, and most objects are small manifests.
        const highWaterMark = Math.min(1 << 20, found.size - fromByte)
        return createReadStream(path, { start: fromByte, highWaterMark, signal })
      }),

    list: (prefix) =>
      folderCall(`list ${prefix}`, async () => {
        const found = await filesBelow(root, '')
        return found
          .filter(({ key }) => key.startsWith(prefix))
          .sort((a, b) => (a.key < b.key ? -1 : 1))
      }),

    close: () => undefined,
  }
}

/** The names of unfinished files, which no key has. */
const temporaryName = /^\.pending-/

function pathOf(root: string, key: string): string {
  const path = join(root, ...key.split('/'))
  const wrong = key.split('/').some((part) => part === '' || temporaryName.test(part))
  if (!wrong && path.startsWith(root + sep)) return path
  throw new WinnowError(
    'store_refused',
    `'${key}' cannot be the key of a file in the artifact store.`,
    { details: { key } },
  )
}

/** Writes the content to disk beside `path`, then calls `place` to give it its final name. */
async function withTemporary(
  path: string,
  content: ObjectContent,
  place: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = join(dirname(path), `.pending-${randomUUID()}`)
  await mkdir(dirname(path), { recursive: true })
  try {
    if ('bytes' in content) {
      await writeFile(temporary, content.bytes, { flush: true })
    } else {
      await copyFile(content.path, temporary)
      const file = await open(temporary, 'r+')
      await file.sync().finally(() => file.close())
    }
    await place(temporary)
  } finally {
    await rm(temporary, { force: true })
  }
}

async function filesBelow(root: string, prefix: string): Promise<StoredObject[]> {
  const entries = await readdir(join(root, prefix), { withFileTypes: true }).catch(
    (error: unknown) => {
      // A folder that does not exist yet is an empty store.
      if (codeOf(error) === 'ENOENT') return []
      throw error
    },
  )
  const found: StoredObject[] = []
  for (const entry of entries) {
    const key = `${prefix}${entry.name}`
    if (entry.isDirectory()) found.push(...(await filesBelow(root, `${key}/`)))
    else if (entry.isFile() && !temporaryName.test(entry.name)) {
      found.push({ key, bytes: (await stat(join(root, key))).size })
    }
  }
  return found
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}

function refuseCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new WinnowError('cancelled', 'Cancelled.')
}

async function folderCall<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (cause) {
    if (cause instanceof WinnowError) throw cause
    // A full disk, a lost share or a missing permission: an operator must act.
    throw new WinnowError('store_unavailable', `cannot ${what}: ${errorMessage(cause)}`, { cause })
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
