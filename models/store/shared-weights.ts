// Shares the weights file between versions of the local store with the same base encoder, by hard
// links. It takes disk space once and is deleted with the last version. If linking is not possible,
// a version has its own copy. models/graph/onnx/external-weights.ts defines the file.
import { link } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256OfFile } from '../runtime/file-hash.ts'
import {
  modelDir,
  modelNames,
  readManifest,
  versionNumbers,
  weightsFileName,
} from './version-files.ts'

/**
 * Creates the file at `path` as a link to the intact file of a version with the same weights.
 * Returns false, without writing anything, if there is none or the file system cannot link.
 */
export async function linkWeights(
  path: string,
  wanted: { storeDir: string; sha256: string },
): Promise<boolean> {
  const { storeDir, sha256 } = wanted
  for await (const found of weightsFiles(storeDir, sha256)) {
    try {
      // A damaged file must not be shared.
      if ((await sha256OfFile(found)) !== sha256) continue
      await link(found, path)
      return true
    } catch {
      continue // It was removed meanwhile, has too many links, or is on another file system.
    }
  }
  return false
}

async function* weightsFiles(storeDir: string, sha256: string): AsyncGenerator<string> {
  for (const name of await modelNames(storeDir)) {
    for (const version of (await versionNumbers(storeDir, name)).reverse()) {
      const dir = join(modelDir(storeDir, name), version)
      const manifest = await readManifest(dir).catch(() => undefined)
      if (manifest?.weightsSha256 === sha256) yield join(dir, weightsFileName)
    }
  }
}
