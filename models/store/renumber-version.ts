// Gives a version of the local store another number if its own is taken when it is published. The
// old number was never published, so nobody else can refer to it.
import { link, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { championOf, setChampion } from './champion.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { modelDir, readVersion, type ModelVersion } from './version-files.ts'

/**
 * Moves a version to the number `to`, with its champion role. The new number appears atomically
 * before the old one is removed. Throws 'version_conflict' if `to` is taken.
 */
export async function renumberVersion(options: {
  storeDir: string
  version: ModelVersion
  to: string
}): Promise<ModelVersion> {
  const { storeDir, version, to } = options
  const { name } = version
  const dir = modelDir(storeDir, name)
  const pending = join(dir, `.pending-${randomUUID()}`)
  await mkdir(pending)
  try {
    for (const file of await readdir(version.dir)) {
      if (file !== 'manifest.json') await link(join(version.dir, file), join(pending, file))
    }
    const manifest = { ...version.manifest, version: to }
    const text = `${JSON.stringify(manifest, null, 2)}\n`
    await writeFile(join(pending, 'manifest.json'), text, { flush: true })
    await rename(pending, join(dir, to))
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw cause
    const message = `${version.ref} cannot become ${name}@${to}, which exists in ${storeDir} already.`
    throw new WinnowError('version_conflict', message, { cause })
  } finally {
    await rm(pending, { recursive: true, force: true })
  }
  if ((await championOf({ storeDir, name })) === version.version) {
    await setChampion({ storeDir, name, version: to })
  }
  await rm(version.dir, { recursive: true, force: true })
  return readVersion(join(dir, to))
}
