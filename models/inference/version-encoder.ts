// Opens the encoder of a model version: the same graph, weights and tokenizer as for classifying,
// up to the embedding that the head reads.
import { openEncoder, type TextEncoder } from './text-encoder.ts'
import type { InferenceOptions } from './inference.ts'
import { batchTextsOf } from '../store/manifest.ts'
import type { ModelVersion } from '../store/version-files.ts'
import { readTokenizer } from './version-model.ts'

export type VersionEncoderOptions = {
  readonly version: ModelVersion
  /** Default: readTokenizer, read for each; see shared-tokenizers.ts. */
  readonly readTokenizer?: typeof readTokenizer | undefined
} & Omit<InferenceOptions, 'modelPath' | 'tokenizer' | 'maxTokens'>

/**
 * Opens the encoder; the caller closes it.
 *
 * @throws WinnowError `model_incompatible` for an imported version, `model_corrupt`,
 * `session_failed`.
 */
export async function openVersionEncoder(options: VersionEncoderOptions): Promise<TextEncoder> {
  const { version, batchTextsMax, readTokenizer: read = readTokenizer, ...limits } = options
  const { manifest, modelPath } = version
  return openEncoder({
    ...limits,
    modelPath,
    maxTokens: manifest.maxTokens,
    batchTextsMax: batchTextsOf(manifest, batchTextsMax),
    tokenizer: await read(version),
  })
}
