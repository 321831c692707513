// Removes versions from the local model store. It never removes a version that has a role, and no
// reader sees a half-deleted version. Artifact stores do not change.
import { randomUUID } from 'node:crypto'
import { readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WinnowError } from '../../schemas/errors.ts'
import { forgetEarlierChampion, rolesInStore, withChampionLock } from './champion.ts'
import { rolesOf, type AnnouncedRoles, type VersionRole } from './version-roles.ts'
import { isReadOnlyStore } from './read-only-store.ts'
import { highestNumber, modelDir, removedMark, versionNumbers } from './version-files.ts'
import { diskUse } from './version-size.ts'
import { missingVersion, unknownModel } from './version-store.ts'

/** The model to remove versions from, and the sources of its roles. */
export type RemovalRequest = {
  readonly storeDir: string
  readonly name: string
  /** The current roles in winnow.models; undefined if there are none or it cannot be read. */
  readonly announced: () => Promise<AnnouncedRoles | undefined>
  /** The version that the configuration names. */
  readonly pinned?: string | undefined
}

/** The removed versions, and the bytes that were freed. */
export type Removal = { readonly removed: readonly string[]; readonly bytesFreed: number }

/** The prefix of folders that are being deleted. */
const removedPrefix = '.removed-'

/**
 * Removes one version. Throws WinnowError 'version_in_use' if it has a role; `force` overrules this
 * only for the version that a rollback returns to. Throws 'model_not_found', and 'store_refused'
 * for a read-only store.
 */
export function removeVersion(
  request: RemovalRequest & { version: string; force: boolean },
): Promise<Removal> {
  const { version, force } = request
  return removing(request, ({ versions, sources }) => {
    if (!versions.includes(version)) throw missingVersion(request.name, version, versions)
    const roles = heldRoles(version, { request, versions, sources })
    const holding = roles.find(({ kind }) => !(force && kind === 'previous'))
    if (holding !== undefined) throw inUse(request.name, version, holding)
    return [version]
  })
}

/**
 * Removes the oldest versions, but keeps the newest `keep` and those that have a role. With
 * `isTrial` nothing is removed, and the result says what would be. Throws WinnowError
 * 'model_not_found', and 'store_refused' for a read-only store.
 */
export async function pruneVersions(
  request: RemovalRequest & { keep: number; isTrial: boolean },
): Promise<Removal> {
  const { storeDir, name, keep } = request
  const choose = ({ versions, sources }: Candidates): string[] =>
    versions
      .slice(0, Math.max(0, versions.length - keep))
      .filter((version) => heldRoles(version, { request, versions, sources }).length === 0)
  if (!request.isTrial) return removing(request, choose)
  const removed = choose(await present(request))
  const dir = modelDir(storeDir, name)
  const { ownBytes } = await diskUse(removed.map((version) => join(dir, version)))
  return { removed, bytesFreed: ownBytes }
}

/** The versions, and the roles from each source; a version with a role in either source stays. */
type Candidates = {
  readonly versions: readonly string[]
  readonly sources: readonly AnnouncedRoles[]
}

async function present({ storeDir, name, announced }: RemovalRequest): Promise<Candidates> {
  const versions = await versionNumbers(storeDir, name)
  if (versions.length === 0) throw await unknownModel(name, storeDir)
  const sources = [await announced(), await rolesInStore({ storeDir, name })]
  return { versions, sources: sources.filter((one) => one !== undefined) }
}

function heldRoles(
  version: string,
  { request, versions, sources }: Candidates & { request: RemovalRequest },
): VersionRole[] {
  const isThere = (earlier: string): boolean => versions.includes(earlier)
  const roles = sources.flatMap((one) => rolesOf(version, one, isThere))
  return request.pinned === version ? [...roles, { kind: 'pinned' }] : roles
}

/** Chooses and removes versions under the lock for assigning roles. */
async function removing(
  request: RemovalRequest,
  choose: (candidates: Candidates) => readonly string[],
): Promise<Removal> {
  const { storeDir, name } = request
  const dir = modelDir(storeDir, name)
  if ((await versionNumbers(storeDir, name)).length === 0) throw await unknownModel(name, storeDir)
  try {
    const removal = await withChampionLock(request, async () => {
      const removed = choose(await present(request))
      const { ownBytes } = await diskUse(removed.map((version) => join(dir, version)))
      if (removed.length > 0) {
        const highest = await highestNumber(storeDir, name)
        await writeFile(removedMark(storeDir, name), `${highest}\n`, { flush: true })
      }
      for (const version of removed) {
        await forgetEarlierChampion({ storeDir, name, version })
        // From here on, no reader finds it, even if this process is killed.
        await rename(join(dir, version), join(dir, `${removedPrefix}${version}-${randomUUID()}`))
      }
      return { removed, bytesFreed: ownBytes }
    })
    await sweep(dir)
    return removal
  } catch (error) {
    if (!isReadOnlyStore(error)) throw error
    throw new WinnowError(
      'store_refused',
      `The model store ${storeDir} is read-only for this process, so nothing was removed. ` +
        'Run the command where the store is writable.',
      { cause: error, details: { storeDir } },
    )
  }
}

/** Deletes removed folders, including those that a killed process left. */
async function sweep(dir: string): Promise<void> {
  for (const folder of await readdir(dir)) {
    if (folder.startsWith(removedPrefix))
      await rm(join(dir, folder), { recursive: true, force: true })
  }
}

function inUse(name: string, version: string, role: VersionRole): WinnowError {
  const ref = `${name}@${version}`
  return new WinnowError('version_in_use', `${ref} stays: ${reasonOf(name, ref, role)}`, {
    details: { name, version, role: role.kind },
  })
}

function reasonOf(name: string, ref: string, role: VersionRole): string {
  switch (role.kind) {
    case 'champion':
      return `it is the champion. Promote another version first: winnow models promote ${name}@VERSION`
    case 'challenger':
    case 'shadow':
      return (
        `it is the ${role.kind} for ${role.percent} % of the events. End that first: ` +
        `winnow models ${role.kind === 'shadow' ? 'shadow' : 'challenge'} ${ref} --percent 0`
      )
    case 'pinned':
      return 'the setting inference.model or inference.models names it. Change the setting first.'
    case 'previous':
      return `a rollback of ${name} returns to it. To remove it all the same, add --force.`
  }
}
