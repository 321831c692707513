// Which version of a model is champion: one small file a name, replaced atomically, with the
// champions before it for rolling back. It does not tell running consumers.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { WinnowError } from '../schemas/errors.ts'
import { isReadOnlyStore } from './read-only-store.ts'
import { withStoreLock } from './store-lock.ts'
import { modelDir, readVersion, versionNumbers, type ModelVersion } from './version-files.ts'

const previousMax = 100
const lockWaitMsMax = 30_000

const championSchema = z.object({
  formatVersion: z.literal(1),
  champion: z.string(),
  /** Earlier champions, the latest last. */
  previous: z.array(z.string()),
  changed: z.iso.datetime(),
})
type ChampionFile = z.infer<typeof championSchema>

/** The champion's version, or undefined when none was ever set. */
export async function championOf(target: {
  storeDir: string
  name: string
}): Promise<string | undefined> {
  return (await readChampion(target))?.champion
}

/**
 * Makes a version the champion, after checking its files: a damaged version never replaces a good
 * one. Setting the present champion again changes nothing. Throws WinnowError 'model_not_found' or
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
    const previous = present ? [...present.previous, present.champion].slice(-previousMax) : []
    await writeChampion(target, { champion: version, previous })
  })
  return opened
}

/**
 * Makes the champion before the present one champion again. Throws WinnowError 'model_not_found' when
 * there is none before it, 'model_corrupt' when that version is damaged; then nothing changes.
 */
export async function rollbackChampion(target: {
  storeDir: string
  name: string
}): Promise<ModelVersion> {
  return withChampionLock(target, async () => {
    const present = await readChampion(target)
    const champion = present?.previous.at(-1)
    if (!present || champion === undefined) {
      throw new WinnowError(
        'model_not_found',
        `${target.name} has no earlier champion to roll back to.`,
        { details: { name: target.name, champion: present?.champion ?? null } },
      )
    }
    const opened = await readVersion(join(modelDir(target.storeDir, target.name), champion))
    await writeChampion(target, { champion, previous: present.previous.slice(0, -1) })
    return opened
  })
}

/**
 * Notes the champion that the fleet has, with those before it. A version that is not in this store is
 * not noted: here it could not be opened. A store mounted read-only keeps what it has; the announcements on
 * winnow.models and the artifact store say who is champion.
 */
export async function adoptChampion(target: {
  storeDir: string
  name: string
  champion: string
  previous: readonly string[]
}): Promise<void> {
  const { storeDir, name, champion, previous } = target
  if (!(await versionNumbers(storeDir, name)).includes(champion)) return
  try {
    await withChampionLock(target, async () => {
      const present = await readChampion(target)
      const isSame = present?.champion === champion && String(present.previous) === String(previous)
      if (!isSame) await writeChampion(target, { champion, previous: [...previous] })
    })
  } catch (error) {
    if (!isReadOnlyStore(error)) throw error
  }
}

type Target = { storeDir: string; name: string }

function championPath({ storeDir, name }: Target): string {
  return join(modelDir(storeDir, name), 'champion.json')
}

function withChampionLock<T>(target: Target, work: () => Promise<T>): Promise<T> {
  return withStoreLock({ path: `${championPath(target)}.lock`, waitMsMax: lockWaitMsMax }, work)
}

async function readChampion(target: Target): Promise<ChampionFile | undefined> {
  const path = championPath(target)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  try {
    return championSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new WinnowError('model_corrupt', `${path} is not readable as a champion file.`, {
      cause,
      details: { path },
    })
  }
}

async function writeChampion(
  target: Target,
  next: Pick<ChampionFile, 'champion' | 'previous'>,
): Promise<void> {
  const path = championPath(target)
  const file: ChampionFile = { formatVersion: 1, ...next, changed: new Date().toISOString() }
  const temporary = `${path}.new`
  await writeFile(temporary, `${JSON.stringify(file, null, 2)}\n`, { flush: true })
  await rename(temporary, path)
}
