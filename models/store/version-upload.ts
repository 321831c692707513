// Uploads a version of the local store to an artifact store: claims a unique number, then writes
// the files, the manifest last. The gate decides whether a version may be published.
import { readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { WinnowError } from '../../schemas/errors.ts'
import type { ObjectStore } from '../../schemas/object-store.ts'
import { sha256OfBytes, sha256OfFile } from '../runtime/file-hash.ts'
import { smallModelFileName } from './cascade-section.ts'
import { renumberVersion } from './renumber-version.ts'
import {
  filesSchema,
  highestClaim,
  readSmall,
  remoteManifest,
  versionKey,
  versionUrl,
  type VersionFile,
} from './remote-versions.ts'
import { highestNumber, weightsFileName, type ModelVersion } from './version-files.ts'

const claimTriesMax = 1_000

/**
 * Claims a number for the version in the artifact store: its own if it is free, else the next one,
 * which the local version then gets too. An earlier claim for the same files is reused. A claim
 * does not make the version visible.
 */
export async function claimNumber(options: {
  objects: ObjectStore
  storeDir: string
  version: ModelVersion
  by: string
}): Promise<ModelVersion> {
  const { objects, storeDir, version, by } = options
  const { name } = version
  const fingerprint = fingerprintOf(version)
  const claim = `${JSON.stringify({ fingerprint, by, at: new Date().toISOString() })}\n`
  for (let number = Number(version.version), tries = 0; tries < claimTriesMax; tries++) {
    const key = versionKey({ name, version: String(number) }, 'claim.json')
    const outcome = await objects.create(key, Buffer.from(claim))
    const isOurs =
      outcome === 'created' ||
      (await readSmall(objects, key))?.includes(`"${fingerprint}"`) === true
    if (isOurs) {
      const to = String(number)
      return to === version.version ? version : await renumberVersion({ storeDir, version, to })
    }
    const local = await highestNumber(storeDir, name)
    number = Math.max(number, local, await highestClaim(objects, name)) + 1
  }
  throw new WinnowError('internal', `No free number for ${name} after ${claimTriesMax} tries.`)
}

/** A fingerprint that is equal for equal versions, whatever their number. */
function fingerprintOf({ manifest }: ModelVersion): string {
  const { name, graphSha256, tokenizerSha256, labels, created, trainingRun } = manifest
  const parts = [name, graphSha256, tokenizerSha256, labels, created, trainingRun]
  return sha256OfBytes(Buffer.from(JSON.stringify(parts)))
}

/**
 * Uploads the files of a claimed version, the manifest last, so that a reader sees the complete
 * version or none. A version that is already complete does not change. Returns the address of its
 * folder.
 */
export async function uploadVersion(options: {
  objects: ObjectStore
  version: ModelVersion
  onFile?: ((file: VersionFile) => void) | undefined
  signal?: AbortSignal | undefined
}): Promise<{ url: string; outcome: 'uploaded' | 'present' }> {
  const { objects, version, signal } = options
  const url = versionUrl(objects, version)
  const manifest = await readFile(join(version.dir, 'manifest.json'))
  const present = await remoteManifest(objects, version)
  if (present !== undefined) {
    if (present.bytes.equals(manifest)) return { url, outcome: 'present' }
    throw new WinnowError('version_conflict', `${url} holds another ${version.ref}.`, {
      details: { model: version.ref, url },
    })
  }
  const files = await describeFiles(version)
  for (const file of files) {
    if (file.name === 'manifest.json') continue
    const content = { path: join(version.dir, file.name) }
    await objects.write(versionKey(version, file.name), content, { signal })
    options.onFile?.(file)
  }
  const list: unknown = filesSchema.parse({ formatVersion: 1, files })
  const listed = { bytes: Buffer.from(`${JSON.stringify(list, undefined, 2)}\n`) }
  await objects.write(versionKey(version, 'files.json'), listed, { signal })
  await objects.write(versionKey(version, 'manifest.json'), { bytes: manifest }, { signal })
  return { url, outcome: 'uploaded' }
}

/** Every file of the folder except hidden ones, hashed again so that only checked files go up. */
async function describeFiles({ dir, manifest }: ModelVersion): Promise<VersionFile[]> {
  const entries = await readdir(dir, { withFileTypes: true })
  const files: VersionFile[] = []
  for (const { name } of entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.'))) {
    const path = join(dir, name)
    files.push({ name, bytes: (await stat(path)).size, sha256: await sha256OfFile(path) })
  }
  for (const [name, expected] of [
    ['model.onnx', manifest.graphSha256],
    ['tokenizer.json', manifest.tokenizerSha256],
    [weightsFileName, manifest.weightsSha256],
    [smallModelFileName, manifest.cascade?.sha256],
  ]) {
    if (expected === undefined) continue
    const found = files.find((file) => file.name === name)
    if (found?.sha256 === expected) continue
    const message =
      `${join(dir, name!)} does not have the hash of its manifest: it was changed ` + 'afterwards.'
    throw new WinnowError('model_corrupt', message)
  }
  return files.sort((a, b) => (a.name < b.name ? -1 : 1))
}
