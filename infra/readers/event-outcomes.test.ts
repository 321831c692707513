// What is asked about events. tests/contract/event-outcomes.test.ts holds the reader to the engine.
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { EventOutcomes } from '../../schemas/ports/event-outcomes.ts'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { createEventOutcomes } from './event-outcomes.ts'

let scripted: ScriptedEngine
let outcomes: EventOutcomes
beforeEach(async () => {
  scripted = await openScriptedEngine()
  outcomes = createEventOutcomes(scripted.analytics)
})
afterEach(() => scripted.close())

it('asks once for the newest result of all events, and for none of a shadow', async () => {
  expect(await outcomes.newestResults(['a', "b'"])).toEqual([])
  const [asked, ...more] = scripted.statements()
  expect(more).toEqual([])
  expect(asked!.parameters).toMatchObject({ ids: `['a','b\\'']`, rowsMax: '2' })
  expect(asked!.sql).toContain('LIMIT 1 BY event_id')
  expect(asked!.sql).toContain(`role != 'shadow'`)
})

it('asks for dead letters since a time only', async () => {
  scripted.answer('FROM dead_letters', [{ id: 'a', code: 'text_empty', message: 'm' }])
  const found = await outcomes.deadLetters(['a'], 5)
  expect(found).toEqual([{ id: 'a', code: 'text_empty', message: 'm' }])
  expect(scripted.statements().at(-1)!.parameters).toMatchObject({ sinceMs: '5' })
})
