// The versions of a store as lists show them: `winnow models list` and GET /v1/models. Each has its
// roles, its measured accuracy and its size. The caller reads the announced states.
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../../configs/schema.ts'
import type { ModelAnnouncement } from '../../schemas/model-announcement.ts'
import { rolesInStore } from './champion.ts'
import { parseModelRef } from './model-ref.ts'
import { rolesOf, type VersionRole } from './version-roles.ts'
import { diskUse } from './version-size.ts'
import { listVersions, type VersionListing } from './version-store.ts'

/** A version as lists show it. */
export type ListedVersion = VersionListing & {
  readonly roles: readonly VersionRole[]
  /** From the manifest; null if nothing was measured. */
  readonly accuracy: number | null
  /** What the accuracy was measured on, in words. */
  readonly measuredOn: string | null
  /** Bytes of all its files. */
  readonly bytes: number
  /** Bytes of the files that no other version shares: what removing the version frees. */
  readonly ownBytes: number
  /** RFC 3339; null for a damaged version. */
  readonly created: string | null
}

/** The file of a version that shows how it was trained and measured. */
export const versionReportFile = 'report.html'

/**
 * The versions of the store, by name and then oldest first. Roles come from `states`, or from the
 * copy in the store for a model that has none there.
 */
export async function listVersionsWithRoles(options: {
  readonly storeDir: string
  readonly config: Pick<Config, 'store' | 'inference'>
  /** What winnow.models says; undefined if it cannot be read. */
  readonly states: ReadonlyMap<string, ModelAnnouncement> | undefined
}): Promise<ListedVersion[]> {
  const { storeDir, config, states } = options
  const listings = await listVersions({ storeDir })
  const rolesByName = new Map<string, Awaited<ReturnType<typeof rolesInStore>>>()
  for (const name of new Set(listings.map((one) => one.name))) {
    rolesByName.set(name, states?.get(name) ?? (await rolesInStore({ storeDir, name })))
  }
  const versions: ListedVersion[] = []
  for (const one of listings) {
    const { name, version } = one
    // A version that was removed here can only come back from an artifact store.
    const isThere = (earlier: string): boolean =>
      config.store.kind !== 'local' ||
      listings.some((it) => it.name === name && it.version === earlier)
    const roles = rolesOf(version, rolesByName.get(name), isThere)
    if (pinnedVersion(config, name) === version) roles.push({ kind: 'pinned' })
    versions.push(await shown(one, roles))
  }
  return versions
}

async function shown(one: VersionListing, roles: readonly VersionRole[]): Promise<ListedVersion> {
  const { metrics = {}, created = null } = one.state === 'readable' ? one.manifest : {}
  const { accuracy, measuredOn, evaluatedOn } = metrics
  const on = measuredOn ?? evaluatedOn
  return {
    ...one,
    champion: roles.some(({ kind }) => kind === 'champion'),
    roles,
    accuracy: typeof accuracy === 'number' ? accuracy : null,
    measuredOn: typeof on === 'string' ? on : null,
    ...(await diskUse([one.dir])),
    created,
  }
}

/** Whether the folder of a version holds its report. */
export function hasReport(dir: string): Promise<boolean> {
  return access(join(dir, versionReportFile)).then(
    () => true,
    () => false,
  )
}

/** The version of a model that the configuration names; undefined if it names none. */
export function pinnedVersion(config: Pick<Config, 'inference'>, name: string): string | undefined {
  const { model, models } = config.inference
  for (const ref of [model, ...models].map(parseModelRef)) {
    if (ref.kind === 'version' && ref.name === name) return ref.version
  }
  return undefined
}
