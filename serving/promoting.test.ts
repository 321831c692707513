// Promotions, parts beside the champion and rollbacks on stores in memory.
// tests/integration/promotion.test.ts does them on real servers.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { championOf, rolesInStore } from '../models/store/champion.ts'
import { WinnowError } from '../schemas/errors.ts'
import { registryInMemory, type RegistryInMemory } from '../tests/support/registry-in-memory.ts'
import { promoteModel, rollBackModel, rollBackPromotion, sideModel } from './promoting.ts'

let storeDir: string
let registry: RegistryInMemory
beforeEach(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-promoting-'))
  registry = registryInMemory(storeDir)
})
afterEach(() => rm(storeDir, { recursive: true }))

const by = 'ann'
const promote = (ref: string, fields: object = {}) =>
  promoteModel(registry, { ref, by, reason: '', ...fields })
const side = (ref: string, percent: number, fields: object = {}) =>
  sideModel(registry, { ref, role: 'challenger', percent, by, reason: '', ...fields })
const kinds = () => registry.recorded.map(({ kind }) => kind)
const champion = () => championOf({ storeDir, name: 'mail' })

describe('promoteModel', () => {
  it('uploads a version that the artifact store lacks, and makes it the champion everywhere', async () => {
    await registry.write('one')
    const change = await promote('mail@1', { reason: 'better' })
    expect(change).toMatchObject({
      before: undefined,
      state: { champion: '1', reason: 'better', by },
      uploadedTo: 'memory://store/versions/mail/1/',
    })
    expect(await champion()).toBe('1')
    expect(kinds()).toEqual(['publish', 'promote'])
    expect(registry.objects!.objects.has('versions/mail/champion.json')).toBe(true)
  })

  it('tells the state before, and uploads nothing twice', async () => {
    await registry.write('one')
    await registry.write('two')
    await promote('mail@1')
    await promote('mail@2')
    const again = await promote('mail@1')
    expect(again.before).toMatchObject({ champion: '2', previous: ['1'] })
    expect(again.uploadedTo).toBeUndefined()
    expect(kinds()).toEqual(['publish', 'promote', 'publish', 'promote', 'promote'])
  })

  it('refuses what the gate refuses, and changes nothing', async () => {
    await registry.write('one', 0.25)
    await expect(promote('mail@1')).rejects.toMatchObject({ code: 'publish_refused' })
    expect(registry.announcements.log).toEqual([])
    expect(registry.objects!.objects.size).toBe(0)
    expect(kinds()).toEqual(['refusal'])
  })

  it.each([
    ['', 'forced: demo'],
    ['now', 'forced: demo; now'],
  ])('puts why the gate was overruled in front of the reason "%s"', async (reason, recorded) => {
    await registry.write('one', 0.25)
    const { state } = await promote('mail@1', { reason, force: 'demo' })
    expect(state.reason).toBe(recorded)
    expect(registry.recorded.map((one) => one.reason)).toEqual([recorded, recorded])
  })

  it('says nothing of force where the gate had nothing against it', async () => {
    await registry.write('one')
    expect((await promote('mail@1', { force: 'demo' })).state.reason).toBe('')
  })

  it('has recorded no promotion that was not announced', async () => {
    await registry.write('one')
    registry.announcements.failures.push(new WinnowError('broker_unavailable', 'away'))
    await expect(promote('mail@1')).rejects.toThrow('away')
    expect(kinds()).toEqual(['publish'])
    expect(await champion()).toBeUndefined()
  })
})

