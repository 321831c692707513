// Which labels the models that are there have: the one that serves, and the newest readable version
// of each model in a store. What is read from disk is kept for a short time, so that asking often
// costs nothing.
import { join } from 'node:path'
import { WinnowError } from '../../schemas/errors.ts'
import type { Manifest } from './manifest.ts'
import { modelDir, modelNames, readManifest, versionNumbers } from './version-files.ts'

/** How long the labels read from a store count as those in it. */
export const storedLabelsMsMax = 10_000

/**
 * Makes a function that gives the labels that some model has, none when there is no model. However
 * many ask at once, the store is read once, and then not again for `storedLabelsMsMax`; the labels
 * of the serving model are always those of this moment.
 */
export function createKnownLabels(options: {
  readonly storeDir: string
  /** Labels of the model that serves now; undefined without one. */
  readonly servingLabels: () => readonly string[] | undefined
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs?: () => number
}): () => Promise<ReadonlySet<string>> {
  const { storeDir, servingLabels, nowMs = () => performance.now() } = options
  let kept: { readonly labels: ReadonlySet<string>; readonly atMs: number } | undefined
  let reading: Promise<ReadonlySet<string>> | undefined
  const read = async (): Promise<ReadonlySet<string>> => {
    const labels = await storedLabels(storeDir)
    kept = { labels, atMs: nowMs() }
    return labels
  }
  const stored = (): Promise<ReadonlySet<string>> => {
    if (kept !== undefined && nowMs() - kept.atMs < storedLabelsMsMax) {
      return Promise.resolve(kept.labels)
    }
    reading ??= read().finally(() => {
      reading = undefined
    })
    return reading
  }
  return async () => {
    const labels = await stored()
    const serving = servingLabels() ?? []
    return serving.every((label) => labels.has(label)) ? labels : new Set([...labels, ...serving])
  }
}

/** The manifest of a model's newest version that can be read; undefined when there is none. */
export async function newestManifest(model: {
  readonly storeDir: string
  readonly name: string
}): Promise<Manifest | undefined> {
  const { storeDir, name } = model
  for (const version of (await versionNumbers(storeDir, name)).reverse()) {
    try {
      return await readManifest(join(modelDir(storeDir, name), version))
    } catch (error) {
      // A damaged version must not hide those before it; `models verify` reports it.
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
