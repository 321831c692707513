// Which version a reference means with an artifact store that is there, away, or refuses.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { spamManifest } from '../../tests/support/version-draft.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { createMemoryObjects, type MemoryObjects } from '../../tests/support/memory-objects.ts'
import { championOf } from './champion.ts'
import { writeStateCopy } from './remote-versions.ts'
import { resolveVersion } from './version-resolver.ts'
import { writeVersion } from './version-store.ts'
import { uploadVersion } from './version-upload.ts'

let dir: string
let objects: MemoryObjects
let notes: string[]

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-resolver-'))
  objects = createMemoryObjects()
  notes = []
})

afterEach(() => rm(dir, { recursive: true }))

const here = () => join(dir, 'here')
const there = () => join(dir, 'there')

/** The next version of `tiny` in a store. */
function writeTiny(storeDir: string) {
  return writeVersion({
    storeDir,
    name: 'tiny',
    manifest: spamManifest,
    model: { bytes: Buffer.from('graph') },
    tokenizer: { bytes: Buffer.from('{}') },
  })
}

async function publish(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await uploadVersion({ objects, version: await writeTiny(there()) })
  }
}

const resolve = (ref: string) =>
  resolveVersion({ ref, storeDir: here(), objects, note: (line) => notes.push(line) })

function goAway(code: 'store_unavailable' | 'store_refused'): void {
  objects.before = () => {
    throw new WinnowError(code, 'connect ECONNREFUSED 192.0.2.1:9000')
  }
}

describe('resolveVersion', () => {
  it('downloads the newest version, or the champion if there is one', async () => {
    await publish(3)
    expect((await resolve('tiny')).ref).toBe('tiny@3')
    const state = { name: 'tiny', champion: '2', previous: ['1'], atMs: 1 }
    await writeStateCopy(objects, { ...state, versions: [] } as never)
    expect((await resolve('tiny')).ref).toBe('tiny@2')
    expect(await championOf({ storeDir: here(), name: 'tiny' })).toBe('2')
    expect(notes).toEqual([])
  })

  it('serves the local version when the store is unreachable, and says so', async () => {
    await publish(1)
    await resolve('tiny')
    await uploadVersion({ objects, version: await writeTiny(there()) })
    goAway('store_unavailable')
    expect((await resolve('tiny')).ref).toBe('tiny@1')
    expect(notes).toEqual([
      'memory://store/ did not answer (connect ECONNREFUSED 192.0.2.1:9000); ' +
        `serving tiny@1 from ${here()}`,
    ])
  })

  it('does not download a version that is in the local store', async () => {
    await publish(1)
    await resolve('tiny@1')
    goAway('store_unavailable')
    expect((await resolve('tiny@1')).ref).toBe('tiny@1')
    expect(notes).toEqual([])
  })

  it.each(['tiny', 'tiny@1', 'tiny@champion'])(
    'has nothing to serve for %s when nothing was fetched',
    async (ref) => {
      await publish(1)
      goAway('store_unavailable')
      await expect(resolve(ref)).rejects.toMatchObject({ code: 'store_unavailable' })
    },
  )

  it('does not take a refusal for an absence', async () => {
    await publish(1)
    await resolve('tiny')
    goAway('store_refused')
    await expect(resolve('tiny')).rejects.toMatchObject({ code: 'store_refused' })
  })
})
