// Looking up versions: answers that are kept, lookups that are shared, and their bound.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sha256OfFile } from '../../models/runtime/file-hash.ts'
import { setChampion } from '../../models/store/champion.ts'
import type { WinnowError } from '../../schemas/errors.ts'
import { writeTinyVersion } from '../../tests/support/tiny-version.ts'
import { createVersionFinder } from './version-finder.ts'

let storeDir: string
beforeEach(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-version-finder-'))
  for (let version = 0; version < 2; version += 1) await writeTinyVersion({ storeDir })
})
afterEach(() => rm(storeDir, { recursive: true }))

/** A finder that counts the files it reads, with a clock of its own. */
function finderUnderTest() {
  const now = { ms: 0 }
  let reads = 0
  const finder = createVersionFinder({
    storeDir,
    objects: undefined,
    hashFile: (path) => {
      reads += 1
      return sha256OfFile(path)
    },
    log: () => undefined,
    nowMs: () => now.ms,
  })
  return { find: (ref: string) => finder.find(ref), now, reads: () => reads }
}

describe('createVersionFinder', () => {
  it('looks a reference up once for all who ask, and keeps the answer for ten seconds', async () => {
    const { find, now, reads } = finderUnderTest()
    const found = await Promise.all([find('tiny'), find('tiny'), find('tiny')])
    expect(found.map(({ ref }) => ref)).toEqual(['tiny@2', 'tiny@2', 'tiny@2'])
    const once = reads()
    await setChampion({ storeDir, name: 'tiny', version: '1' })
    now.ms = 9_999
    expect((await find('tiny')).ref).toBe('tiny@2')
    expect(reads()).toBe(once)
    now.ms = 10_000
    expect((await find('tiny')).ref).toBe('tiny@1')
  })

  it('keeps no refusal, so that a new version can be named at once', async () => {
    const { find } = finderUnderTest()
    await expect(find('tiny@3')).rejects.toMatchObject({
      code: 'model_not_found',
      message: 'There is no model tiny@3; name it as NAME, NAME@VERSION or NAME@champion',
    })
    await writeTinyVersion({ storeDir })
    expect((await find('tiny@3')).ref).toBe('tiny@3')
  })

  it('refuses more lookups at once than it may run', async () => {
    const { find } = finderUnderTest()
    const refs = Array.from({ length: 12 }, (_, number) => `unknown-${number}`)
    const codes = await Promise.all(
      refs.map((ref) => find(ref).catch((error: unknown) => (error as WinnowError).code)),
    )
    expect(codes.filter((code) => code === 'model_not_found')).toHaveLength(8)
    expect(codes.filter((code) => code === 'queue_full')).toHaveLength(4)
  })
})
