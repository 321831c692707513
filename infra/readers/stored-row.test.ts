// What is asked. tests/e2e/gateway.test.ts explains a row that the stream stored.
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { readRowsAt } from './stored-row.ts'

let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
})
afterEach(() => scripted.close())

it('asks for the rows of one event, the champion first, with all digits of the offset', async () => {
  const row = {
    eventId: 'a',
    text: 'b',
    label: 'c',
    score: 1,
    model: 'm',
    version: '1',
    role: 'champion',
  }
  scripted.answer('FROM classifications', [row])
  const place = { topic: 't', partition: 3, offset: 9_007_199_254_740_993n }
  expect(await readRowsAt(scripted.analytics, place)).toEqual([row])
  const [{ sql, parameters }] = scripted.statements() as [{ sql: string; parameters: object }]
  expect(sql).toContain('ORDER BY role')
  expect(parameters).toEqual({ topic: 't', partition: '3', offset: '9007199254740993' })
})

it('has no row for an event that was not stored', async () => {
  expect(await readRowsAt(scripted.analytics, { topic: 't', partition: 0, offset: 0 })).toEqual([])
})
