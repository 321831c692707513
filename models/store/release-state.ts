// The state transitions of a model, as pure functions: publish, promote, roll back, start or end a
// challenger or a shadow. infra/sinks/model-announcements.ts writes the state, and
// remote-versions.ts stores a copy with the versions.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WinnowError } from '../../schemas/errors.ts'
import type {
  ModelAnnouncement,
  ReleasedVersion,
  ReleaseKind,
  SecondaryVersion,
  SecondaryRole,
} from '../../schemas/model-announcement.ts'
import { rollbackTarget } from './version-roles.ts'
import { sha256OfBytes } from '../runtime/file-hash.ts'
import type { ModelVersion } from './version-files.ts'

/** Who requested a change, why and when. */
export type Cause = { readonly by: string; readonly reason: string; readonly atMs: number }

type State = ModelAnnouncement | undefined

/** The most earlier champions in a state. */
const previousMax = 20

/** Adds a new version that may be promoted; the champion stays. */
export function published(
  state: State,
  change: Cause & { name: string; released: ReleasedVersion },
): ModelAnnouncement {
  const { name, released, ...cause } = change
  return next(state, { name, kind: 'published', released, ...cause })
}

/**
 * Makes the version the champion, without other roles. Promoting the champion changes the reason.
 */
export function promoted(
  state: State,
  change: Cause & { name: string; released: ReleasedVersion },
): ModelAnnouncement {
  const { name, released, ...cause } = change
  const { champion: present = null, previous = [] } = state ?? {}
  const champion = released.version
  if (present === champion) return next(state, { name, kind: 'promoted', released, ...cause })
  const earlier = present === null ? previous : [...previous, present].slice(-previousMax)
  return next(state, {
    name,
    kind: 'promoted',
    champion,
    previous: earlier,
    released,
    ...cause,
    promotedAtMs: cause.atMs,
  })
}

/**
 * Makes the last earlier champion that `isThere` (by default any) the champion again. Throws
 * 'model_not_found' if there is none.
 */
export function rolledBack(
  state: State,
  change: Cause & { name: string; isThere?: ((version: string) => boolean) | undefined },
): ModelAnnouncement {
  const { name, isThere, ...cause } = change
  const champion = state && rollbackTarget(state, isThere)
  const released = state?.versions.find(({ version }) => version === champion)
  if (state === undefined || champion === undefined || released === undefined) {
    throw new WinnowError(
      'model_not_found',
      state === undefined
        ? `No version of the model ${name} was ever published, so there is nothing to roll back.`
        : `${name} has no earlier champion to roll back to.`,
      {
        details: { name, champion: state?.champion ?? null },
      },
    )
  }
  const previous = state.previous.slice(0, state.previous.lastIndexOf(champion))
  return next(state, {
    name,
    kind: 'rolled-back',
    champion,
    previous,
    released,
    ...cause,
    promotedAtMs: null,
  })
}

/**
 * Makes the version challenger or shadow for `percent` of the events and replaces the version that
 * had the role; 0 ends the role. A version has one role at a time. Throws 'role_refused' for the
 * champion, and for ending a role that the version does not have.
 */
export function withSecondary(
  state: State,
  change: Cause & { name: string; released: ReleasedVersion; role: SecondaryRole; percent: number },
): ModelAnnouncement {
  const { name, released, role, percent, ...cause } = change
  const { version } = released
  if (version === state?.champion) {
    throw new WinnowError(
      'role_refused',
      `${name}@${version} is the champion, and answers already.`,
    )
  }
  if (percent === 0 && state?.[role]?.version !== version) {
    throw new WinnowError(
      'role_refused',
      `${name}@${version} is no ${role}; there is nothing to end.`,
    )
  }
  const kind = role === 'challenger' ? 'challenged' : 'shadowed'
  const other = role === 'challenger' ? 'shadow' : 'challenger'
  return next(state, {
    name,
    kind,
    released,
    ...cause,
    [role]: percent === 0 ? null : { version, percent },
    [other]: unless(state?.[other] ?? null, version),
  })
}

/**
 * Whether a state shows that exactly this version passed the gate: it was published last, or it
 * answers or answered for events. A shadow answers for none and needs no gate. In another store, a
 * different version may have the same number.
 */
export function passedGate(
  state: State,
  { version, manifestSha256 }: Pick<ReleasedVersion, 'version' | 'manifestSha256'>,
): boolean {
  if (state === undefined) return false
  const { champion, previous, challenger, kind } = state
  const published = kind === 'published' ? state.version : undefined
  if (![champion, ...previous, challenger?.version, published].includes(version)) return false
  return releasedVersion(state, version)?.manifestSha256 === manifestSha256
}

/** The challenger and shadow roles that a change ended. */
export function endedRoles(
  before: State,
  after: ModelAnnouncement,
): readonly { readonly role: SecondaryRole; readonly version: string }[] {
  const roles: readonly SecondaryRole[] = ['challenger', 'shadow']
  return roles.flatMap((role) => {
    const version = before?.[role]?.version
    return version === undefined || after[role]?.version === version ? [] : [{ role, version }]
  })
}

/** The entry of one version in a state. */
export function releasedVersion(
  state: ModelAnnouncement,
  version: string,
): ReleasedVersion | undefined {
  return state.versions.find((released) => released.version === version)
}

/** Describes a version of the local store for an announcement; `url` is its folder in the store. */
export async function describeRelease(
  version: ModelVersion,
  url: string,
): Promise<ReleasedVersion> {
  const { labels, graphSha256, tokenizerSha256 } = version.manifest
  return {
    version: version.version,
    url,
    graphSha256,
    tokenizerSha256,
    manifestSha256: sha256OfBytes(await readFile(join(version.dir, 'manifest.json'))),
    labelsSha256: createHash('sha256').update(JSON.stringify(labels)).digest('hex'),
  }
}

/** Applies changes to a state. The champion loses its other roles. */
function next(
  state: State,
  change: Cause & {
    name: string
    kind: ReleaseKind
    released: ReleasedVersion
    champion?: string
    previous?: readonly string[]
    promotedAtMs?: number | null
    challenger?: SecondaryVersion | null
    shadow?: SecondaryVersion | null
  },
): ModelAnnouncement {
  const { released, ...rest } = change
  const { champion, challenger, shadow, ...whole } = { ...blank, ...state, ...rest }
  const sides = { challenger: unless(challenger, champion), shadow: unless(shadow, champion) }
  const named = [champion, ...whole.previous, sides.challenger?.version, sides.shadow?.version]
  const others = whole.versions.filter(
    ({ version }) => named.includes(version) && version !== released.version,
  )
  return {
    ...whole,
    champion,
    ...sides,
    version: released.version,
    previous: [...whole.previous],
    versions: [...others, released],
  }
}

const blank: Pick<
  ModelAnnouncement,
  'champion' | 'previous' | 'versions' | 'challenger' | 'shadow' | 'promotedAtMs'
> = {
  champion: null,
  previous: [],
  versions: [],
  challenger: null,
  shadow: null,
  promotedAtMs: null,
}

/** The role, or null if this version has it. */
function unless(
  secondary: SecondaryVersion | null,
  version: string | null,
): SecondaryVersion | null {
  return secondary?.version === version ? null : secondary
}
