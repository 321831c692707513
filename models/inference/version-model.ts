// Opens a model version for classifying: turns its manifest into a classifier's options. The
// tokenizer is read while the first thread loads the graph.
import { readFile } from 'node:fs/promises'
import { openClassifier, type Classifier, type ClassifierOptions } from './classifier.ts'
import type { SharedEncoders } from './shared-encoders.ts'
import { batchTextsOf } from '../store/manifest.ts'
import { readSureModel } from '../cascade/version-small-model.ts'
import { loadTokenizer, type Tokenizer } from '../tokenizers/tokenizer.ts'
import type { ModelVersion } from '../store/version-files.ts'

export type VersionModelOptions = {
  readonly version: ModelVersion
  /** Default: readTokenizer, read for each; see shared-tokenizers.ts. */
  readonly readTokenizer?: typeof readTokenizer | undefined
  /** With them, the version shares its encoder with others that have the same. */
  readonly encoders?: SharedEncoders | undefined
} & Omit<
  ClassifierOptions,
  | ('modelPath' | 'labels' | 'tokenizer' | 'maxTokens' | 'temperature' | 'thresholds' | 'abstain')
  | ('small' | 'open')
> & {
    /** `full` leaves the small model of a cascade out. Default: it answers what it is sure of. */
    readonly answers?: 'full' | undefined
  }

/** A classifier and its tokenizer; the caller closes the classifier. */
export type VersionModel = { readonly classifier: Classifier; readonly tokenizer: Tokenizer }

/**
 * Opens the version's graph with its labels, tokenizer, length limit and temperature.
 *
 * @throws WinnowError `model_incompatible`, `model_corrupt`, `session_failed`.
 */
export async function openVersionModel(options: VersionModelOptions): Promise<VersionModel> {
  const { version, encoders, batchTextsMax, answers, ...rest } = options
  const { readTokenizer: read = readTokenizer, ...limits } = rest
  const { manifest, modelPath } = version
  const small = answers === 'full' ? undefined : await readSureModel(version)
  const { labels, maxTokens, temperature, thresholds, abstain } = manifest
  let tokenizer: Tokenizer | undefined
  const opening = openClassifier({
    ...limits,
    modelPath,
    labels,
    maxTokens,
    temperature,
    thresholds,
    abstain,
    small,
    open: encoders && ((inference) => encoders.open(version, inference)),
    batchTextsMax: batchTextsOf(manifest, batchTextsMax),
    tokenizer: {
      encode: (text, limit) => tokenizer!.encode(text, limit),
      encoding: (text, limit) => tokenizer!.encoding(text, limit),
    },
  })
  // It may fail before the tokenizer is read, and is awaited after that.
  opening.catch(() => undefined)
  try {
    tokenizer = await read(version)
  } catch (error) {
    // A failure of the graph, if any, matters less than the first one.
    await opening.then((classifier) => classifier.close()).catch(() => undefined)
    throw error
  }
  return { classifier: await opening, tokenizer }
}

/** Reads the version's tokenizer. Throws as loadTokenizer, and what reading the file throws. */
export async function readTokenizer({ tokenizerPath }: ModelVersion): Promise<Tokenizer> {
  return loadTokenizer({ json: await readFile(tokenizerPath) })
}
