// Collects the labels of all known models: of the serving model, and of the newest readable version
// of each model in a store. Labels from disk are cached for a short time, so that frequent calls
// are cheap.
import { join } from 'node:path'
import { WinnowError } from '../../schemas/errors.ts'
import { keepBriefly } from '../runtime/briefly-kept.ts'
import type { Manifest } from './manifest.ts'
import { modelDir, modelNames, readManifest, versionNumbers } from './version-files.ts'

/** How long labels from a store are cached, in milliseconds. */
export const storedLabelsMsMax = 10_000

/**
 * Creates a function that returns the labels of all known models; none if there is no model.
 * Concurrent calls read the store once, and later calls use the cache for `storedLabelsMsMax`. The
 * labels of the serving model are always current.
 */
export function createKnownLabels(options: {
  readonly storeDir: string
  /** The labels of the serving model; undefined if there is none. */
  readonly servingLabels: () => readonly string[] | undefined
  /** A monotonic clock, in milliseconds. */
  readonly nowMs?: () => number
}): () => Promise<ReadonlySet<string>> {
  const { storeDir, servingLabels, nowMs } = options
  const stored = keepBriefly(() => storedLabels(storeDir), { msMax: storedLabelsMsMax, nowMs })
  return async () => {
    const labels = await stored.read()
    const serving = servingLabels() ?? []
    return serving.every((label) => labels.has(label)) ? labels : new Set([...labels, ...serving])
  }
}

/** The manifest of a model's newest readable version; undefined if there is none. */
export async function newestManifest(model: {
  readonly storeDir: string
  readonly name: string
}): Promise<Manifest | undefined> {
  const { storeDir, name } = model
  for (const version of (await versionNumbers(storeDir, name)).reverse()) {
    try {
      return await readManifest(join(modelDir(storeDir, name), version))
    } catch (error) {
      // A damaged version must not hide older ones; `models verify` reports it.
      if (!(error instanceof WinnowError)) throw error
    }
  }
  return undefined
}

async function storedLabels(storeDir: string): Promise<ReadonlySet<string>> {
  const labels = new Set<string>()
  for (const name of await modelNames(storeDir)) {
    const manifest = await newestManifest({ storeDir, name })
    for (const label of manifest?.labels ?? []) labels.add(label)
  }
  return labels
}
