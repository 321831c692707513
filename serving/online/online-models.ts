// The models of the gateway: the one that serves, and versions that requests name, which are opened
// on demand. Few are kept open; a version that nobody uses makes room for another.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../../configs/schema.ts'
import type {
  OnlineClassification,
  OnlineEmbedding,
  OnlineModel,
  OnlineModelFacts,
  OnlineModels,
  OnlineRejection,
} from '../../gateway/http/dependencies.ts'
import type { WorkQueue } from '../../gateway/http/work-queue.ts'
import type { Telemetry } from '../../infra/telemetry.ts'
import { findingTokens } from '../../models/explain/text-tokens.ts'
import { readTokenPieces, type TokenPieces } from '../../models/explain/token-pieces.ts'
import type { ComputedBatch, Tokenized } from '../../models/inference/inference.ts'
import type { Lookup } from '../../models/inference/cached-batcher.ts'
import { OpenModels } from '../../models/inference/open-models.ts'
import { shareTokenizers } from '../../models/inference/shared-tokenizers.ts'
import type { ModelLease, SwappableModel } from '../../models/inference/swappable-model.ts'
import type { TextEncoder } from '../../models/inference/text-encoder.ts'
import { openVersionEncoder } from '../../models/inference/version-encoder.ts'
import type { Work } from '../../models/runtime/sliced-work.ts'
import { rememberHashes } from '../../models/store/remembered-hashes.ts'
import { readVersion, versionNumbers, type ModelVersion } from '../../models/store/version-files.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { ObjectStore } from '../../schemas/object-store.ts'
import { topProbabilities } from '../../streams/stages/infer.ts'
import { deviceOf, openModel, type OpenModel } from '../model.ts'
import type { OpenResources } from '../open-resources.ts'
import { openObjects } from '../publishing.ts'
import { createVersionFinder } from './version-finder.ts'

export type OnlineModelsOptions = {
  readonly config: Pick<Config, 'gateway' | 'inference'>
  readonly storeDir: string
  /** Where versions come from that the local store does not have. */
  readonly objects: ObjectStore | undefined
  /** Undefined if no model serves. */
  readonly serving: SwappableModel<OpenModel> | undefined
  /** Shares the thread with other requests. */
  readonly queue: WorkQueue
  readonly onBatch?: (batch: ComputedBatch) => void
  readonly onLookup?: (lookup: Lookup) => void
  readonly log: (line: string) => void
}

/**
 * Opens the artifact store, and creates the models; both are closed with `resources`. Throws
 * `config_invalid`, and what the store throws.
 */
export async function openOnlineModels(
  resources: OpenResources,
  options: Omit<OnlineModelsOptions, 'objects' | 'onBatch' | 'onLookup' | 'config'> & {
    readonly config: Pick<Config, 'gateway' | 'inference' | 'store'>
    readonly telemetry: Telemetry
  },
): Promise<OnlineModels> {
  const { telemetry, ...others } = options
  const objects = await openObjects(options.config.store)
  if (objects !== undefined) {
    resources.add(objects, (one) => {
      one.close()
      return Promise.resolve()
    })
  }
  const onBatch = (batch: ComputedBatch): void => telemetry.batch(batch)
  const onLookup = (lookup: Lookup): void => telemetry.lookedUp(lookup)
  const models = createOnlineModels({ ...others, objects, onBatch, onLookup })
  return resources.add(models, (one) => one.close())
}

/** Creates the models, none of which is open yet; the caller closes them, not the serving one. */
export function createOnlineModels(
  options: OnlineModelsOptions,
): OnlineModels & { close(): Promise<void> } {
  const { config, serving, storeDir, queue, onBatch, onLookup, log: onFallback } = options
  const readTokenizer = shareTokenizers()
  const hashFile = rememberHashes()
  const finder = createVersionFinder({ ...options, hashFile })
  const bounds = {
    modelsMax: config.gateway.onlineModelsMax,
    setting: 'gateway.onlineModelsMax',
  }
  // Each is opened for few requests, so it takes one thread and not one for each core.
  const limits = { ...config.inference, workers: 1 }
  const versions = new OpenModels<OpenModel>({
    ...bounds,
    open: async (dir) => {
      const version = await readVersion(dir, hashFile)
      const callbacks = { onBatch, onLookup, onFallback }
      return openModel({ version, config: limits, readTokenizer, ...callbacks })
    },
  })
  const encoders = new OpenModels<TextEncoder>({
    ...bounds,
    open: async (dir) => {
      const { batchTokens, batchTextsMax, batchAgeMsMax, queueTokensMax, padTo } = limits
      const version = await readVersion(dir, hashFile)
      const batches = { batchTokens, batchTextsMax, batchAgeMsMax, queueTokensMax, padTo }
      const device = deviceOf(limits, onFallback)
      return openVersionEncoder({ version, workers: 1, device, readTokenizer, onBatch, ...batches })
    },
  })
  const context: ModelContext = { config: config.inference, queue, encoders, pieces: new WeakMap() }
  const find = async (ref: string): Promise<ModelVersion | 'serving'> => {
    const current = serving?.current
    if (ref === current?.ref || ref === current?.manifest.name) return 'serving'
    const version = await finder.find(ref)
    return version.ref === serving?.current.ref ? 'serving' : version
  }
  const acquire = async (ref: string | undefined): Promise<ModelLease<OpenModel>> => {
    const found = ref === undefined ? 'serving' : await find(ref)
    if (found !== 'serving') return versions.acquire(found.dir)
    if (serving === undefined) throw noModelServes()
    return serving.acquire()
  }
  return {
    get serving() {
      return serving?.current.ref
    },
    hasRoom: () => {
      const queued = serving?.current.classifier.stats().queuedTokens ?? 0
      return queued < config.inference.queueTokensMax / 2
    },
    async use(ref, work) {
      const lease = await acquire(ref)
      try {
        return await work(onlineModel(lease.model, context))
      } finally {
        lease.release()
      }
    },
    async describe(ref): Promise<OnlineModelFacts> {
      const found = await find(ref)
      const { name, version, labels } =
        found === 'serving' ? serving!.current.manifest : found.manifest
      const stored = await versionNumbers(storeDir, name)
      const known = new Set([...stored, version])
      return { name, version, labels, versions: [...known].sort((a, b) => Number(a) - Number(b)) }
    },
    async close() {
      await Promise.all([versions.close(), encoders.close()])
    },
  }
}

