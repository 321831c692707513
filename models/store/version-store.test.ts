// Model versions on disk: written whole, found by reference, checked, promoted and rolled back.
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { spamManifest } from '../../tests/support/version-draft.ts'
import { adoptChampion, championOf, partsInStore, setChampion } from './champion.ts'
import { sha256OfBytes } from '../runtime/file-hash.ts'
import { listVersions, openVersion, writeVersion, type VersionDraft } from './version-store.ts'

const manifest = { ...spamManifest, metrics: { accuracy: 0.98 } }

let storeDir: string

beforeEach(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-versions-'))
})

afterEach(async () => {
  await rm(storeDir, { recursive: true })
})

function write(name = 'spam', more: Partial<VersionDraft> = {}) {
  const model = { bytes: Buffer.from(`graph of ${name}`) }
  const tokenizer = { bytes: Buffer.from('{"tokenizer":1}') }
  return writeVersion({ storeDir, name, manifest, model, tokenizer, ...more })
}

const openRef = (ref: string) => openVersion({ ref, storeDir })

describe('writing', () => {
  test('a version is a folder with its files and a manifest that pins them', async () => {
    const report = { bytes: Buffer.from('<p>fine</p>') }
    const version = await write('spam', { extras: { 'report.html': report } })
    expect(version).toMatchObject({ ref: 'spam@1', name: 'spam', version: '1' })
    expect(version.manifest).toMatchObject({
      ...manifest,
      formatVersion: 1,
      temperature: 1,
      graphSha256: sha256OfBytes(Buffer.from('graph of spam')),
      tokenizerSha256: sha256OfBytes(Buffer.from('{"tokenizer":1}')),
    })
    expect((await readdir(version.dir)).sort()).toEqual([
      'manifest.json',
      'model.onnx',
      'report.html',
      'tokenizer.json',
    ])
    expect(await openRef('spam')).toEqual(version)
  })

  test('files can be copied in', async () => {
    const path = join(storeDir, 'elsewhere.onnx')
    await writeFile(path, 'copied')
    const { modelPath } = await write('spam', { model: { path } })
    expect(await readFile(modelPath, 'utf8')).toBe('copied')
    expect(await readFile(path, 'utf8')).toBe('copied')
  })

  test('concurrent writers get different versions, and no temporary file remains', async () => {
    const written = await Promise.all(Array.from({ length: 8 }, () => write()))
    const versions = written.map(({ version }) => Number(version)).sort((a, b) => a - b)
    expect(versions).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect((await readdir(join(storeDir, 'versions', 'spam'))).sort()).toEqual(versions.map(String))
    for (const version of written) expect(await openRef(version.ref)).toEqual(version)
  })

  test('a failed write leaves nothing visible', async () => {
    const absent = { path: join(storeDir, 'absent.onnx') }
    await expect(write('spam', { model: absent })).rejects.toMatchObject({ code: 'ENOENT' })
    const unfit = { ...manifest, labels: ['same', 'same'] }
    await expect(write('spam', { manifest: unfit })).rejects.toMatchObject({
      code: 'model_corrupt',
    })
    expect(await readdir(join(storeDir, 'versions', 'spam'))).toEqual([])
    expect(await listVersions({ storeDir })).toEqual([])
  })

  test.each(['', '../spam', 'a/b', '.hidden', 'a@1', 'x'.repeat(65)])(
    "'%s' cannot name a model",
    async (name) => {
      await expect(write(name)).rejects.toMatchObject({ code: 'usage' })
    },
  )

  test('an additional file cannot replace one of the store or be outside the folder', async () => {
    const file = { bytes: Buffer.from('x') }
    for (const name of ['manifest.json', 'model.onnx', 'model.onnx_data', '../x', 'a/b']) {
      await expect(write('spam', { extras: { [name]: file } })).rejects.toMatchObject({
        code: 'usage',
      })
    }
  })
})

