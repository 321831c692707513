// Keeps the serving model at the champion that winnow.models announces: fetch, check, load beside the
// old one, try, then switch between two chunks. What fails on the way is refused with a reason, and the
// old model goes on serving.
import type { Config } from '../configs/schema.ts'
import type { ModelAnnouncements } from '../infra/model-announcements.ts'
import type { Release } from '../infra/release-rows.ts'
import { parseModelRef } from '../models/model-ref.ts'
import type { ModelSlot } from '../models/model-slot.ts'
import { tryModel } from '../models/model-trial.ts'
import { describeRelease, releasedVersion } from '../models/release-state.ts'
import { downloadVersion } from '../models/version-download.ts'
import type { ModelVersion } from '../models/version-files.ts'
import { openVersion } from '../models/version-store.ts'
import { errorMessage, WinnowError } from '../schemas/errors.ts'
import type { ModelAnnouncement, ReleasedVersion } from '../schemas/model-announcement.ts'
import type { ObjectStore } from '../schemas/object-store.ts'
import type { OpenModel } from './model.ts'

/** Why an announced version does not serve. */
export type RefusalReason =
  | 'corrupt'
  | 'labels_differ'
  | 'tokenizer_differs'
  | 'not_finite'
  | 'too_slow'
  | 'unloadable'
  | 'unreachable'

export type FollowerOptions = {
  readonly slot: ModelSlot<OpenModel>
  readonly announcements: ModelAnnouncements
  /** Where versions come from; undefined when they are in the local store only. */
  readonly objects: ObjectStore | undefined
  readonly storeDir: string
  readonly config: Config['inference']
  /** Loads a version that is in the local store. */
  readonly open: (ref: string) => Promise<OpenModel>
  readonly by: string
  readonly record: (release: Release) => Promise<void>
  readonly onSwap: (model: OpenModel) => void
  readonly onRefusal: (reason: RefusalReason) => void
  readonly log: (line: string) => void
}

export type ModelFollower = { close(): Promise<void> }

/** First pause before an unreachable version is tried again. */
const retryPauseMs = 1_000
const retryPauseMsMax = 30_000

/** Follows when `inference.model` names a model rather than one version of it. */
export function follows(config: Config['inference']): boolean {
  return parseModelRef(config.model).kind !== 'version'
}

/** Begins to follow; `close` ends it and waits for a swap under way. */
export function followModel(options: FollowerOptions): ModelFollower {
  const { slot, announcements, log } = options
  const { name } = slot.current.manifest
  const stop = new AbortController()
  let wanted: ModelAnnouncement | undefined
  let working: Promise<void> | undefined
  // One swap at a time; of several announcements meanwhile only the last counts.
  const want = (state: ModelAnnouncement | undefined): void => {
    if (state === undefined || state.name !== name) return
    wanted = state
    working ??= workOff().finally(() => {
      working = undefined
    })
  }
  const workOff = async (): Promise<void> => {
    let refusedMs = -1
    let pauseMs = retryPauseMs
    while (!stop.signal.aborted && wanted !== undefined) {
      const state = wanted
      const isDone = state.champion === null || state.champion === slot.current.manifest.version
      if (isDone || refusedMs === state.atMs) return
      const outcome = await attempt(options, { state, signal: stop.signal })
      if (outcome !== 'unreachable') {
        refusedMs = state.atMs
        continue
      }
      await pause(pauseMs, stop.signal)
      pauseMs = Math.min(pauseMs * 2, retryPauseMsMax)
    }
  }
  const following = announcements
    .follow(
      {
        onCaughtUp: (states) => want(states.get(name)),
        onAnnouncement: (state) => want(state),
        log,
      },
      stop.signal,
    )
    .catch((error: unknown) => log(`announcements are not followed: ${errorMessage(error)}`))
  return {
    async close() {
      stop.abort()
      await working
      await following
    },
  }
}

