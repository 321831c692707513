// Opens a model version from the store for the commands that classify: tokenizer, workers and
// manifest together.
import { availableParallelism } from 'node:os'
import type { Config } from '../configs/schema.ts'
import type { BatchRecord } from '../models/inference/batcher.ts'
import type { Lookup } from '../models/inference/cached-batcher.ts'
import type { Classifier } from '../models/inference/classifier.ts'
import type { PoolOptions } from '../models/inference/pool.ts'
import type { ThreadPriority } from '../models/inference/thread-priority.ts'
import type { Tokenizer } from '../models/tokenizers/tokenizer.ts'
import type { ModelVersion } from '../models/store/version-files.ts'
import { openVersionModel, type VersionModelOptions } from '../models/inference/version-model.ts'
import type { Manifest } from '../models/store/manifest.ts'
import type { ModelPort } from '../streams/stages/infer.ts'

export type OpenModel = {
  readonly manifest: Manifest
  /** name@version. */
  readonly ref: string
  readonly dir: string
  readonly classifier: Classifier
  readonly tokenizer: Tokenizer
  /** The model as the infer stage takes it. */
  readonly port: ModelPort
  readonly loadSeconds: number
  close(): Promise<void>
}

/** Worker threads of a configuration: `workers`, or one per core. */
export function workersOf(config: Config['inference']): number {
  return config.workers === 0 ? availableParallelism() : config.workers
}

/**
 * Opens a version whose files were checked. Throws model_corrupt, model_incompatible,
 * session_failed.
 */
export async function openModel(
  options: {
    version: ModelVersion
    config: Config['inference']
    onBatch?: (batch: BatchRecord, manifest: Manifest) => void
    onLookup?: ((lookup: Lookup) => void) | undefined
    /** `background` is a single thread, for work that nobody waits for. Default: normal. */
    priority?: ThreadPriority
  } & Pick<PoolOptions, 'spawn' | 'keep' | 'readyWith'> &
    Pick<VersionModelOptions, 'readTokenizer'>,
): Promise<OpenModel> {
  const startMs = performance.now()
  const { version, config, priority = 'normal' } = options
  const { manifest, dir } = version
  const { classifier, tokenizer } = await openVersionModel({
    version,
    workers: priority === 'background' ? 1 : workersOf(config),
    priority,
    readTokenizer: options.readTokenizer,
    spawn: options.spawn,
    keep: options.keep,
    readyWith: options.readyWith,
    batchTokens: config.batchTokens,
    batchTextsMax: config.batchTextsMax,
    batchAgeMsMax: config.batchAgeMsMax,
    queueTokensMax: config.queueTokensMax,
    padTo: config.padTo,
    abstention: config.abstain,
    onBatch: (batch) => options.onBatch?.(batch, manifest),
    // A background model runs what others have run already, to compare.
    cacheBytesMax: priority === 'background' ? 0 : config.cacheMegabytes * 1_000_000,
    onLookup: options.onLookup,
  })
  return {
    manifest,
    ref: `${manifest.name}@${manifest.version}`,
    dir,
    classifier,
    tokenizer,
    port: {
      name: manifest.name,
      version: manifest.version,
      role: 'champion',
      labels: manifest.labels,
      maxTokens: manifest.maxTokens,
      tokenizer,
      classifyWhenRoom: (ids) => classifier.classifyWhenRoom(ids),
    },
    loadSeconds: (performance.now() - startMs) / 1_000,
    close: () => classifier.close(),
  }
}
