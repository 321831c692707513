// Gets an announced version ready to serve: fetches it, compares it with the announcement, loads it
// and tries it. A version that fails is refused with a reason, for the record, the metrics and the
// log. model-follower.ts decides which version has which role.
import type { Config } from '../configs/schema.ts'
import type { Release } from '../infra/sinks/release-rows.ts'
import { parseModelRef } from '../models/store/model-ref.ts'
import { tryBeside, tryModel } from '../models/inference/model-trial.ts'
import { describeRelease, releasedVersion } from '../models/store/release-state.ts'
import { downloadVersion } from '../models/store/version-download.ts'
import type { HashFile, ModelVersion } from '../models/store/version-files.ts'
import { openVersion } from '../models/store/version-store.ts'
import { errorMessage, WinnowError } from '../schemas/errors.ts'
import type { Reach } from '../schemas/ports/fault-point.ts'
import type { ModelAnnouncement, ReleasedVersion } from '../schemas/model-announcement.ts'
import type { ObjectStore } from '../schemas/object-store.ts'
import type { OpenModel } from './model.ts'

/** Why an announced version does not work. */
export type RefusalReason =
  | 'corrupt'
  | 'labels_differ'
  | 'tokenizer_differs'
  | 'not_finite'
  | 'too_slow'
  | 'unloadable'
  | 'unreachable'

export type LoaderOptions = {
  /** Where versions come from; undefined if they are only in the local store. */
  readonly objects: ObjectStore | undefined
  readonly storeDir: string
  /** Reads the hashes of versions. Default: always read again. */
  readonly hashFile?: HashFile | undefined
  readonly config: Config['inference']
  readonly by: string
  readonly record: (release: Release) => Promise<void>
  readonly onRefusal: (reason: RefusalReason) => void
  readonly log: (line: string) => void
  readonly reach?: Reach | undefined
}

/** A version to load. */
export type LoadRequest = {
  readonly state: ModelAnnouncement
  readonly version: string
  readonly open: (version: ModelVersion) => Promise<OpenModel>
  /** The model that it must not be much slower than; undefined if its pace does not matter. */
  readonly rival: OpenModel | undefined
  /** What happens instead, for the log. */
  readonly otherwise: string
  readonly signal: AbortSignal
}

export type LoadResult =
  | { readonly kind: 'ready'; readonly model: OpenModel }
  /** A retry can help only if it is unreachable. */
  | { readonly kind: 'refused' | 'unreachable' }

/** Loads a version that a state names; the caller closes it. */
export async function loadVersion(
  options: LoaderOptions,
  request: LoadRequest,
): Promise<LoadResult> {
  const { config, log, by, reach } = options
  const { state, version, rival, signal } = request
  const ref = `${state.name}@${version}`
  const refuse = async (reason: RefusalReason, message: string): Promise<LoadResult> => {
    options.onRefusal(reason)
    log(`${ref} is refused (${reason}): ${message}; ${request.otherwise}`)
    const model = { name: state.name, version }
    await options.record({ kind: 'refusal', model, by, reason: `${reason}: ${message}` })
    return { kind: reason === 'unreachable' ? 'unreachable' : 'refused' }
  }
  let opened: OpenModel
  try {
    const released = releasedVersion(state, version)
    const fetched = await fetchVersion(options, { ref, released, signal })
    await reach?.('swap-fetched')
    const mismatch = released && (await mismatchOf(fetched, released))
    if (mismatch !== undefined) return await refuse(mismatch.reason, mismatch.message)
    opened = await request.open(fetched)
    await reach?.('swap-loaded')
  } catch (error) {
    if (signal.aborted) return { kind: 'refused' }
    return refuse(reasonOf(error), errorMessage(error))
  }
  // Over the encoder that serves, it is as quick as the model that it replaces.
  const { encoder } = opened.classifier
  const isSameEncoder = encoder !== undefined && encoder === rival?.classifier.encoder
  const compared = isSameEncoder ? undefined : rival
  const trial = await tryBeside(opened.classifier, {
    maxTokens: opened.manifest.maxTokens,
    slowdownMax: config.swapSlowdownMax,
    paceOfRival: async (when) => compared && (await paceOf(compared, when)),
  })
  if (trial.kind === 'passed' && !signal.aborted) {
    paces.set(opened, trial.usPerToken)
    return { kind: 'ready', model: opened }
  }
  await opened.close()
  if (trial.kind === 'passed') return { kind: 'refused' }
  return refuse(trial.failure.reason, trial.failure.message)
}

/**
 * Downloads a version that was just published, so that its promotion does not wait for the
 * download. A failure is reported when the version is promoted.
 */
export async function prefetchVersion(
  options: LoaderOptions,
  state: ModelAnnouncement,
  signal: AbortSignal,
): Promise<void> {
  const { version } = state
  const released = releasedVersion(state, version)
  const wanted = { ref: `${state.name}@${version}`, released, signal }
  if (options.objects !== undefined) await fetchVersion(options, wanted).catch(() => undefined)
}

/** Microseconds per token of models that passed a trial. */
const paces = new WeakMap<OpenModel, number>()

/** The pace of a serving model, measured now if it is unknown. */
async function paceOf(model: OpenModel, when: 'known' | 'now'): Promise<number | undefined> {
  const known = paces.get(model)
  if (known !== undefined && when === 'known') return known
  const limits = { maxTokens: model.manifest.maxTokens, slowdownMax: 1 }
  const trial = await tryModel(model.classifier, limits)
  if (trial.kind === 'failed') return undefined
  paces.set(model, trial.usPerToken)
  return trial.usPerToken
}

async function fetchVersion(
  { objects, storeDir, hashFile }: LoaderOptions,
  wanted: { ref: string; released: ReleasedVersion | undefined; signal: AbortSignal },
): Promise<ModelVersion> {
  const { ref, released, signal } = wanted
  if (objects === undefined) return openVersion({ ref, storeDir, hashFile })
  const parsed = parseModelRef(ref)
  const version = parsed.kind === 'version' ? parsed.version : ''
  return downloadVersion({
    objects,
    storeDir,
    name: parsed.name,
    version,
    signal,
    hashFile,
    manifestSha256: released?.manifestSha256,
  })
}

/** How a version differs from its announcement. */
async function mismatchOf(
  version: ModelVersion,
  announced: ReleasedVersion,
): Promise<{ reason: RefusalReason; message: string } | undefined> {
  const found = await describeRelease(version, announced.url)
  if (found.labelsSha256 !== announced.labelsSha256) {
    return { reason: 'labels_differ', message: 'its labels differ from the announced ones' }
  }
  if (found.tokenizerSha256 !== announced.tokenizerSha256) {
    return { reason: 'tokenizer_differs', message: 'its tokenizer differs from the announced one' }
  }
  if (found.graphSha256 === announced.graphSha256) return undefined
  return { reason: 'corrupt', message: 'its graph differs from the announced one' }
}

function reasonOf(error: unknown): RefusalReason {
  if (!(error instanceof WinnowError)) return 'unloadable'
  if (error.code === 'store_unavailable') return 'unreachable'
  const corrupt = ['model_corrupt', 'hash_mismatch', 'model_not_found', 'version_conflict']
  return corrupt.includes(error.code) ? 'corrupt' : 'unloadable'
}
