import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { checkEngine, checkMemory, checkNode, runDoctor } from './machine-checks.ts'
import { choosePort } from './services/free-ports.ts'
import { javaMajor } from './services/prerequisites.ts'

const gib = 2 ** 30

describe('single checks', () => {
  it.each([
    ['20.19.0', 'fail'],
    ['22.20.0', 'fail'],
    ['22.21.0', 'ok'],
    ['24.1.0', 'ok'],
  ])('Node.js %s: %s', (version, state) => {
    expect(checkNode(version).state).toBe(state)
  })

  it.each([
    [8, 4, 'ok'],
    [8, 0.2, 'warn'],
    [1, 0.9, 'fail'],
  ])('%d GiB with %d free: %s', (total, free, state) => {
    const check = checkMemory({ totalBytes: total * gib, freeBytes: free * gib })
    expect(check.state).toBe(state)
    expect(check.fix === undefined).toBe(state === 'ok')
  })

  it.each([
    ['darwin-arm64', /Install @chdb\/lib-darwin-arm64 as docs\/supply-chain.md says/],
    ['win32-x64', /Use another platform, or set clickhouse.url to a ClickHouse server/],
  ])('reports no engine on %s, for which npm installs no library', (platform, fix) => {
    expect(checkEngine(platform)).toMatchObject({
      state: 'warn',
      detail: `chdb has no library here for ${platform}`,
      fix: expect.stringMatching(fix) as string,
    })
  })

  it.skipIf(process.platform !== 'linux' || process.arch !== 'x64')(
    'finds the engine on linux-x64',
    () => {
      expect(checkEngine('linux-x64').state).toBe('ok')
    },
  )

  it.each([
    ['17.0.15', 17],
    ['1.8.0_392', 8],
    ['21', 21],
    ['22-ea', 22],
  ])('Java %s is %i', (version, major) => {
    expect(javaMajor(version)).toBe(major)
  })
})

describe('runDoctor', () => {
  it('says how to fix every finding, including extra and broken checks', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'winnow-doctor-'))
    const extra = { name: 'model', state: 'fail', detail: 'none', fix: 'Train one.' } as const
    const checks = await runDoctor({
      stateDir: dir,
      cacheDir: join('/dev/null', 'no'),
      modelStoreDir: join('/dev/null', 'store'),
      ports: {},
      extraChecks: [() => Promise.resolve(extra), () => Promise.reject(new Error('broke'))],
    })
    await rm(dir, { recursive: true })
    expect(checks.find((check) => check.name === 'state folder')?.state).toBe('ok')
    expect(checks.find((check) => check.name === 'cache folder')?.state).toBe('fail')
    expect(checks.find((check) => check.name === 'model store')).toMatchObject({
      state: 'fail',
      detail: '/dev/null/store cannot be written',
    })
    expect(checks).toContainEqual(extra)
    expect(checks.at(-1)).toMatchObject({ state: 'fail', detail: 'broke' })
    for (const check of checks) expect(check.fix === undefined).toBe(check.state === 'ok')
  })

  it('leaves out what only the embedded stack needs where that is not to run', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'winnow-doctor-'))
    const folders = { stateDir: dir, cacheDir: dir, modelStoreDir: dir }
    const names = (await runDoctor({ ...folders, ports: undefined })).map(({ name }) => name)
    await rm(dir, { recursive: true })
    expect(names).toContain('Node.js')
    expect(names.filter((name) => /Java|Maven|engine|port/.test(name))).toEqual([])
  })

  it('checks only the ports that it is given', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'winnow-doctor-'))
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const free = await choosePort([])
    const checks = await runDoctor({
      stateDir: dir,
      cacheDir: dir,
      modelStoreDir: dir,
      ports: { kafka: port, registry: free, analytics: 0 },
    })
    server.close()
    await rm(dir, { recursive: true })
    const ports = checks.filter(({ name }) => name.startsWith('port '))
    expect(ports.map(({ name, state }) => [name, state])).toEqual([
      [`port ${port} (kafka)`, 'warn'],
      [`port ${free} (registry)`, 'ok'],
      ['port 0 (analytics)', 'ok'],
    ])
    expect(ports[0]!.detail).toMatch(/^taken by /)
  })
})
