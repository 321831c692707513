import { afterEach, beforeEach, expect, it } from 'vitest'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { eraseRows } from './erase-rows.ts'

let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
})
afterEach(() => scripted.close())

const selection = { table: 'labels', where: 'offset = {at: UInt64}', parameters: { at: 7 } }
const erase = (msMax = 10_000) => eraseRows(scripted.analytics, selection, { msMax, pollMs: 1 })
const altered = () =>
  scripted
    .statements()
    .map(({ sql }) => sql)
    .filter((sql) => sql.startsWith('ALTER'))

it('changes nothing where there are no such rows', async () => {
  scripted.answer('count()', [{ rows: 0 }])
  expect(await erase()).toBe(0)
  expect(altered()).toEqual([])
})

it('waits for the mutation, then until the parts from before are removed', async () => {
  scripted.answer('count()', [{ rows: 3 }])
  let mutations = 3
  scripted.answer('system.mutations', () => (mutations-- > 0 ? [{ reason: '' }] : []))
  let looks = 0
  scripted.answer('system.parts', () => {
    looks++
    // A part that became inactive later holds no such row.
    return looks < 3 ? [{ name: 'all_1_1_0' }] : [{ name: 'all_1_1_0_9' }]
  })
  expect(await erase()).toBe(3)
  expect([mutations, looks]).toEqual([-1, 3])
  expect(altered()).toEqual([
    'ALTER TABLE labels MODIFY SETTING old_parts_lifetime = 1',
    'ALTER TABLE labels DELETE WHERE offset = {at: UInt64}',
    "ALTER TABLE labels DROP PARTITION ID 'winnow-none'",
    "ALTER TABLE labels DROP PARTITION ID 'winnow-none'",
    'ALTER TABLE labels RESET SETTING old_parts_lifetime',
  ])
})

it('says why the server cannot delete, and gives a setting of the table back', async () => {
  scripted.answer('count()', [{ rows: 1 }])
  scripted.answer('system.tables', [{ engine: 'MergeTree SETTINGS old_parts_lifetime = 900' }])
  scripted.answer('system.mutations', [{ reason: 'Not enough space' }])
  await expect(erase()).rejects.toMatchObject({
    code: 'analytics_refused',
    message: expect.stringContaining('Not enough space') as string,
  })
  expect(altered().at(-1)).toBe('ALTER TABLE labels MODIFY SETTING old_parts_lifetime = 900')
})

it('gives up at its deadline', async () => {
  scripted.answer('count()', [{ rows: 1 }])
  scripted.answer('system.parts', [{ name: 'all_1_1_0' }])
  await expect(erase(50)).rejects.toMatchObject({ code: 'deadline_exceeded' })
})
