// The registry for the gateway on stores in memory. tests/integration/gateway-control.test.ts does
// the same on real servers.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ModelControl } from '../../gateway/models/model-control.ts'
import { registryInMemory, type RegistryInMemory } from '../../tests/support/registry-in-memory.ts'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { createModelRegistry } from './model-registry.ts'

let storeDir: string
let registry: RegistryInMemory
let scripted: ScriptedEngine
let models: ModelControl
let serving: string | undefined
beforeEach(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-control-'))
  registry = registryInMemory(storeDir, { store: 'local' })
  scripted = await openScriptedEngine()
  const { analytics } = scripted
  serving = undefined
  models = createModelRegistry({
    registry,
    analytics,
    serving: () => serving,
    slots: (read) => read(),
    states: () => registry.announcements.states(),
  })
  await registry.write('one')
  await registry.write('two')
})
afterEach(async () => {
  await scripted.close()
  await rm(storeDir, { recursive: true })
})

const { signal } = new AbortController()
const cause = { name: 'mail', by: 'ann', reason: 'why', signal }
const rolesOf = async (version: string) =>
  (await models.list()).find((one) => one.version === version)!.roles

describe('createModelRegistry', () => {
  it('lists what a change has made at once, and tells the state before', async () => {
    expect(await rolesOf('1')).toEqual([])
    const first = await models.promote({ ...cause, version: '1' })
    expect([first.before, first.state.champion]).toEqual([undefined, '1'])
    expect(await rolesOf('1')).toEqual([{ kind: 'champion' }])
    const second = await models.promote({ ...cause, version: '2', force: 'a test' })
    expect(second.before?.champion).toBe('1')
    const back = await models.rollBack(cause)
    expect([back.before?.champion, back.state.champion]).toEqual(['2', '1'])
    const shadow = await models.side({ ...cause, version: '2', role: 'shadow', percent: 5 })
    expect(shadow.state.shadow).toEqual({ version: '2', percent: 5 })
    expect(await rolesOf('2')).toEqual([{ kind: 'shadow', percent: 5 }])
  })

  it('refuses a second change while one runs', async () => {
    const first = models.promote({ ...cause, version: '1' })
    await expect(models.rollBack(cause)).rejects.toMatchObject({ code: 'queue_full' })
    await first
    await expect(models.rollBack(cause)).rejects.toMatchObject({ code: 'model_not_found' })
  })

  it('refuses what is no version, a role that is impossible, and what fails the gate', async () => {
    await models.promote({ ...cause, version: '1' })
    const side = { ...cause, role: 'challenger', percent: 5 } as const
    await expect(models.side({ ...side, version: '1' })).rejects.toMatchObject({
      code: 'role_refused',
    })
    for (const version of ['9', '../1', 'champion2', '01']) {
      await expect(models.promote({ ...cause, version })).rejects.toMatchObject({
        code: 'model_not_found',
      })
      await expect(models.report('mail', version)).rejects.toMatchObject({
        code: 'model_not_found',
      })
    }
    for (const name of ['nowhere', '..', '../mail', 'a/b']) {
      await expect(models.report(name, '1')).rejects.toMatchObject({ code: 'model_not_found' })
      await expect(models.rollBack({ ...cause, name })).rejects.toMatchObject({
        code: 'model_not_found',
      })
    }
    await registry.write('bad', 0.1)
    const refused = models.promote({ ...cause, version: '3' })
    await expect(refused).rejects.toMatchObject({
      code: 'publish_refused',
      message: expect.stringMatching(/^mail@3 is not promoted: accuracy 0.1000/) as string,
    })
  })

  it('describes the labels of the asked model, by default of the serving one', async () => {
    await expect(models.describe(undefined)).rejects.toMatchObject({ code: 'parameter_invalid' })
    await expect(models.describe('nowhere')).rejects.toMatchObject({ code: 'model_not_found' })
    await expect(models.describe('mail@7')).rejects.toMatchObject({ code: 'model_not_found' })
    serving = 'mail@2'
    const described = await models.describe(undefined)
    expect(described).toMatchObject({ name: 'mail', version: undefined, thresholds: undefined })
    expect(described.labels.length).toBeGreaterThan(1)
    expect(await models.describe('mail@1')).toMatchObject({ name: 'mail', version: '1' })
  })

  it('compares versions that it can name, and reads releases', async () => {
    const compare = (a: string, b: string) => models.compare('mail', { a, b })
    await expect(compare('1', '1')).rejects.toMatchObject({ code: 'parameter_invalid' })
    await expect(compare('champion', '1')).rejects.toMatchObject({ code: 'model_not_found' })
    await models.promote({ ...cause, version: '2' })
    scripted.answer('version_disagreement', [{ events: 4, agreement: 0.75 }])
    expect(await compare('champion', '1')).toMatchObject({ a: 'mail@2', b: 'mail@1', events: 4 })
    expect(await models.releases('mail', 5)).toEqual([])
    await expect(models.releases('nowhere', 5)).rejects.toMatchObject({ code: 'model_not_found' })
  })

  it('knows models that are announced and have no version in this store', async () => {
    await models.promote({ ...cause, version: '1' })
    const [state] = [...(await registry.announcements.states()).values()]
    await registry.announcements.announce('far', () => ({ ...state!, name: 'far', champion: '7' }))
    const compared = await models.compare('far', { a: 'champion', b: '6' })
    expect([compared.a, compared.b]).toEqual(['far@7', 'far@6'])
    expect(await models.releases('far', 5)).toEqual([])
    await expect(models.rollBack({ ...cause, name: 'far' })).rejects.toMatchObject({
      message: expect.stringContaining('no earlier champion') as string,
    })
  })

  it('gives the report in the folder of a version', async () => {
    expect(await models.report('mail', '1')).toBeUndefined()
    await writeFile(join(storeDir, 'versions', 'mail', '1', 'report.html'), 'page')
    expect(Buffer.from((await models.report('mail', '1'))!).toString()).toBe('page')
    expect((await models.list()).map(({ hasReport }) => hasReport)).toEqual([true, false])
  })
})
