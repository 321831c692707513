// Changes the roles of versions: promote, challenge, shadow, roll back, for the commands of these
// names and for the guards. A version is uploaded before winnow.models names it. publishing.ts
// uploads; models/store/release-state.ts decides which state follows from which.
import type { Promotion } from '../infra/readers/guard-figures.ts'
import { adoptChampion } from '../models/store/champion.ts'
import { namesHint } from '../models/store/model-ref.ts'
import {
  describeRelease,
  promoted,
  rolledBack,
  withSecondary,
} from '../models/store/release-state.ts'
import { modelNames, versionNumbers, type ModelVersion } from '../models/store/version-files.ts'
import { resolveVersion } from '../models/store/version-resolver.ts'
import { WinnowError } from '../schemas/errors.ts'
import type {
  ModelAnnouncement,
  ReleasedVersion,
  SecondaryRole,
} from '../schemas/model-announcement.ts'
import {
  addressOf,
  keepState,
  placeVersion,
  recordPublication,
  whileItStays,
  type Registry,
  type StateKeeper,
} from './publishing.ts'
import { passGateOnce, type GateRequest } from './release-gate.ts'

/** The result of a change. */
export type Change = {
  readonly before: ModelAnnouncement | undefined
  readonly state: ModelAnnouncement
  /** Where the version was uploaded, if the artifact store lacked it. */
  readonly uploadedTo: string | undefined
}

/**
 * Makes a version that passes the gate the champion. It is uploaded if the artifact store lacks it,
 * and announced with the change if it never was. Throws publish_refused.
 */
export async function promoteModel(
  registry: Registry,
  options: GateRequest & { ref: string; by: string; reason: string },
): Promise<Change> {
  const { by } = options
  const { version, released, reason, uploadedTo } = await readyVersion(registry, {
    ...options,
    what: 'promoted',
  })
  const { name } = version
  const { before, state } = await announce(registry, version, (present) =>
    promoted(present, { name, released, by, reason, atMs: Date.now() }),
  )
  await keepState(registry, state)
  await registry.record({ kind: 'promote', model: version, by, reason })
  return { before, state, uploadedTo }
}

/**
 * Gives a version a role beside the champion for a share of the events; 0 percent ends the role.
 * The version is uploaded if the artifact store lacks it. Throws role_refused for the champion and
 * when there is nothing to end; publish_refused for a challenger.
 */
export async function sideModel(
  registry: Registry,
  options: GateRequest & {
    ref: string
    role: SecondaryRole
    percent: number
    by: string
    reason: string
  },
): Promise<Change> {
  const { role, percent, by } = options
  // A shadow answers for nobody, so the gate does not apply.
  const what = role === 'challenger' ? 'made the challenger' : undefined
  const { version, released, reason, uploadedTo } =
    percent === 0
      ? await describedVersion(registry, options)
      : await readyVersion(registry, { ...options, what })
  const { name } = version
  const { before, state } = await announce(registry, version, (present) =>
    withSecondary(present, { name, released, role, percent, by, reason, atMs: Date.now() }),
  )
  await adoptChampion({ storeDir: registry.storeDir, ...state })
  registry.track?.(state)
  const share = percent === 0 ? 'ended' : `${percent} % of the events`
  await registry.record({
    kind: role === 'challenger' ? 'challenge' : 'shadow',
    model: version,
    by,
    reason: reason === '' ? share : `${share}: ${reason}`,
  })
  return { before, state, uploadedTo }
}

/** Announces what `next` makes of the current state, while nobody can remove the version. */
async function announce(
  registry: Registry,
  version: ModelVersion,
  next: (present: ModelAnnouncement | undefined) => ModelAnnouncement,
): Promise<{ before: ModelAnnouncement | undefined; state: ModelAnnouncement }> {
  let before: ModelAnnouncement | undefined
  const state = await whileItStays(registry, version, () =>
    registry.announcements.announce(version.name, (present) => {
      before = present
      return next(present)
    }),
  )
  return { before, state }
}

type VersionRequest = { ref: string; by: string; reason: string }
type AnnouncedVersion = {
  version: ModelVersion
  released: ReleasedVersion
  reason: string
  uploadedTo: string | undefined
}

