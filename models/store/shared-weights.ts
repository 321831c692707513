// One file of weights for all versions over one base encoder: versions of the local store that have
// the same weights share it by hard links, so that it takes the disk once and goes with the last of
// them. Where linking is not possible a version has a copy, which is as good. What lies in the file
// is models/graph/onnx/external-weights.ts.
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
 * Gives the file at `path` by linking it to that of a version which has these weights, intact.
 * False when there is none, or when the file system cannot link: then nothing was written.
 */
export async function linkWeights(
  path: string,
  wanted: { storeDir: string; sha256: string },
): Promise<boolean> {
  const { storeDir, sha256 } = wanted
  for await (const found of weightsFiles(storeDir, sha256)) {
    try {
      // A damaged file must not be passed on.
      if ((await sha256OfFile(found)) !== sha256) continue
      await link(found, path)
      return true
    } catch {
      continue // It was removed meanwhile, has all the links it can have, or lies on another file system.
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