/** Tries to make the champion of `state` serve. */
async function attempt(
  options: FollowerOptions,
  { state, signal }: { state: ModelAnnouncement; signal: AbortSignal },
): Promise<'swapped' | 'refused' | 'unreachable'> {
  const { slot, config, log, by } = options
  const version = state.champion!
  const ref = `${state.name}@${version}`
  const refuse = async (reason: RefusalReason, message: string): Promise<void> => {
    options.onRefusal(reason)
    log(`${ref} is refused (${reason}): ${message}; ${slot.current.ref} goes on serving`)
    const model = { name: state.name, version }
    await options.record({ kind: 'refusal', model, by, reason: `${reason}: ${message}` })
  }
  let opened: OpenModel | undefined
  try {
    const released = releasedVersion(state, version)
    const fetched = await fetchVersion(options, { ref, released, signal })
    const mismatch = released && (await mismatchOf(fetched, released))
    if (mismatch !== undefined) {
      await refuse(mismatch.reason, mismatch.message)
      return 'refused'
    }
    opened = await options.open(ref)
  } catch (error) {
    if (signal.aborted) return 'refused'
    const isAway = error instanceof WinnowError && error.code === 'store_unavailable'
    await refuse(isAway ? 'unreachable' : reasonOf(error), errorMessage(error))
    return isAway ? 'unreachable' : 'refused'
  }
  const trial = await tryModel(opened.classifier, {
    ...{ maxTokens: opened.manifest.maxTokens, batchTokens: config.batchTokens },
    ...{ slowdownMax: config.swapSlowdownMax, rivalUsPerToken: await paceOf(slot.current, config) },
  })
  if (trial.kind === 'failed' || signal.aborted) {
    await opened.close()
    if (trial.kind === 'failed') await refuse(trial.failure.reason, trial.failure.message)
    return 'refused'
  }
  paces.set(opened, trial.usPerToken)
  options.onSwap(opened)
  log(`${ref} serves from now on; before it ${slot.current.ref}`)
  slot.replace(opened).catch((error: unknown) => log(`the old model: ${errorMessage(error)}`))
  return 'swapped'
}

/** Microseconds a token of models that passed a trial. */
const paces = new WeakMap<OpenModel, number>()

/** That of the serving model, measured now if it came to serve without a trial. */
async function paceOf(model: OpenModel, config: Config['inference']): Promise<number | undefined> {
  const known = paces.get(model)
  if (known !== undefined) return known
  const { maxTokens } = model.manifest
  const limits = { maxTokens, batchTokens: config.batchTokens, slowdownMax: 1 }
  const trial = await tryModel(model.classifier, limits)
  if (trial.kind === 'failed') return undefined
  paces.set(model, trial.usPerToken)
  return trial.usPerToken
}

async function fetchVersion(
  { objects, storeDir }: FollowerOptions,
  wanted: { ref: string; released: ReleasedVersion | undefined; signal: AbortSignal },
): Promise<ModelVersion> {
  const { ref, released, signal } = wanted
  if (objects === undefined) return openVersion({ ref, storeDir })
  const parsed = parseModelRef(ref)
  const version = parsed.kind === 'version' ? parsed.version : ''
  return downloadVersion({
    ...{ objects, storeDir, name: parsed.name, version, signal },
    manifestSha256: released?.manifestSha256,
  })
}

/** What of a version is not as announced. */
async function mismatchOf(
  version: ModelVersion,
  announced: ReleasedVersion,
): Promise<{ reason: RefusalReason; message: string } | undefined> {
  const found = await describeRelease(version, announced.url)
  if (found.labelsSha256 !== announced.labelsSha256) {
    return { reason: 'labels_differ', message: 'its labels are not those that were announced' }
  }
  if (found.tokenizerSha256 !== announced.tokenizerSha256) {
    return { reason: 'tokenizer_differs', message: 'its tokenizer is not the one announced' }
  }
  if (found.graphSha256 === announced.graphSha256) return undefined
  return { reason: 'corrupt', message: 'its graph is not the one announced' }
}

function reasonOf(error: unknown): RefusalReason {
  if (!(error instanceof WinnowError)) return 'unloadable'
  const corrupt = ['model_corrupt', 'hash_mismatch', 'model_not_found', 'version_conflict']
  return corrupt.includes(error.code) ? 'corrupt' : 'unloadable'
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
}
