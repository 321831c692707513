// The layout of model versions on disk, and the check that one is intact.
// models/store/version-store.ts writes versions and resolves references; models/store/champion.ts
// stores roles.
import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { WinnowError } from '../../schemas/errors.ts'
import { sha256OfFile } from '../runtime/file-hash.ts'
import { smallModelFileName } from './cascade-section.ts'
import { modelNamePattern, parseManifest, type Manifest } from './manifest.ts'

/** A model version on disk with verified hashes; paths are absolute. */
export type ModelVersion = {
  /** `name@version`. */
  readonly ref: string
  readonly name: string
  readonly version: string
  readonly dir: string
  readonly modelPath: string
  readonly tokenizerPath: string
  readonly manifest: Manifest
}

/** The folder of a model's versions. Throws WinnowError 'model_not_found' for an invalid name. */
export function modelDir(storeDir: string, name: string): string {
  // Names are untrusted input and must not lead out of the store.
  if (!modelNamePattern.test(name)) {
    throw new WinnowError('model_not_found', `'${name}' is not the name of a model.`)
  }
  return join(resolve(storeDir), 'versions', name)
}

/** The names of all models with at least one version, sorted. */
export async function modelNames(storeDir: string): Promise<string[]> {
  const names: string[] = []
  for (const name of await foldersIn(join(resolve(storeDir), 'versions'))) {
    if (!modelNamePattern.test(name)) continue
    if ((await versionNumbers(storeDir, name)).length > 0) names.push(name)
  }
  return names.sort()
}

/** The versions of a model, oldest first; empty for an unknown name. */
export async function versionNumbers(storeDir: string, name: string): Promise<string[]> {
  const folders = await foldersIn(modelDir(storeDir, name))
  return folders
    .filter((folder) => /^[1-9][0-9]{0,9}$/.test(folder))
    .sort((a, b) => Number(a) - Number(b))
}

/** The highest number of a model's versions, including removed ones; 0 if there is none. */
export async function highestNumber(storeDir: string, name: string): Promise<number> {
  const newest = Number((await versionNumbers(storeDir, name)).at(-1) ?? 0)
  const removed = await readFile(removedMark(storeDir, name), 'utf8').catch(() => '0')
  return Math.max(newest, Number(removed) || 0)
}

/** The file with the highest removed number, so that a reference never changes its meaning. */
export function removedMark(storeDir: string, name: string): string {
  return join(modelDir(storeDir, name), '.highest-removed')
}

/**
 * Reads the manifest of a version folder without hashing the other files. Throws WinnowError
 * 'model_corrupt' or 'model_incompatible'.
 */
export async function readManifest(dir: string): Promise<Manifest> {
  const path = join(dir, 'manifest.json')
  return parseManifest(await readOrCorrupt(path), path)
}

/** The name of a separate weights file, which versions share (shared-weights.ts). */
export const weightsFileName = 'model.onnx_data'

/** Computes the hash of a file; see remembered-hashes.ts. */
export type HashFile = typeof sha256OfFile

/**
 * Opens the version in `dir` after checking the hashes of its model files and tokenizer.json (90 MB
 * take 0.1 to 0.4 s). Throws WinnowError 'model_corrupt', which names the file.
 */
export async function readVersion(
  dir: string,
  hashFile: HashFile = sha256OfFile,
): Promise<ModelVersion> {
  const manifest = await readManifest(dir)
  const { name, version } = manifest
  if (basename(dir) !== version || basename(dirname(dir)) !== name) {
    throw new WinnowError(
      'model_corrupt',
      `${dir} holds the manifest of ${name}@${version}; it was renamed or copied.`,
      {
        details: { path: join(dir, 'manifest.json') },
      },
    )
  }
  const modelPath = join(dir, 'model.onnx')
  const tokenizerPath = join(dir, 'tokenizer.json')
  await requireHash(modelPath, { expected: manifest.graphSha256, hashFile })
  await requireHash(tokenizerPath, { expected: manifest.tokenizerSha256, hashFile })
  if (manifest.weightsSha256 !== undefined) {
    await requireHash(join(dir, weightsFileName), { expected: manifest.weightsSha256, hashFile })
  }
  if (manifest.cascade !== undefined) {
    await requireHash(join(dir, smallModelFileName), {
      expected: manifest.cascade.sha256,
      hashFile,
    })
  }
  return { ref: `${name}@${version}`, name, version, dir, modelPath, tokenizerPath, manifest }
}

async function requireHash(
  path: string,
  { expected, hashFile }: { expected: string; hashFile: HashFile },
): Promise<void> {
  let actual: string
  try {
    actual = await hashFile(path)
  } catch (cause) {
    throw new WinnowError('model_corrupt', `${path} cannot be read.`, { cause, details: { path } })
  }
  if (actual === expected) return
  throw new WinnowError(
    'model_corrupt',
    `${path} has the SHA-256 ${actual} instead of ${expected} as in its manifest. ` +
      'Train, import or fetch the version again.',
    { details: { path, actual, expected } },
  )
}

async function readOrCorrupt(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new WinnowError('model_corrupt', `${path} cannot be read.`, { cause, details: { path } })
  }
}

async function foldersIn(dir: string): Promise<string[]> {
  try {
    const entries = await readdir(dir, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
