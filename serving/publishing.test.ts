// The steps of a publication on stores in memory, and what is left when one of them fails.
// tests/integration/publishing.test.ts goes through them with real servers.
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../configs/load.ts'
import { championOf } from '../models/store/champion.ts'
import { WinnowError } from '../schemas/errors.ts'
import type { FaultPoint } from '../schemas/ports/fault-point.ts'
import { registryInMemory } from '../tests/support/registry-in-memory.ts'
import {
  addressOf,
  findVersion,
  keepState,
  openObjects,
  placeVersion,
  publishModel,
  recordPublication,
  whoAsks,
} from './publishing.ts'

let storeDir: string
beforeEach(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-publishing-'))
})
afterEach(() => rm(storeDir, { recursive: true }))

const by = 'ann'

/** Leaves the record of the run that made the versions. */
async function keepRun(): Promise<void> {
  await mkdir(join(storeDir, 'runs', 'run-1'), { recursive: true })
  await writeFile(join(storeDir, 'runs', 'run-1', 'run.json'), JSON.stringify({ run: 'run-1' }))
}

describe('publishModel', () => {
  it('uploads, announces, keeps copies of the state, and records last', async () => {
    const points: FaultPoint[] = []
    const registry = registryInMemory(storeDir)
    const reach = (point: FaultPoint) => {
      points.push(point)
      return undefined
    }
    await keepRun()
    const version = await registry.write('graph')
    const published = await publishModel({ ...registry, reach }, { version, by })
    expect(published).toMatchObject({
      model: 'mail@1',
      url: 'memory://store/versions/mail/1/',
      forced: false,
    })
    expect(points).toEqual(['publish-claimed', 'publish-uploaded', 'publish-announced'])
    expect(registry.announcements.log).toMatchObject([
      { kind: 'promoted', champion: '1', by, reason: '' },
    ])
    expect([...registry.objects!.objects.keys()].sort()).toEqual([
      ...['claim.json', 'files.json', 'manifest.json', 'model.onnx', 'tokenizer.json'].map(
        (file) => `versions/mail/1/${file}`,
      ),
      'versions/mail/champion.json',
    ])
    expect(await championOf({ storeDir, name: 'mail' })).toBe('1')
    expect(registry.recorded).toMatchObject([
      { kind: 'publish', model: { name: 'mail', version: '1' }, by, reason: '' },
    ])
    expect(registry.runs).toEqual(['run-1'])
  })

  it('makes only the first version champion; later ones may be promoted', async () => {
    const registry = registryInMemory(storeDir)
    await publishModel(registry, { version: await registry.write('one'), by })
    await publishModel(registry, { version: await registry.write('two'), by })
    expect(registry.announcements.log.at(-1)).toMatchObject({
      kind: 'published',
      version: '2',
      champion: '1',
    })
    expect(await championOf({ storeDir, name: 'mail' })).toBe('1')
  })

  it('says that the gate was overruled, and why, to all who read it later', async () => {
    const registry = registryInMemory(storeDir)
    const version = await registry.write('graph', 0.25)
    expect(await publishModel(registry, { version, by, force: 'demo' })).toMatchObject({
      forced: true,
    })
    expect(registry.announcements.log).toMatchObject([{ reason: 'forced: demo' }])
    expect(registry.recorded).toMatchObject([{ kind: 'publish', reason: 'forced: demo' }])
  })

  it('uploads nothing that the gate refuses', async () => {
    const registry = registryInMemory(storeDir)
    const version = await registry.write('graph', 0.25)
    await expect(publishModel(registry, { version, by })).rejects.toMatchObject({
      code: 'publish_refused',
    })
    expect(registry.objects!.objects.size).toBe(0)
    expect(registry.announcements.log).toEqual([])
  })

  it('leaves nothing that anyone sees when it fails before the announcement, and can be repeated', async () => {
    const registry = registryInMemory(storeDir)
    const version = await registry.write('graph')
    registry.announcements.failures.push(new WinnowError('broker_unavailable', 'away'))
    await expect(publishModel(registry, { version, by })).rejects.toThrow('away')
    expect(registry.recorded).toEqual([])
    expect(await championOf({ storeDir, name: 'mail' })).toBeUndefined()
    expect(await publishModel(registry, { version, by })).toMatchObject({ model: 'mail@1' })
    expect(registry.announcements.log).toHaveLength(1)
  })

  it('takes the next number where somebody else has this one', async () => {
    const registry = registryInMemory(storeDir)
    registry.objects!.objects.set('versions/mail/1/claim.json', Buffer.from('{"by":"bob"}\n'))
    const version = await registry.write('graph')
    expect(await publishModel(registry, { version, by })).toMatchObject({ model: 'mail@2' })
    expect(registry.recorded).toMatchObject([{ model: { version: '2' } }])
  })

  it('announces where a version lies when there is no artifact store', async () => {
    const registry = registryInMemory(storeDir, { store: 'local' })
    const version = await registry.write('graph')
    const { url } = await publishModel(registry, { version, by })
    expect(url).toBe(`file://${version.dir}/`)
    expect(url).toBe(addressOf(registry, version))
  })
})

