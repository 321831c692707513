import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { connectionsOf, readStackState, writeStackState } from './stack-state.ts'
import type { StackState } from './stack-state.ts'

const state: StackState = {
  version: 1,
  ports: { kafka: 1, kafkaController: 2, registry: 3, analytics: 4 },
}

let stateDir: string
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'winnow-state-'))
})
afterEach(() => rm(stateDir, { recursive: true }))

describe('stack state', () => {
  it('is remembered, in one file', async () => {
    expect(await readStackState(stateDir)).toBeUndefined()
    await writeStackState(stateDir, state)
    expect(await readStackState(stateDir)).toEqual(state)
    expect(await readdir(stateDir)).toEqual(['stack.json'])
  })

  it.each(['', '{"version":2}', '{"version":1,"ports":{"kafka":0}}'])(
    'ignores %j',
    async (text) => {
      await writeFile(join(stateDir, 'stack.json'), text)
      expect(await readStackState(stateDir)).toBeUndefined()
    },
  )

  it('gives the addresses that clients take', () => {
    expect(connectionsOf(state)).toEqual({
      brokers: ['127.0.0.1:1'],
      registryUrl: 'http://127.0.0.1:3/apis/ccompat/v7',
      clickhouseUrl: 'http://127.0.0.1:4',
    })
  })
})
