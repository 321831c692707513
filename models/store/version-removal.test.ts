// Removing versions: what plays a part stays, what goes is gone at once, and numbers never come
// back.
import { link, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { spamManifest } from '../../tests/support/version-draft.ts'
import { adoptChampion, rolesInStore, setChampion, whileVersionStays } from './champion.ts'
import type { AnnouncedRoles } from './version-roles.ts'
import { modelNames, versionNumbers } from './version-files.ts'
import { pruneVersions, removeVersion } from './version-removal.ts'
import { listVersions, openVersion, writeVersion } from './version-store.ts'

let storeDir: string
const name = 'mail'
const graphBytes = 1_000

beforeEach(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-removal-'))
})

afterEach(() => rm(storeDir, { recursive: true }))

async function write(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await writeVersion({
      storeDir,
      name,
      manifest: spamManifest,
      model: { bytes: Buffer.alloc(graphBytes, i) },
      tokenizer: { bytes: Buffer.from('{}') },
    })
  }
}

const nothing: AnnouncedRoles = { champion: null, previous: [], challenger: null, shadow: null }
const request = (announced?: Partial<AnnouncedRoles>, pinned?: string) => ({
  storeDir,
  name,
  pinned,
  announced: () => Promise.resolve(announced && { ...nothing, ...announced }),
})
const remove = (
  version: string,
  { force = false, announced }: { force?: boolean; announced?: Partial<AnnouncedRoles> } = {},
) => removeVersion({ ...request(announced), version, force })
const prune = (keep: number, announced?: Partial<AnnouncedRoles>, isTrial = false) =>
  pruneVersions({ ...request(announced), keep, isTrial })
const versions = () => versionNumbers(storeDir, name)
const folder = () => readdir(join(storeDir, 'versions', name))

describe('removeVersion', () => {
  test('removes a whole version, and reports the bytes that this frees', async () => {
    await write(3)
    const { removed, bytesFreed } = await remove('2')
    expect(removed).toEqual(['2'])
    expect(bytesFreed).toBeGreaterThan(graphBytes)
    expect(await versions()).toEqual(['1', '3'])
    expect((await folder()).sort()).toEqual(['.highest-removed', '1', '3'])
    await expect(openVersion({ ref: 'mail@2', storeDir })).rejects.toThrow(/Versions: 1, 3/)
  })

  test('its number never refers to another version', async () => {
    await write(2)
    await remove('2')
    await write(1)
    expect(await versions()).toEqual(['1', '3'])
    await remove('1')
    await remove('3')
    expect(await modelNames(storeDir)).toEqual([])
    await write(1)
    expect(await versions()).toEqual(['4'])
  })

  test.each<[string, Partial<AnnouncedRoles>, RegExp]>([
    ['3', { champion: '3' }, /mail@3 stays: it is the champion. Promote another/],
    [
      '2',
      { challenger: { version: '2', percent: 10 } },
      /challenger for 10 %.*challenge mail@2 --p/,
    ],
    ['2', { shadow: { version: '2', percent: 100 } }, /shadow for 100 %.*models shadow mail@2 --p/],
  ])('version %s stays with %j, forced or not', async (version, announced, message) => {
    await write(3)
    for (const force of [false, true]) {
      await expect(remove(version, { force, announced })).rejects.toMatchObject({
        code: 'version_in_use',
        message: expect.stringMatching(message),
      })
    }
    expect(await versions()).toEqual(['1', '2', '3'])
  })

  test('uses the roles in the store if winnow.models has none', async () => {
    await write(3)
    await setChampion({ storeDir, name, version: '2' })
    const shadow = { version: '3', percent: 5 }
    await adoptChampion({ storeDir, name, champion: '2', previous: [], shadow })
    for (const version of ['2', '3']) {
      await expect(remove(version)).rejects.toMatchObject({ code: 'version_in_use' })
    }
    await expect(remove('2', { announced: { champion: '1' } })).rejects.toThrow(/the champion/)
  })

  test('a version that the configuration names stays', async () => {
    await write(2)
    const pinned = { ...request(undefined, '1'), version: '1', force: true }
    await expect(removeVersion(pinned)).rejects.toThrow(/inference.models names it/)
  })

  test('removes the version that a rollback returns to only by force, and then forgets it', async () => {
    await write(3)
    for (const version of ['1', '2', '3']) await setChampion({ storeDir, name, version })
    await expect(remove('2')).rejects.toThrow(/a rollback of mail returns to it.*--force/)
    await remove('1')
    await remove('2', { force: true })
    expect(await rolesInStore({ storeDir, name })).toMatchObject({ champion: '3', previous: [] })
  })

  test('an unknown model or version is named', async () => {
    await expect(remove('1')).rejects.toMatchObject({ code: 'model_not_found' })
    await write(1)
    await expect(remove('7')).rejects.toThrow(/no mail@7. Versions: 1/)
    expect(await folder()).toEqual(['1'])
  })

  test('an interrupted removal leaves no version, and the next one cleans it up', async () => {
    await write(2)
    const left = join(storeDir, 'versions', name, '.removed-9-abc')
    await mkdir(left)
    await writeFile(join(left, 'model.onnx'), 'half')
    expect((await listVersions({ storeDir })).map(({ version }) => version)).toEqual(['1', '2'])
    await remove('1')
    expect((await folder()).sort()).toEqual(['.highest-removed', '2'])
  })

  test('waits for the process that announces the version, and then sees the announcement', async () => {
    await write(2)
    let announced: Partial<AnnouncedRoles> = {}
    let removing: Promise<unknown> | undefined
    await whileVersionStays({ storeDir, name, version: '2' }, () => {
      removing = removeVersion({
        storeDir,
        name,
        version: '2',
        force: true,
        announced: () => Promise.resolve({ ...nothing, ...announced }),
      }).catch((error: unknown) => error)
      announced = { champion: '2' }
      return Promise.resolve()
    })
    expect(await removing).toMatchObject({ code: 'version_in_use' })
    await remove('1')
    await expect(
      whileVersionStays({ storeDir, name, version: '1' }, () => Promise.resolve()),
    ).rejects.toThrow(/mail@1 was removed .* meanwhile/)
  })
})

describe('pruneVersions', () => {
  test('keeps the newest versions and those that have a role', async () => {
    await write(8)
    const announced = {
      champion: '4',
      previous: ['1', '2'],
      shadow: { version: '3', percent: 10 },
    }
    const trial = await prune(2, announced, true)
    expect(trial.removed).toEqual(['1', '5', '6'])
    expect((await versions()).length).toBe(8)
    const done = await prune(2, announced)
    expect(done).toEqual(trial)
    expect(await versions()).toEqual(['2', '3', '4', '7', '8'])
    expect(await prune(2, announced)).toEqual({ removed: [], bytesFreed: 0 })
  })

  test('a file that another version shares is not freed', async () => {
    await write(3)
    const dir = join(storeDir, 'versions', name)
    const before = (await prune(1, {}, true)).bytesFreed
    await writeFile(join(dir, '1', 'shared'), Buffer.alloc(5_000))
    for (const version of ['2', '3'])
      await link(join(dir, '1', 'shared'), join(dir, version, 'shared'))
    expect((await prune(1, {}, true)).bytesFreed).toBe(before)
    await rm(join(dir, '3', 'shared'))
    expect((await prune(1, {}, true)).bytesFreed).toBe(before + 5_000)
  })

  test('an unknown model is named', async () => {
    await expect(prune(3)).rejects.toMatchObject({ code: 'model_not_found' })
  })
})
