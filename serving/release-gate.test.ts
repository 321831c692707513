// The gate on versions whose figures are made up. That a version is measured against the champion
// on texts is tested with real models in tests/integration/publishing.test.ts.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keepVerdict, readVerdict } from '../models/store/gate-verdict.ts'
import { describeRelease, promoted } from '../models/store/release-state.ts'
import { versionUrl } from '../models/store/remote-versions.ts'
import type { ModelVersion } from '../models/store/version-files.ts'
import { claimNumber, uploadVersion } from '../models/store/version-upload.ts'
import { registryInMemory } from '../tests/support/registry-in-memory.ts'
import { passGate, passGateOnce } from './release-gate.ts'

let storeDir: string
beforeEach(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-gate-'))
})
afterEach(() => rm(storeDir, { recursive: true }))

const by = 'ann'
const named = { by, what: 'promoted' } as const

/** The state after this version was promoted. */
async function promotedState(version: ModelVersion) {
  const released = await describeRelease(version, 'memory://')
  return promoted(undefined, { name: version.name, released, by, reason: '', atMs: 5 })
}

describe('passGate', () => {
  it('lets a version through that is good enough, and keeps that with it', async () => {
    const registry = registryInMemory(storeDir)
    const version = await registry.write('graph')
    const passed = await passGate(registry, { version, state: undefined, ...named })
    expect(passed.forced).toBe(false)
    expect(passed.verdicts.map((verdict) => verdict.passed)).toEqual([true, true, true])
    expect(await readVerdict(version.dir)).toMatchObject({
      passed: true,
      because: expect.stringContaining('there is no champion yet') as string,
    })
    expect(registry.recorded).toEqual([])
  })

  it('refuses one that is not, says which rule failed, and records and keeps that', async () => {
    const registry = registryInMemory(storeDir)
    const version = await registry.write('graph', 0.25)
    const because = 'accuracy 0.2500; at least 0.5 is required'
    await expect(passGate(registry, { version, state: undefined, ...named })).rejects.toMatchObject(
      {
        code: 'publish_refused',
        message: `mail@1 is not promoted: ${because}.`,
      },
    )
    expect(await readVerdict(version.dir)).toEqual({ passed: false, because })
    expect(registry.recorded).toEqual([
      { kind: 'refusal', model: version, by, reason: `gate: ${because}` },
    ])
  })

  it('can be overruled with a reason, which is kept', async () => {
    const registry = registryInMemory(storeDir)
    const bad = await registry.write('graph', 0.25)
    const request = { state: undefined, force: 'demo', ...named }
    expect((await passGate(registry, { version: bad, ...request })).forced).toBe(true)
    expect(await readVerdict(bad.dir)).toEqual({ passed: true, because: 'forced: demo' })
    const good = await registry.write('another')
    expect((await passGate(registry, { version: good, ...request })).forced).toBe(false)
  })

  it.each([
    ['when-possible', true],
    ['required', false],
  ] as const)(
    'without texts to compare on, where comparing is %s: %s',
    async (comparison, passes) => {
      const registry = registryInMemory(storeDir, { publish: { comparison } })
      const state = await promotedState(await registry.write('champion'))
      const version = await registry.write('another')
      const passed = passGate(registry, { version, state, ...named })
      if (passes) await expect(passed).resolves.toMatchObject({ forced: false })
      else await expect(passed).rejects.toThrow('there are no test texts to compare with')
    },
  )

  it('does not compare the champion with itself, nor take another of its number for it', async () => {
    const registry = registryInMemory(storeDir, { publish: { comparison: 'required' } })
    const version = await registry.write('champion')
    const state = await promotedState(version)
    await passGate(registry, { version, state, ...named })
    expect((await readVerdict(version.dir))!.because).toContain('it is the champion')
    const [released] = state.versions
    const other = { ...state, versions: [{ ...released!, manifestSha256: '0'.repeat(64) }] }
    await expect(passGate(registry, { version, state: other, ...named })).rejects.toThrow(
      'the champion mail@1 is another version',
    )
  })
})

describe('passGateOnce', () => {
  it('does not judge again what it let through before', async () => {
    const registry = registryInMemory(storeDir)
    const version = await registry.write('graph', 0.25)
    await keepVerdict(version.dir, { passed: true, because: 'then' })
    expect(await passGateOnce(registry, { version, ...named })).toEqual({ forced: false })
    expect((await readVerdict(version.dir))!.because).toBe('then')
  })

  it('meets what it refused before with the same refusal, and says what helps', async () => {
    const registry = registryInMemory(storeDir)
    const version = await registry.write('graph', 0.25)
    await keepVerdict(version.dir, { passed: false, because: 'too bad' })
    await expect(passGateOnce(registry, { version, ...named })).rejects.toMatchObject({
      code: 'publish_refused',
      message: expect.stringContaining('(too bad)') as string,
      details: { because: 'too bad' },
    })
    expect(registry.recorded).toMatchObject([{ kind: 'refusal', reason: 'gate: too bad' }])
    expect(await passGateOnce(registry, { version, ...named, force: 'demo' })).toMatchObject({
      forced: true,
    })
  })

  it('takes what the state announces as published for let through, whatever its figures', async () => {
    const registry = registryInMemory(storeDir)
    const version = await registry.write('graph', 0.25)
    registry.announcements.log.push(await promotedState(version))
    expect(await passGateOnce(registry, { version, ...named })).toEqual({ forced: false })
    expect(await readVerdict(version.dir)).toBeUndefined()
  })

  it('takes what lies whole in the artifact store for let through, and nothing else there', async () => {
    const registry = registryInMemory(storeDir)
    const objects = registry.objects!
    const version = await registry.write('graph', 0.25)
    await claimNumber({ objects, storeDir, version, by })
    await expect(passGateOnce(registry, { version, ...named })).rejects.toMatchObject({
      code: 'publish_refused',
    })
    await rm(join(version.dir, '.gate.json'))
    await uploadVersion({ objects, version })
    expect(versionUrl(objects, version)).toBe('memory://store/versions/mail/1/')
    expect(await passGateOnce(registry, { version, ...named })).toEqual({ forced: false })
  })
})
