// tests/integration/gateway-control.test.ts asks the engine about labels that a model contradicts.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { readSuspicious } from './suspicious-labels.ts'

let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
})
afterEach(() => scripted.close())

describe('readSuspicious', () => {
  it('asks about one model, or one version of it', async () => {
    const filter = { model: 'mail', scoreMin: 0.8, limit: 5 }
    await readSuspicious(scripted.analytics, filter)
    await readSuspicious(scripted.analytics, { ...filter, version: '2' })
    const [all, one] = scripted.statements()
    expect(all!.sql).not.toContain('{version: String}')
    expect(one!.sql).toContain('version = {version: String}')
    expect(one!.parameters).toMatchObject({ version: '2', scoreMin: '0.8', rowsMax: '5' })
  })
})