type ModelContext = {
  readonly config: Config['inference']
  readonly queue: WorkQueue
  readonly encoders: OpenModels<TextEncoder>
  /** What is read of a tokenizer.json, once for each open model. */
  readonly pieces: WeakMap<OpenModel, Promise<TokenPieces>>
}

function onlineModel(model: OpenModel, context: ModelContext): OnlineModel {
  const { manifest, classifier, dir } = model
  const { config, queue, encoders, pieces } = context
  return {
    name: manifest.name,
    version: manifest.version,
    labels: manifest.labels,
    async classify(texts, { signal }) {
      const tokenized = await queue.run(tokenizingAll(classifier, texts), signal)
      return allOf(tokenized, (one) => classifyOne(one, { model, config, signal }))
    },
    async tokenize(texts, { signal }) {
      let read = pieces.get(model)
      read ??= readFile(join(dir, 'tokenizer.json')).then(readTokenPieces)
      pieces.set(model, read)
      const tokens = await read
      const steps = function* () {
        const found = []
        for (const text of texts) {
          const { ids, truncated } = yield* classifier.tokenizing(text.cleaned)
          found.push({ tokens: yield* findingTokens(ids, { ...text, tokens }), truncated })
        }
        return found
      }
      return queue.run(steps(), signal)
    },
    async embed(texts, { signal }) {
      const lease = await encoders.acquire(dir)
      try {
        const tokenized = await queue.run(tokenizingAll(classifier, texts), signal)
        return await allOf(tokenized, (one) => embedOne(one, { encoder: lease.model, signal }))
      } finally {
        lease.release()
      }
    },
  }
}

/** Runs all at once, since they share batches; waits for all, even if one fails. */
async function allOf<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results = items.map(run)
  await Promise.allSettled(results)
  return Promise.all(results)
}

async function classifyOne(
  { ids, truncated }: Tokenized,
  options: { model: OpenModel; config: Config['inference']; signal: AbortSignal },
): Promise<OnlineClassification | OnlineRejection> {
  const { model, config, signal } = options
  const outcome = await model.classifier.classify(ids, { signal })
  if (outcome.kind === 'rejected') return { error: outcome.error }
  const { label, score, labels, outOfScope, probabilities: all, logits, answeredBy } = outcome
  const probabilities = topProbabilities(
    ...([all, model.manifest.labels, config.topLabels] as const),
  )
  const counts = { tokens: ids.length, truncated, answeredBy }
  const result = { label, score, labels, outOfScope, probabilities, ...counts }
  return { result, probabilities: all, logits }
}

async function embedOne(
  { ids }: Tokenized,
  { encoder, signal }: { encoder: TextEncoder; signal: AbortSignal },
): Promise<OnlineEmbedding | OnlineRejection> {
  const outcome = await encoder.embed(ids, { signal })
  if (outcome.kind === 'rejected') return { error: outcome.error }
  return { embedding: ofLengthOne(outcome.embedding), tokens: ids.length }
}

/** The vector float32 [features] scaled to Euclidean length 1; zeros stay zeros. */
function ofLengthOne(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, component) => sum + component * component, 0))
  return length === 0 ? vector : vector.map((component) => component / length)
}

/** Tokenizes each text, in steps. */
function* tokenizingAll(
  classifier: OpenModel['classifier'],
  texts: readonly string[],
): Work<Tokenized[]> {
  const tokenized: Tokenized[] = []
  for (const text of texts) tokenized.push(yield* classifier.tokenizing(text))
  return tokenized
}

function noModelServes(): WinnowError {
  return new WinnowError(
    'model_unavailable',
    'This gateway has no model of its own: inference.model was not found when it started. Name a ' +
      'version of the store as the model of the request',
  )
}
