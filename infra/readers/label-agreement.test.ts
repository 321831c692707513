// tests/integration/gateway-control.test.ts asks the engine about labels of two people.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { readAgreement } from './label-agreement.ts'

let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
})
afterEach(() => scripted.close())

describe('readAgreement', () => {
  it('reads people and pairs, both bounded', async () => {
    const people = [{ by: 'ann', labels: 2 }]
    const pair = {
      a: 'ann',
      b: 'ben',
      events: 1,
      agreeing: 1,
      labelsA: { x: 1 },
      labelsB: { x: 1 },
    }
    scripted.answer('AS labels', people)
    scripted.answer('AS agreeing', [pair])
    expect(await readAgreement(scripted.analytics)).toEqual({ people, pairs: [pair] })
    for (const { sql } of scripted.statements()) expect(sql).toMatch(/LIMIT \d+ SETTINGS/)
  })
})
