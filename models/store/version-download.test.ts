import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { spamManifest } from '../../tests/support/version-draft.ts'
import { openFolderObjects } from './folder-objects.ts'
import { downloadVersion } from './version-download.ts'
import { writeVersion } from './version-store.ts'
import { uploadVersion } from './version-upload.ts'

let dir: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-download-'))
})

afterEach(() => rm(dir, { recursive: true }))

/** A version 1 of `tiny` whose graph is these words. */
function writeTiny(storeDir: string, graph: string) {
  return writeVersion({
    storeDir,
    name: 'tiny',
    manifest: spamManifest,
    model: { bytes: Buffer.from(graph) },
    tokenizer: { bytes: Buffer.from('{}') },
  })
}

describe('downloadVersion', () => {
  it('leaves a version alone that has the number here but was never published', async () => {
    const objects = openFolderObjects(join(dir, 'store'))
    await uploadVersion({ objects, version: await writeTiny(join(dir, 'there'), 'one') })
    await writeTiny(join(dir, 'here'), 'another')
    const place = { storeDir: join(dir, 'here'), name: 'tiny', version: '1' }
    const fetching = downloadVersion({ objects, ...place })
    await expect(fetching).rejects.toMatchObject({ code: 'version_conflict' })
  })

  it('downloads a damaged copy again', async () => {
    const objects = openFolderObjects(join(dir, 'store'))
    const version = await writeTiny(join(dir, 'there'), 'one')
    await uploadVersion({ objects, version })
    const place = { storeDir: join(dir, 'here'), name: 'tiny', version: '1' }
    const fetched = await downloadVersion({ objects, ...place })
    await writeFile(join(fetched.dir, 'model.onnx'), 'broken')
    const again = await downloadVersion({ objects, ...place })
    expect(again.manifest).toEqual(version.manifest)
  })
})
