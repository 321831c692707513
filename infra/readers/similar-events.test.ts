// tests/integration/gateway-control.test.ts asks the engine.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { readSimilar } from './similar-events.ts'

let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
})
afterEach(() => scripted.close())

describe('readSimilar', () => {
  it('looks no further for an event without a result', async () => {
    expect(await readSimilar(scripted.analytics, 'a', 5)).toBeUndefined()
    expect(scripted.statements()).toHaveLength(1)
  })

  it("compares with the newest events of the event's model", async () => {
    scripted.answer('SELECT model', [{ model: 'mail' }])
    scripted.answer('ngramDistanceUTF8', [{ eventId: 'b', similarity: 0.5 }])
    expect(await readSimilar(scripted.analytics, 'a', 5)).toEqual([
      { eventId: 'b', similarity: 0.5 },
    ])
    expect(scripted.statements()[1]!.parameters).toEqual({
      ...{ eventId: 'a', model: 'mail', rowsMax: '5', eventsMax: '20000' },
    })
  })
})