/** A version that may be announced: it has passed the gate and is uploaded. */
async function readyVersion(
  registry: Registry,
  options: GateRequest & VersionRequest & { what: 'promoted' | 'made the challenger' | undefined },
): Promise<AnnouncedVersion> {
  const { by, what, signal, force } = options
  const resolved = await resolveRef(registry, options.ref)
  const { forced } =
    what === undefined
      ? { forced: false }
      : await passGateOnce(registry, { ...options, what, version: resolved })
  const reason = recordedReason(options.reason, forced ? force : undefined)
  const { version, released, isNew } = await placeVersion(registry, {
    version: resolved,
    by,
    signal,
  })
  if (isNew) await recordPublication(registry, { version, by, reason })
  return { version, released, reason, uploadedTo: isNew ? released.url : undefined }
}

/** A version that was announced earlier; nothing is uploaded. */
async function describedVersion(
  registry: Registry,
  { ref, reason }: VersionRequest,
): Promise<AnnouncedVersion> {
  const version = await resolveRef(registry, ref)
  const released = await describeRelease(version, addressOf(registry, version))
  return { version, released, reason, uploadedTo: undefined }
}

function resolveRef({ objects, storeDir, hashFile }: Registry, ref: string): Promise<ModelVersion> {
  return resolveVersion({ ref, storeDir, objects, hashFile, note: () => undefined })
}

/** The reason for the record; that of a forced change comes first. */
function recordedReason(reason: string, force: string | undefined): string {
  if (force === undefined) return reason
  return reason === '' ? `forced: ${force}` : `forced: ${force}; ${reason}`
}

/** Makes the previous champion the champion again. Throws model_not_found. */
export async function rollBackModel(
  registry: StateKeeper,
  options: {
    name: string
    by: string
    reason: string
    /** Throws if the current state is not the expected one. */
    check?: (state: ModelAnnouncement | undefined) => void
  },
): Promise<ModelAnnouncement> {
  const { name, by, reason, check } = options
  const { objects, storeDir } = registry
  // A version that was removed here can only come from an artifact store.
  const there = objects === undefined ? await versionNumbers(storeDir, name) : undefined
  const isThere = there && ((version: string): boolean => there.includes(version))
  let isKnown = true
  const next = await registry.announcements
    .announce(name, (state) => {
      check?.(state)
      isKnown = state !== undefined
      return rolledBack(state, { name, by, reason, isThere, atMs: Date.now() })
    })
    .catch(async (error: unknown) => {
      throw isKnown ? error : await neverPublished(registry, name, error)
    })
  await keepState(registry, next)
  const model = { name, version: next.champion ?? '' }
  await registry.record({ kind: 'rollback', model, by, reason })
  return next
}

async function neverPublished(
  { announcements, storeDir }: StateKeeper,
  name: string,
  cause: unknown,
): Promise<unknown> {
  if (!(cause instanceof WinnowError) || cause.code !== 'model_not_found') return cause
  const published = [...(await announcements.states()).keys()].sort()
  const isLocal = (await modelNames(storeDir)).includes(name)
  const hint =
    published.length === 0 && !isLocal
      ? 'No model was published yet: `winnow models push` publishes one.'
      : isLocal
        ? `Publish it with \`winnow models push ${name}\`.`
        : namesHint(name, published)
  return new WinnowError('model_not_found', `${cause.message} ${hint}`, {
    cause,
    details: { name, known: published.slice(0, 100) },
  })
}

/**
 * Rolls a promotion back, unless the state has changed since. If several processes try at once, one
 * of them gets true: a write to winnow.models sees the state that the previous write left.
 */
export async function rollBackPromotion(
  registry: StateKeeper,
  options: { promotion: Promotion; by: string; reason: string },
): Promise<boolean> {
  const { promotion, by, reason } = options
  const over = new Error('the promotion is over')
  try {
    await rollBackModel(registry, {
      name: promotion.name,
      by,
      reason,
      check(state) {
        const { champion, promotedAtMs } = state ?? {}
        const isIt = champion === promotion.version && promotedAtMs === promotion.promotedAtMs
        if (!isIt) throw over
      },
    })
    return true
  } catch (error) {
    if (error === over) return false
    throw error
  }
}
