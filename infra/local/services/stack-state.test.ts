import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { newStackSecrets } from './stack-secrets.ts'
import { connectionsOf, makeStateDir, readStackState, writeStackState } from './stack-state.ts'
import type { StackState } from './stack-state.ts'

const state: StackState = {
  version: 1,
  ports: { kafka: 1, kafkaController: 2, registry: 3, analytics: 4 },
  registry: 'embedded',
  secrets: newStackSecrets(),
}

let stateDir: string
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'winnow-state-'))
})
afterEach(() => rm(stateDir, { recursive: true }))

describe('stack state', () => {
  it('is stored in one file', async () => {
    expect(await readStackState(stateDir)).toBeUndefined()
    await writeStackState(stateDir, state)
    expect(await readStackState(stateDir)).toEqual(state)
    expect(await readdir(stateDir)).toEqual(['stack.json'])
  })

  it('has a registry unless it was started without one', async () => {
    const older = { ...state, registry: undefined }
    await writeFile(join(stateDir, 'stack.json'), JSON.stringify(older))
    const found = await readStackState(stateDir)
    expect(found?.registry).toBe('embedded')
    expect(connectionsOf(found!).registryUrl).toBe('http://127.0.0.1:3/apis/ccompat/v7')
    expect(connectionsOf({ ...state, registry: 'none' }).registryUrl).toBe('none')
  })

  it('is readable by its owner only, as is its folder', async () => {
    const folder = join(stateDir, 'shared')
    await mkdir(folder, { mode: 0o755 })
    await makeStateDir(folder)
    await writeStackState(folder, state)
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    expect((await stat(join(folder, 'stack.json'))).mode & 0o777).toBe(0o600)
  })

  it('gets secrets if a version without them wrote it', async () => {
    await writeFile(join(stateDir, 'stack.json'), JSON.stringify({ ...state, secrets: undefined }))
    const found = await readStackState(stateDir)
    expect(found?.secrets.analyticsPassword).toMatch(/^[\w-]{43}$/)
    expect(found?.secrets.analyticsPassword).not.toBe(state.secrets.analyticsPassword)
  })

  it.each(['', '{"version":2}', '{"version":1,"ports":{"kafka":0}}'])(
    'ignores %j',
    async (text) => {
      await writeFile(join(stateDir, 'stack.json'), text)
      expect(await readStackState(stateDir)).toBeUndefined()
    },
  )

  it('gives the addresses and credentials that clients need', () => {
    expect(connectionsOf(state)).toEqual({
      brokers: ['127.0.0.1:1'],
      registryUrl: 'http://127.0.0.1:3/apis/ccompat/v7',
      registryToken: state.secrets.registryToken,
      clickhouseUrl: 'http://127.0.0.1:4',
      clickhouseUsername: 'winnow',
      clickhousePassword: state.secrets.analyticsPassword,
    })
  })
})
