// Opens a model version from the store for the commands that classify: tokenizer, workers and
// manifest together.
import { availableParallelism } from 'node:os'
import type { Config } from '../configs/schema.ts'
import { providerLimits, type AskedDevice } from '../models/devices/device.ts'
import type { Lookup } from '../models/inference/cached-batcher.ts'
import type { Classifier } from '../models/inference/classifier.ts'
import type { ComputedBatch } from '../models/inference/inference.ts'
import type { PoolOptions } from '../models/inference/pool.ts'
import type { ThreadPriority } from '../models/runtime/thread-priority.ts'
import type { Tokenizer } from '../models/tokenizers/tokenizer.ts'
import type { ModelVersion } from '../models/store/version-files.ts'
import { openVersionModel, type VersionModelOptions } from '../models/inference/version-model.ts'
import type { Manifest } from '../models/store/manifest.ts'
import type { AnsweredBy } from '../schemas/classification.ts'
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

/** Worker threads of a configuration on the processor: `workers`, or one per core. */
export function workersOf({ workers }: Pick<Config['inference'], 'workers'>): number {
  return workers === 0 ? availableParallelism() : workers
}

/** The device of a configuration; undefined for the processor. */
export function deviceOf(
  config: Pick<Config['inference'], 'provider' | 'deviceId' | 'precision' | 'fallback' | 'workers'>,
  onFallback?: (message: string) => void,
): AskedDevice | undefined {
  const { provider, deviceId, precision, fallback } = config
  if (provider === 'cpu') return undefined
  const own = config.workers === 0 ? providerLimits[provider].workers : config.workers
  return { provider, deviceId, precision, fallback, workers: own ?? 1, onFallback }
}

/**
 * Opens a version whose files were checked. Throws model_corrupt, model_incompatible,
 * session_failed.
 */
export async function openModel(
  options: {
    version: ModelVersion
    config: Config['inference']
    onBatch?: (batch: ComputedBatch, manifest: Manifest) => void
    /** Called when the processor takes over for a device that does not work. */
    onFallback?: (message: string) => void
    onLookup?: ((lookup: Lookup) => void) | undefined
    /** Takes the model of a cascade that answers a text. */
    onAnswer?: ((answeredBy: AnsweredBy) => void) | undefined
    /** `background` is a single thread, for work that nobody waits for. Default: normal. */
    priority?: ThreadPriority
  } & Pick<PoolOptions, 'spawn' | 'keep' | 'readyWith'> &
    Pick<VersionModelOptions, 'readTokenizer' | 'encoders'>,
): Promise<OpenModel> {
  const startMs = performance.now()
  const { version, config, priority = 'normal', onFallback } = options
  const { manifest, dir } = version
  const { classifier, tokenizer } = await openVersionModel({
    version,
    workers: priority === 'background' ? 1 : workersOf(config),
    device: deviceOf(priority === 'background' ? { ...config, workers: 1 } : config, onFallback),
    priority,
    readTokenizer: options.readTokenizer,
    encoders: options.encoders,
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
    onAnswer: options.onAnswer,
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
