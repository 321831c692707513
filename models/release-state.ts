// How the state of a model follows from the one before: published, promoted, rolled back. Pure; it is
// written by infra/model-announcements.ts and kept beside the versions by remote-versions.ts.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WinnowError } from '../schemas/errors.ts'
import type { ModelAnnouncement, ReleasedVersion } from '../schemas/model-announcement.ts'
import { sha256OfBytes } from './file-hash.ts'
import type { ModelVersion } from './version-files.ts'

/** Who asked for a change, why and when. */
export type Cause = { readonly by: string; readonly reason: string; readonly atMs: number }

type State = ModelAnnouncement | undefined

/** Earlier champions that a state remembers. */
const previousMax = 20

/** A new version that may be promoted; the champion stays. */
export function published(
  state: State,
  change: Cause & { name: string; released: ReleasedVersion },
): ModelAnnouncement {
  const { name, released, ...cause } = change
  const { champion = null, previous = [] } = state ?? {}
  return next(state, { name, kind: 'published', champion, previous, released, ...cause })
}

/** The version becomes champion. Promoting the champion changes nothing but the reason. */
export function promoted(
  state: State,
  change: Cause & { name: string; released: ReleasedVersion },
): ModelAnnouncement {
  const { name, released, ...cause } = change
  const { champion: present = null, previous = [] } = state ?? {}
  const isSame = present === null || present === released.version
  const earlier = isSame ? previous : [...previous, present].slice(-previousMax)
  const champion = released.version
  return next(state, { name, kind: 'promoted', champion, previous: earlier, released, ...cause })
}

/** The champion before becomes champion again. Throws 'model_not_found' when there was none. */
export function rolledBack(state: State, change: Cause & { name: string }): ModelAnnouncement {
  const { name, ...cause } = change
  const champion = state?.previous.at(-1)
  const released = state?.versions.find(({ version }) => version === champion)
  if (state === undefined || champion === undefined || released === undefined) {
    throw new WinnowError('model_not_found', `${name} has no earlier champion to roll back to.`, {
      details: { name, champion: state?.champion ?? null },
    })
  }
  const previous = state.previous.slice(0, -1)
  return next(state, { name, kind: 'rolled-back', champion, previous, released, ...cause })
}

/** What a state says of one of its versions. */
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
    ...{ version: version.version, url, graphSha256, tokenizerSha256 },
    manifestSha256: sha256OfBytes(await readFile(join(version.dir, 'manifest.json'))),
    labelsSha256: createHash('sha256').update(JSON.stringify(labels)).digest('hex'),
  }
}

function next(
  state: State,
  change: Cause & {
    name: string
    kind: 'published' | 'promoted' | 'rolled-back'
    champion: string | null
    previous: readonly string[]
    released: ReleasedVersion
  },
): ModelAnnouncement {
  const { released, previous, ...rest } = change
  const named = new Set([released.version, rest.champion, ...previous])
  const others = (state?.versions ?? []).filter(
    ({ version }) => named.has(version) && version !== released.version,
  )
  return {
    ...rest,
    version: released.version,
    previous: [...previous],
    versions: [...others, released],
  }
}
