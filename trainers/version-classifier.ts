// A model version opened for classifying offline. It owns how a manifest becomes a classifier's
// options; batching and threads are models/classifier.ts.
import { readFile } from 'node:fs/promises'
import type { AbstentionMode } from '../models/abstention.ts'
import { openClassifier, type Classifier } from '../models/classifier.ts'
import { batchTextsOf } from '../models/manifest.ts'
import { loadTokenizer } from '../models/tokenizer.ts'
import type { ModelVersion } from '../models/version-files.ts'

export type VersionClassifierOptions = {
  readonly version: ModelVersion
  /** Inference threads; one a core is best. */
  readonly workers: number
  /** Padded tokens of a batch; the classifier's own default if left out. */
  readonly batchTokens?: number | undefined
  /** With `on`, texts out of scope get the label `winnow.none`. Default `off`. */
  readonly abstention?: AbstentionMode | undefined
}

/**
 * Opens the version's graph with its labels, tokenizer, length limit and temperature. The caller
 * closes it.
 *
 * @throws WinnowError `model_incompatible`, `model_corrupt`, `session_failed`.
 */
export async function openVersionClassifier(
  options: VersionClassifierOptions,
): Promise<Classifier> {
  const { version, workers, batchTokens, abstention } = options
  const { labels, maxTokens, temperature, thresholds, abstain } = version.manifest
  const tokenizer = loadTokenizer({ json: await readFile(version.tokenizerPath) })
  const { modelPath } = version
  return openClassifier({
    modelPath,
    labels,
    tokenizer,
    maxTokens,
    temperature,
    thresholds,
    abstain,
    abstention,
    workers,
    batchTokens,
    batchTextsMax: batchTextsOf(version.manifest),
  })
}