describe('placeVersion', () => {
  it('says whether the artifact store had the version', async () => {
    const registry = registryInMemory(storeDir)
    const version = await registry.write('graph')
    const first = await placeVersion(registry, { version, by })
    expect(first).toMatchObject({ isNew: true, released: { version: '1' } })
    expect(await placeVersion(registry, { version, by })).toEqual({ ...first, isNew: false })
    const local = registryInMemory(storeDir, { store: 'local' })
    expect(await placeVersion(local, { version, by })).toMatchObject({ isNew: false })
  })
})

describe('keepState', () => {
  it('fetches a champion that is not in this store, so that it can be opened here', async () => {
    const there = await mkdtemp(join(tmpdir(), 'winnow-there-'))
    const far = registryInMemory(there)
    await publishModel(far, { version: await far.write('graph'), by })
    const [state] = far.announcements.log
    const near = { ...registryInMemory(storeDir), objects: far.objects }
    await keepState(near, state!)
    expect(await championOf({ storeDir, name: 'mail' })).toBe('1')
    const graph = await readFile(join(storeDir, 'versions', 'mail', '1', 'model.onnx'), 'utf8')
    expect(graph).toBe('graph')
    await rm(there, { recursive: true })
  })
})

describe('recordPublication', () => {
  it('records no run whose record is not in this store', async () => {
    const registry = registryInMemory(storeDir)
    const version = await registry.write('graph')
    await recordPublication(registry, { version, by, reason: 'r' })
    expect(registry.recorded).toMatchObject([{ kind: 'publish', reason: 'r' }])
    expect(registry.runs).toEqual([])
  })
})

describe('openObjects and findVersion', () => {
  const configWith = (...set: string[]) => loadConfig({ env: {}, set })

  it('open the folder that the configuration names, or none', async () => {
    expect(await openObjects(configWith('store.kind=local').store)).toBeUndefined()
    const path = join(storeDir, 'objects')
    const { store } = configWith('store.kind=folder', `store.path=${path}`)
    const objects = await openObjects(store)
    expect(objects!.url).toBe(`file://${path}/`)
    await expect(openObjects({ ...store, path: undefined })).rejects.toMatchObject({
      code: 'config_invalid',
    })
  })

  it('find a version here, or fetch it from the artifact store', async () => {
    const lines: string[] = []
    const log = (line: string) => lines.push(line)
    const path = join(storeDir, 'objects')
    const config = configWith('store.kind=folder', `store.path=${path}`)
    const objects = (await openObjects(config.store))!
    const elsewhere = join(storeDir, 'elsewhere')
    const registry = registryInMemory(elsewhere)
    await placeVersion({ ...registry, objects }, { version: await registry.write('graph'), by })
    const ref = 'mail@1'
    const here = join(storeDir, 'here')
    const local = { ref, config: configWith('store.kind=local'), storeDir: here, log }
    await expect(findVersion(local)).rejects.toMatchObject({ code: 'model_not_found' })
    expect(await findVersion({ ref, config, storeDir: here, log })).toMatchObject({ ref })
    expect(await findVersion(local)).toMatchObject({ ref })
  })
})

describe('whoAsks', () => {
  it('names the user and the host', () => {
    expect(whoAsks()).toMatch(/^.+@.+$/)
    expect(whoAsks()).toContain(hostname())
  })
})
