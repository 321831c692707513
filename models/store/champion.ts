// Stores the roles of a model's versions in one small file per name, replaced atomically: the
// champion, earlier champions to roll back to, the challenger and the shadow. It does not notify
// running consumers.
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { WinnowError } from '../../schemas/errors.ts'
import { readIfThere, writeWhole } from '../runtime/whole-file.ts'
import type { AnnouncedRoles } from './version-roles.ts'
import { isReadOnlyStore } from './read-only-store.ts'
import { withStoreLock } from './store-lock.ts'
import { modelDir, readVersion, versionNumbers, type ModelVersion } from './version-files.ts'

const previousMax = 100
const lockWaitMsMax = 30_000

const secondary = z.object({ version: z.string(), percent: z.number() }).nullable().default(null)

const championSchema = z.object({
  formatVersion: z.literal(1),
  /** Null if there was only a challenger or shadow so far. */
  champion: z.string().nullable(),
  /** Earlier champions, the latest last. */
  previous: z.array(z.string()),
  challenger: secondary,
  shadow: secondary,
  changed: z.iso.datetime(),
})
type ChampionFile = z.infer<typeof championSchema>

/** The champion's version, or undefined if none was ever set. */
export async function championOf(target: Target): Promise<string | undefined> {
  return (await readChampion(target))?.champion ?? undefined
}

/** The roles in this store; undefined if no version ever had one. Throws 'model_corrupt'. */
export async function rolesInStore(target: Target): Promise<AnnouncedRoles | undefined> {
  return readChampion(target)
}

/**
 * Makes a version the champion after checking its files, so that a damaged version never replaces a
 * good one. Setting the current champion changes nothing. Throws WinnowError 'model_not_found' or
 * 'model_corrupt'.
 */
export async function setChampion(target: {
  storeDir: string
  name: string
  version: string
}): Promise<ModelVersion> {
  const { storeDir, name, version } = target
  if (!(await versionNumbers(storeDir, name)).includes(version)) {
    throw new WinnowError('model_not_found', `There is no ${name}@${version} in ${storeDir}.`, {
      details: { name, version },
    })
  }
  const opened = await readVersion(join(modelDir(storeDir, name), version))
  await withChampionLock(target, async () => {
    const present = await readChampion(target)
    if (present?.champion === version) return
    const { champion = null, previous = [], challenger = null, shadow = null } = present ?? {}
    const earlier = champion === null ? previous : [...previous, champion].slice(-previousMax)
    await writeChampion(target, { champion: version, previous: earlier, challenger, shadow })
  })
  return opened
}

/**
 * Copies the announced roles into this store: the champion, earlier champions and, if given, the
 * challenger and the shadow. A champion whose files are not in this store is left out, because it
 * could not be opened here. A read-only store does not change; winnow.models and the artifact store
 * have the roles.
 */
export async function adoptChampion(
  target: Target & Pick<AnnouncedRoles, 'champion' | 'previous'> & Partial<AnnouncedRoles>,
): Promise<void> {
  const { storeDir, name, champion, previous, challenger, shadow } = target
  const versions = await versionNumbers(storeDir, name)
  if (champion !== null && !versions.includes(champion)) return
  try {
    await withChampionLock(target, async () => {
      const present = await readChampion(target)
      const next = {
        champion,
        previous: [...previous],
        challenger: challenger === undefined ? (present?.challenger ?? null) : challenger,
        shadow: shadow === undefined ? (present?.shadow ?? null) : shadow,
      }
      if (!isDeepStrictEqual(next, present && stateOf(present))) await writeChampion(target, next)
    })
  } catch (error) {
    if (!isReadOnlyStore(error)) throw error
  }
}

/**
 * Runs `work` while the version cannot be removed from the store (models/store/version-removal.ts).
 * A read-only store is not locked. Throws WinnowError 'model_not_found' if the version was removed
 * before.
 */
export async function whileVersionStays<T>(
  target: Target & { version: string },
  work: () => Promise<T>,
): Promise<T> {
  const { storeDir, name, version } = target
  const progress = { began: false }
  const checked = async (): Promise<T> => {
    progress.began = true
    await access(join(modelDir(storeDir, name), version)).catch((cause: unknown) => {
      const message = `${name}@${version} was removed from ${storeDir} meanwhile.`
      throw new WinnowError('model_not_found', message, { cause })
    })
    return work()
  }
  try {
    return await withChampionLock(target, checked)
  } catch (error) {
    if (progress.began || !isReadOnlyStore(error)) throw error
    return checked()
  }
}

/**
 * Deletes a version that is being removed from the earlier champions. The caller holds the lock.
 */
export async function forgetEarlierChampion(target: Target & { version: string }): Promise<void> {
  const present = await readChampion(target)
  if (present?.previous.includes(target.version) !== true) return
  const previous = present.previous.filter((version) => version !== target.version)
  await writeChampion(target, { ...present, previous })
}

type Target = { readonly storeDir: string; readonly name: string }

function championPath({ storeDir, name }: Target): string {
  return join(modelDir(storeDir, name), 'champion.json')
}

/** Runs `work` under the lock for assigning roles and removing versions. */
export function withChampionLock<T>(target: Target, work: () => Promise<T>): Promise<T> {
  return withStoreLock({ path: `${championPath(target)}.lock`, waitMsMax: lockWaitMsMax }, work)
}

async function readChampion(target: Target): Promise<ChampionFile | undefined> {
  const path = championPath(target)
  const text = await readIfThere(path)
  if (text === undefined) return undefined
  try {
    return championSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new WinnowError('model_corrupt', `${path} is not readable as a champion file.`, {
      cause,
      details: { path },
    })
  }
}

async function writeChampion(target: Target, next: AnnouncedRoles): Promise<void> {
  const path = championPath(target)
  const changed = new Date().toISOString()
  const file = { formatVersion: 1, ...stateOf(next), changed } satisfies ChampionFile
  await writeWhole(path, `${JSON.stringify(file, null, 2)}\n`)
}

/** The roles, where the champion has no other role. */
function stateOf({ champion, previous, challenger, shadow }: AnnouncedRoles) {
  const unlessChampion = (one: AnnouncedRoles['shadow']) => (one?.version === champion ? null : one)
  return {
    champion,
    previous: [...previous],
    challenger: unlessChampion(challenger),
    shadow: unlessChampion(shadow),
  }
}