describe('sideModel', () => {
  beforeEach(async () => {
    await registry.write('one')
    await promote('mail@1')
    registry.recorded.splice(0)
  })

  it('gives a version a share beside the champion, until it ends', async () => {
    await registry.write('two')
    const { state } = await side('mail@2', 20, { reason: 'try' })
    expect(state).toMatchObject({ champion: '1', challenger: { version: '2', percent: 20 } })
    expect(await rolesInStore({ storeDir, name: 'mail' })).toMatchObject({
      champion: '1',
      challenger: { version: '2', percent: 20 },
    })
    const ended = await side('mail@2', 0)
    expect(ended).toMatchObject({ state: { challenger: null }, uploadedTo: undefined })
    expect(registry.recorded.map(({ kind, reason }) => [kind, reason])).toEqual([
      ['publish', 'try'],
      ['challenge', '20 % of the events: try'],
      ['challenge', 'ended'],
    ])
  })

  it('asks the gate about a challenger, which answers, and not about a shadow', async () => {
    await registry.write('two', 0.25)
    await expect(side('mail@2', 20)).rejects.toMatchObject({ code: 'publish_refused' })
    const { state } = await side('mail@2', 100, { role: 'shadow' })
    expect(state.shadow).toEqual({ version: '2', percent: 100 })
    expect(kinds()).toEqual(['refusal', 'publish', 'shadow'])
  })

  it('refuses the champion, and to end what is no part', async () => {
    await expect(side('mail@1', 20)).rejects.toMatchObject({ code: 'role_refused' })
    await registry.write('two')
    await expect(side('mail@2', 0)).rejects.toMatchObject({ code: 'role_refused' })
    expect(registry.announcements.log).toHaveLength(1)
  })
})

describe('rollBackModel', () => {
  const rollBack = (name = 'mail') => rollBackModel(registry, { name, by, reason: 'worse' })

  it('makes the champion before champion again, everywhere', async () => {
    await registry.write('one')
    await registry.write('two')
    await promote('mail@1')
    await promote('mail@2')
    expect(await rollBack()).toMatchObject({ champion: '1', promotedAtMs: null, reason: 'worse' })
    expect(await champion()).toBe('1')
    expect(registry.recorded.at(-1)).toEqual({
      kind: 'rollback',
      model: { name: 'mail', version: '1' },
      by,
      reason: 'worse',
    })
    await expect(rollBack()).rejects.toMatchObject({
      code: 'model_not_found',
      message: 'mail has no earlier champion to roll back to.',
    })
  })

  it('goes past a version that is nowhere any more, where there is no artifact store', async () => {
    registry = registryInMemory(storeDir, { store: 'local' })
    for (const graph of ['one', 'two', 'three']) await registry.write(graph)
    for (const version of ['1', '2', '3']) await promote(`mail@${version}`)
    await rm(join(storeDir, 'versions', 'mail', '2'), { recursive: true })
    expect(await rollBack()).toMatchObject({ champion: '1' })
  })

  it('says of a name that was never published what to do instead', async () => {
    await expect(rollBack()).rejects.toThrow('No model was published yet')
    await registry.write('one')
    await expect(rollBack()).rejects.toThrow('winnow models push mail')
    await promote('mail@1')
    await expect(rollBack('male')).rejects.toMatchObject({
      code: 'model_not_found',
      message: expect.stringContaining('mail') as string,
      details: { name: 'male', known: ['mail'] },
    })
  })
})

describe('rollBackPromotion', () => {
  it('lets one of many that try at once do it', async () => {
    await registry.write('one')
    await registry.write('two')
    await promote('mail@1')
    const { state } = await promote('mail@2')
    const promotion = {
      name: 'mail',
      version: '2',
      before: '1',
      promotedAtMs: state.promotedAtMs!,
    }
    const guard = { promotion, by: 'guard', reason: 'guard errors' }
    const done = await Promise.all([1, 2, 3].map(() => rollBackPromotion(registry, guard)))
    expect(done.toSorted()).toEqual([false, false, true])
    expect(kinds().filter((kind) => kind === 'rollback')).toHaveLength(1)
    expect(await champion()).toBe('1')
  })

  it('leaves a later promotion alone, also of the same version, and throws what fails', async () => {
    await registry.write('one')
    await registry.write('two')
    await promote('mail@1')
    const { state } = await promote('mail@2')
    const promotion = { name: 'mail', version: '2', before: '1', promotedAtMs: 5 }
    const guard = { by: 'guard', reason: '' }
    expect(await rollBackPromotion(registry, { promotion, ...guard })).toBe(false)
    registry.announcements.failures.push(new WinnowError('broker_unavailable', 'away'))
    const current = { ...promotion, promotedAtMs: state.promotedAtMs! }
    await expect(rollBackPromotion(registry, { promotion: current, ...guard })).rejects.toThrow(
      'away',
    )
    expect(await champion()).toBe('2')
  })
})
