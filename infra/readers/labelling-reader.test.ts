import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { createLabellingReader } from './labelling-reader.ts'

let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
})
afterEach(() => scripted.close())

describe('createLabellingReader', () => {
  it('passes a failure of ClickHouse on', async () => {
    scripted.engine.select = (response) => {
      response.writeHead(503).end()
    }
    const reader = createLabellingReader(scripted.analytics)
    const filter = { model: 'mail', exclude: [], limit: 1, scoreMin: 0.5 }
    for (const call of [
      reader.candidates('uncertain', filter),
      reader.similar('a', 1),
      reader.agreement(),
      reader.suspicious(filter),
    ]) {
      await expect(call).rejects.toMatchObject({ code: 'analytics_unavailable' })
    }
  })
})
