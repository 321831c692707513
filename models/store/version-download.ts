// Downloads a version from an artifact store into the local store, which is its cache. The version
// is checked by SHA-256 and appears atomically. version-resolver.ts decides which version to
// download.
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WinnowError } from '../../schemas/errors.ts'
import type { ObjectStore } from '../../schemas/object-store.ts'
import { sha256OfBytes } from '../runtime/file-hash.ts'
import {
  remoteFiles,
  remoteManifest,
  versionKey,
  versionUrl,
  type VersionFile,
  type VersionPlace,
} from './remote-versions.ts'
import { linkWeights } from './shared-weights.ts'
import { withStoreLock } from './store-lock.ts'
import {
  modelDir,
  readVersion,
  weightsFileName,
  type HashFile,
  type ModelVersion,
} from './version-files.ts'

export type DownloadOptions = VersionPlace & {
  readonly objects: ObjectStore
  readonly storeDir: string
  /** The expected hash of the manifest, from an announcement. */
  readonly manifestSha256?: string | undefined
  readonly hashFile?: HashFile | undefined
  readonly onBytes?: ((receivedBytes: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** Attempts per file if the download breaks off; each continues where the last one ended. */
const streamTriesMax = 4
const lockWaitMsMax = 600_000

/**
 * Opens the version in the local store, and downloads it first if it is missing or damaged.
 * Concurrent processes download it once. Throws 'model_not_found' if the artifact store does not
 * have the complete version, 'version_conflict' if a different local version has its number,
 * 'hash_mismatch', 'store_unavailable' or 'store_refused'.
 */
export async function downloadVersion(options: DownloadOptions): Promise<ModelVersion> {
  const { storeDir, name, version } = options
  const dir = modelDir(storeDir, name)
  const path = join(dir, `.fetch-${version}.lock`)
  await mkdir(dir, { recursive: true })
  return withStoreLock({ path, waitMsMax: lockWaitMsMax, signal: options.signal }, () =>
    fetchLocked(options, dir),
  )
}

async function fetchLocked(options: DownloadOptions, dir: string): Promise<ModelVersion> {
  const { objects, name, version, manifestSha256, hashFile } = options
  const url = versionUrl(objects, options)
  const remote = await remoteManifest(objects, options)
  if (remote === undefined) {
    throw new WinnowError('model_not_found', `There is no ${name}@${version} in ${objects.url}.`, {
      details: { name, version },
    })
  }
  if (manifestSha256 !== undefined) requireSha256(remote.bytes, manifestSha256, url)
  if (remote.manifest.name !== name || remote.manifest.version !== version) {
    throw new WinnowError('model_corrupt', `${url} holds the manifest of another version.`)
  }
  const target = join(dir, version)
  const present = await presentVersion(target, { manifest: remote.bytes, hashFile })
  if (present !== undefined) return present
  const pending = join(dir, `.pending-${randomUUID()}`)
  await mkdir(pending, { recursive: true })
  try {
    let received = 0
    const onBytes = (bytes: number): void => options.onBytes?.((received += bytes))
    for (const file of await remoteFiles(objects, options)) {
      if (file.name === 'manifest.json') continue
      const path = join(pending, file.name)
      const isHere =
        file.name === weightsFileName && (await linkWeights(path, { ...options, ...file }))
      if (!isHere) await fetchFile({ ...options, onBytes }, { file, path })
    }
    await writeFile(join(pending, 'manifest.json'), remote.bytes, { flush: true })
    await rename(pending, target)
  } finally {
    await rm(pending, { recursive: true, force: true })
  }
  return readVersion(target, hashFile)
}

/**
 * The local version if it is the same and intact; deletes a damaged copy, keeps a different one.
 */
async function presentVersion(
  dir: string,
  { manifest, hashFile }: { manifest: Buffer; hashFile: HashFile | undefined },
): Promise<ModelVersion | undefined> {
  const bytes = await readFile(join(dir, 'manifest.json')).catch(() => undefined)
  if (bytes !== undefined && !bytes.equals(manifest)) {
    throw new WinnowError(
      'version_conflict',
      `${dir} differs from the published version of that number, and was never published. ` +
        'Publish it with `winnow models push`, which gives it a free number, or remove the folder.',
      { details: { dir } },
    )
  }
  try {
    return bytes === undefined ? undefined : await readVersion(dir, hashFile)
  } catch (error) {
    if (!(error instanceof WinnowError) || error.code !== 'model_corrupt') throw error
    await rm(dir, { recursive: true, force: true })
    return undefined
  }
}

async function fetchFile(
  options: DownloadOptions & { onBytes: (bytes: number) => void },
  target: { file: VersionFile; path: string },
): Promise<void> {
  const { objects, signal } = options
  const { file, path } = target
  const key = versionKey(options, file.name)
  const hash = createHash('sha256')
  const handle = await open(path, 'w')
  let received = 0
  try {
    for (let tries = 1; received < file.bytes || tries === 1; tries++) {
      try {
        const stream = await objects.stream(key, { fromByte: received, signal })
        if (stream === undefined) {
          throw new WinnowError('model_corrupt', `${objects.url}${key} is missing.`)
        }
        for await (const chunk of stream) {
          received += chunk.byteLength
          if (received > file.bytes) break
          hash.update(chunk)
          await handle.writeFile(chunk)
          options.onBytes(chunk.byteLength)
        }
        if (received !== file.bytes) break
      } catch (error) {
        const isPassing = error instanceof WinnowError && error.code === 'store_unavailable'
        if (!isPassing || tries >= streamTriesMax) throw error
      }
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
  requireHash({ actual: hash.digest('hex'), expected: file.sha256 }, objects.url + key)
}

function requireSha256(bytes: Buffer, expected: string, what: string): void {
  requireHash({ actual: sha256OfBytes(bytes), expected }, `the manifest of ${what}`)
}

function requireHash(hashes: { actual: string; expected: string }, what: string): void {
  const { actual, expected } = hashes
  if (actual === expected) return
  throw new WinnowError('hash_mismatch', `${what} has SHA-256 ${actual}, not ${expected}.`, {
    details: hashes,
  })
}
