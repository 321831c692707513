// Opens a model version from the store for the commands that classify: tokenizer, workers and
// manifest together.
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../configs/schema.ts'
import type { BatchRecord } from '../models/batcher.ts'
import { openClassifier, type Classifier } from '../models/classifier.ts'
import { loadTokenizer, type Tokenizer } from '../models/tokenizer.ts'
import { openVersion } from '../models/version-store.ts'
import { batchTextsOf, type Manifest } from '../models/manifest.ts'
import type { ModelPort } from '../streams/infer.ts'

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

/** Worker threads for a configuration: `workers`, or one a core. */
export function workersOf(config: Config['inference']): number {
  return config.workers === 0 ? availableParallelism() : config.workers
}

/** Opens the version that `ref` means. Throws model_not_found, model_corrupt, session_failed. */
export async function openModel(options: {
  ref: string
  storeDir: string
  config: Config['inference']
  onBatch?: (batch: BatchRecord, manifest: Manifest) => void
  /** One thread that yields to all others, for work that nobody waits for. Default: normal. */
  priority?: 'normal' | 'background'
}): Promise<OpenModel> {
  const startMs = performance.now()
  const version = await openVersion({ ref: options.ref, storeDir: options.storeDir })
  const { manifest, dir } = version
  const tokenizer = loadTokenizer({ json: await readFile(join(dir, 'tokenizer.json')) })
  const { config, priority = 'normal' } = options
  const classifier = await openClassifier({
    modelPath: join(dir, 'model.onnx'),
    labels: manifest.labels,
    tokenizer,
    maxTokens: manifest.maxTokens,
    workers: priority === 'normal' ? workersOf(config) : 1,
    priority,
    batchTokens: config.batchTokens,
    batchTextsMax: batchTextsOf(manifest, config.batchTextsMax),
    batchAgeMsMax: config.batchAgeMsMax,
    queueTokensMax: config.queueTokensMax,
    padTo: config.padTo,
    temperature: manifest.temperature,
    thresholds: manifest.thresholds,
    abstain: manifest.abstain,
    abstention: config.abstain,
    onBatch: (batch) => options.onBatch?.(batch, manifest),
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
