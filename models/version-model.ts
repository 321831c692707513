// A model version opened for classifying: how a manifest becomes a classifier's options. The tokenizer is read
// while the first thread loads the graph, which takes as long.
import { readFile } from 'node:fs/promises'
import { openClassifier, type Classifier, type ClassifierOptions } from './classifier.ts'
import { sha256OfBytes } from './file-hash.ts'
import { batchTextsOf } from './manifest.ts'
import { loadTokenizer, type Tokenizer } from './tokenizer.ts'
import type { ModelVersion } from './version-files.ts'

export type VersionModelOptions = { readonly version: ModelVersion } & Omit<
  ClassifierOptions,
  'modelPath' | 'labels' | 'tokenizer' | 'maxTokens' | 'temperature' | 'thresholds' | 'abstain'
>

/** A classifier and its tokenizer; the caller closes the classifier. */
export type VersionModel = { readonly classifier: Classifier; readonly tokenizer: Tokenizer }

/**
 * Opens the version's graph with its labels, tokenizer, length limit and temperature.
 *
 * @throws WinnowError `model_incompatible`, `model_corrupt`, `session_failed`.
 */
export async function openVersionModel(options: VersionModelOptions): Promise<VersionModel> {
  const { version, batchTextsMax, ...limits } = options
  const { manifest, modelPath, tokenizerPath } = version
  const { labels, maxTokens, temperature, thresholds, abstain } = manifest
  const json = await readFile(tokenizerPath)
  let tokenizer: Tokenizer | undefined
  const opening = openClassifier({
    ...limits,
    ...{ modelPath, labels, maxTokens, temperature, thresholds, abstain },
    batchTextsMax: batchTextsOf(manifest, batchTextsMax),
    tokenizer: { encode: (text, limit) => tokenizer!.encode(text, limit) },
  })
  try {
    tokenizer = sharedTokenizer(json)
  } catch (error) {
    // What is wrong with the graph, if anything, matters less than what was found first.
    await opening.then((classifier) => classifier.close()).catch(() => undefined)
    throw error
  }
  return { classifier: await opening, tokenizer }
}

/**
 * Tokenizers in use, by the hash of their file. A swap to a version with the same one, which is the rule,
 * would else leave some 20 MB of vocabulary behind until the collector comes.
 */
const inUse = new Map<string, WeakRef<Tokenizer>>()

function sharedTokenizer(json: Uint8Array): Tokenizer {
  const sha256 = sha256OfBytes(json)
  const known = inUse.get(sha256)?.deref()
  if (known !== undefined) return known
  const tokenizer = loadTokenizer({ json })
  inUse.set(sha256, new WeakRef(tokenizer))
  return tokenizer
}