describe('finding', () => {
  test('a name means the newest version, by number, until there is a champion', async () => {
    for (let i = 0; i < 11; i++) await write()
    expect((await openRef('spam')).version).toBe('11')
    expect((await openRef('spam@2')).version).toBe('2')
    await setChampion({ storeDir, name: 'spam', version: '9' })
    expect((await openRef('spam')).version).toBe('9')
    expect((await openRef('spam@champion')).version).toBe('9')
    expect((await openRef('spam@11')).version).toBe('11')
  })

  test('an unknown name suggests similar names, an unknown version lists the existing ones', async () => {
    await expect(openRef('spam')).rejects.toThrow(/holds no model yet/)
    await write('spam')
    await write('intents')
    await expect(openRef('spma')).rejects.toMatchObject({
      code: 'model_not_found',
      message: expect.stringContaining('Did you mean spam?'),
    })
    await expect(openRef('weather')).rejects.toThrow(/There are: intents, spam/)
    await expect(openRef('spam@7')).rejects.toThrow(/no spam@7. Versions: 1/)
    await expect(openRef('spam@champion')).rejects.toThrow(/winnow models promote spam@1/)
  })

  test('a list names every version, and a damaged one as damaged', async () => {
    const first = await write('spam')
    await write('spam')
    await write('intents')
    await setChampion({ storeDir, name: 'spam', version: '2' })
    await writeFile(join(first.dir, 'manifest.json'), '{')
    expect(await listVersions({ storeDir })).toMatchObject([
      { name: 'intents', version: '1', champion: false, state: 'readable' },
      { name: 'spam', version: '1', champion: false, state: 'damaged' },
      { name: 'spam', version: '2', champion: true, state: 'readable' },
    ])
    expect(await listVersions({ storeDir, name: 'intents' })).toHaveLength(1)
    expect(await listVersions({ storeDir, name: 'absent' })).toEqual([])
  })
})

describe('damage', () => {
  test.each(['model.onnx', 'tokenizer.json'])('a changed %s is named', async (file) => {
    const { dir } = await write()
    await appendFile(join(dir, file), ' ')
    await expect(openRef('spam')).rejects.toMatchObject({
      code: 'model_corrupt',
      message: expect.stringContaining(join(dir, file)),
    })
  })

  test.each(['model.onnx', 'tokenizer.json', 'manifest.json'])(
    'a missing %s is named',
    async (file) => {
      const { dir } = await write()
      await rm(join(dir, file))
      await expect(openRef('spam')).rejects.toMatchObject({
        code: 'model_corrupt',
        message: expect.stringContaining(join(dir, file)),
      })
    },
  )

  test('a folder with the manifest of another version is refused', async () => {
    const { dir } = await write()
    const copy = join(storeDir, 'versions', 'spam', '2')
    await mkdir(copy)
    for (const file of await readdir(dir)) {
      await writeFile(join(copy, file), await readFile(join(dir, file)))
    }
    await expect(openRef('spam@2')).rejects.toThrow(/holds the manifest of spam@1/)
  })
})

describe('champions', () => {
  const target = () => ({ storeDir, name: 'spam' })

  test('the champions before are remembered in order', async () => {
    for (let i = 0; i < 3; i++) await write()
    expect(await championOf(target())).toBeUndefined()
    for (const version of ['1', '3', '3', '2']) await setChampion({ ...target(), version })
    expect(await championOf(target())).toBe('2')
    expect((await partsInStore(target()))?.previous).toEqual(['1', '3'])
  })

  test('a damaged or absent version never becomes champion', async () => {
    await write()
    const { modelPath } = await write()
    await setChampion({ ...target(), version: '1' })
    await appendFile(modelPath, 'x')
    await expect(setChampion({ ...target(), version: '2' })).rejects.toMatchObject({
      code: 'model_corrupt',
    })
    await expect(setChampion({ ...target(), version: '5' })).rejects.toMatchObject({
      code: 'model_not_found',
    })
    expect(await championOf(target())).toBe('1')
  })

  test('remembers all concurrent promotions', async () => {
    for (let i = 0; i < 4; i++) await write()
    await Promise.all(['1', '2', '3', '4'].map((version) => setChampion({ ...target(), version })))
    const { champion, previous } = (await partsInStore(target()))!
    expect([champion, ...previous].sort()).toEqual(['1', '2', '3', '4'])
  })

  // Root may write everywhere; `npm run test:image` tries it on a read-only mount.
  test.skipIf(process.getuid?.() === 0)('a read-only store keeps the champion it has', async () => {
    for (let i = 0; i < 2; i++) await write()
    await setChampion({ ...target(), version: '1' })
    const dir = join(storeDir, 'versions', 'spam')
    await chmod(dir, 0o555)
    await adoptChampion({ ...target(), champion: '2', previous: ['1'] })
    expect(await championOf(target())).toBe('1')
    await chmod(dir, 0o755)
    await adoptChampion({ ...target(), champion: '2', previous: ['1'] })
    expect(await championOf(target())).toBe('2')
  })

  test('a name that leads out of the store is refused', async () => {
    const away = { storeDir, name: '../..', version: '1' }
    await expect(setChampion(away)).rejects.toMatchObject({ code: 'model_not_found' })
    await expect(championOf(away)).rejects.toMatchObject({ code: 'model_not_found' })
  })
})
