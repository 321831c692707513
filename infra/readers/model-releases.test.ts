// tests/integration/gateway-control.test.ts reads real rows.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { readReleases } from './model-releases.ts'

let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
})
afterEach(() => scripted.close())

describe('readReleases', () => {
  it('asks for the last releases of one model', async () => {
    const release = { atMs: 1, kind: 'promote', version: '2', by: 'ann', reason: 'better' }
    scripted.answer('FROM model_releases', [release])
    expect(await readReleases(scripted.analytics, { model: 'mail', limit: 5 })).toEqual([release])
    expect(scripted.statements()[0]).toMatchObject({ parameters: { model: 'mail', limit: '5' } })
  })
})
